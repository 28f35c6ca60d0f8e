package broker

import (
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Who is away and behind is not looked at for a message, and is again once back.
func TestAMessageDoesNotLookAtSessionsThatAreAway(t *testing.T) {
	t.Parallel()
	b, _ := newDisk().node(t, Options{Loops: 1})
	var subs []*raw
	for _, id := range []string{"away", "here"} {
		sub, _ := come(t, b, id, 100, nil)
		sub.subscribe("kept/#", 1)
		subs = append(subs, sub)
	}
	looked := func() int {
		n, done := 0, make(chan struct{}, 1)
		b.workers[0].loop.Post(&inquiry{done: done, next: func(w *worker) bool {
			n = len(w.routes.find([]byte("kept/1")).awake.targets)
			return false
		}})
		<-done
		return n
	}
	pub := enter(t, b, packet.V5, "pub")
	say := func(from, to int) {
		pub.publishAll("kept/1", series("m", from, to))
		subs[1].take(to - from + 1)
	}
	say(1, 5)
	subs[0].take(5)
	if n := looked(); n != 2 {
		t.Fatalf("%d of 2 are looked at while both are there", n)
	}
	subs[0].drop(b)
	say(6, 205) // more than waits in memory
	if n := looked(); n != 1 {
		t.Fatalf("%d are looked at while one is away", n)
	}
	back, _ := come(t, b, "away", 100, nil)
	back.take(200)
	say(206, 206)
	if back.take(1); looked() != 2 {
		t.Fatalf("%d are looked at when both are back", looked())
	}
}
