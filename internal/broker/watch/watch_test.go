package watch

import (
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

// BenchmarkOffer is what a watch adds to a message.
func BenchmarkOffer(b *testing.B) {
	w := New(64, 1<<20, nil)
	m := &msg.Message{Topic: []byte("plant/hall-7/press-1/state"), Payload: make([]byte, 64), Publisher: []byte("press-1")}
	b.ReportAllocs()
	for b.Loop() {
		if !w.Offer(m) {
			b.Fatal("no room")
		}
		<-w.C()
	}
}

// Copies lie together in memory, and yet are each the reader's own.
func TestCopiesOfAWatchDoNotTouch(t *testing.T) {
	w := New(4, 1<<20, nil)
	for _, topic := range []string{"a", "b"} {
		w.Offer(&msg.Message{Topic: []byte(topic), Payload: []byte("1")})
	}
	a, b := <-w.C(), <-w.C()
	a.Payload = append(a.Payload, "22"...)
	if string(a.Topic) != "a" || string(a.Payload) != "122" || string(b.Topic) != "b" || string(b.Payload) != "1" {
		t.Errorf("%s %s, %s %s", a.Topic, a.Payload, b.Topic, b.Payload)
	}
}
