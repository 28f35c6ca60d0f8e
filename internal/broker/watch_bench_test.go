package broker

import (
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

// BenchmarkOffer is what a watch adds to a message.
func BenchmarkOffer(b *testing.B) {
	w := &Watch{limit: 1 << 20, ch: make(chan msg.Message, 64)}
	m := &msg.Message{Topic: []byte("plant/hall-7/press-1/state"), Payload: make([]byte, 64), Publisher: []byte("press-1")}
	b.ReportAllocs()
	for b.Loop() {
		if !w.offer(m) {
			b.Fatal("no room")
		}
		<-w.ch
	}
}

// Copies lie together in memory, and yet are each the reader's own.
func TestCopiesOfAWatchDoNotTouch(t *testing.T) {
	w := &Watch{limit: 1 << 20, ch: make(chan msg.Message, 4)}
	for _, topic := range []string{"a", "b"} {
		w.offer(&msg.Message{Topic: []byte(topic), Payload: []byte("1")})
	}
	a, b := <-w.ch, <-w.ch
	a.Payload = append(a.Payload, "22"...)
	if string(a.Topic) != "a" || string(a.Payload) != "122" || string(b.Topic) != "b" || string(b.Payload) != "1" {
		t.Errorf("%s %s, %s %s", a.Topic, a.Payload, b.Topic, b.Payload)
	}
}
