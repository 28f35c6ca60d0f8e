package outbox

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

// slow is a log that answers when it is told to.
type slow struct {
	kept    []*msg.Batch
	streams []int
	answers []func(*msg.Batch, error)
}

func (*slow) Route([]byte) (int, bool) { return 0, true }

func (l *slow) Keep(stream int, b *msg.Batch, committed func(*msg.Batch, error)) {
	l.kept, l.streams, l.answers = append(l.kept, b), append(l.streams, stream), append(l.answers, committed)
}

func message(publisher, topic string, bytes int) *msg.Message {
	return &msg.Message{Publisher: []byte(publisher), Topic: []byte(topic), Payload: make([]byte, bytes)}
}

// After a burst of large messages a loop keeps one batch, and none that is large.
func TestABurstLeavesOneBatch(t *testing.T) {
	l := &slow{}
	k := New(Options{Keeper: l, Limit: 64 << 20, Journal: -1})
	for i := range 100 {
		k.Add(0, message("p", "a", 1000+i%2*500_000), 0)
		k.EndTurn()
	}
	for _, b := range l.kept {
		k.Returned(b, 1)
	}
	for range keepBatches {
		k.Shrink()
	}
	held := 0
	for _, b := range k.pool[:cap(k.pool)] {
		if b != nil {
			held += cap(b.Records)
		}
	}
	if len(k.pool) != 1 || held > keepBatch || k.Bytes() != 0 || k.Flights() != 0 {
		t.Errorf("%d batches hold %d bytes, %d are under way", len(k.pool), held, k.Bytes())
	}
}

// A turn makes one batch for each stream, in the order in which they were touched; a long one
// leaves before its end. Records go to who waits for records.
func TestATurnsBatches(t *testing.T) {
	l, told := &slow{}, ""
	k := New(Options{Keeper: l, Limit: 1 << 20, Journal: 2,
		Kept:     func(b *msg.Batch, _ error) { told += fmt.Sprintf("m%d ", b.Number) },
		Recorded: func(b *msg.Batch, err error) { told += fmt.Sprintf("r%d of %d: %v ", b.Number, len(b.Later), err) },
	})
	k.Add(1, message("p", "a", 10), 7)
	k.Add(0, message("p", "b", 10), 8)
	k.AddRecord(message("", "s1", 10))
	k.AddRecord(message("", "s2", 10))
	k.Add(1, message("p", "a", batchBytes), 9)
	if !slices.Equal(l.streams, []int{1}) {
		t.Errorf("a long batch waits for the turn's end: %v", l.streams)
	}
	k.Add(1, message("p", "a", 10), 10)
	k.EndTurn()
	k.EndTurn()
	if !slices.Equal(l.streams, []int{1, 1, 0, 2}) || k.Flights() != 4 || k.Handed() != 4 {
		t.Errorf("streams %v, %d under way", l.streams, k.Flights())
	}
	if tokens := l.kept[0].Tokens; !slices.Equal(tokens, []uint64{7, 9}) {
		t.Errorf("who waits: %v", tokens)
	}
	for i, answer := range l.answers {
		answer(l.kept[i], errors.New("no"))
	}
	if want := "m1 m2 m3 r4 of 2: no "; told != want {
		t.Errorf("told %q, want %q", told, want)
	}
}

// While a message waits to be routed, nothing of its publisher or on its topic passes it.
func TestWhatWaitsToBeRouted(t *testing.T) {
	k := New(Options{Keeper: &slow{}, Journal: -1})
	m := message("press", "state", 1)
	if k.HoldsOf(m.Publisher) || k.HoldsLike(m) {
		t.Error("nothing waits yet")
	}
	k.AddLater(0, m, 0, 5)
	k.AddLater(0, m, 0, 5)
	for range 2 {
		if !k.HoldsOf([]byte("press")) || !k.HoldsLike(message("press", "other", 1)) || !k.HoldsLike(message("oven", "state", 1)) {
			t.Error("it waits")
		}
		if k.HoldsLike(message("oven", "heat", 1)) && k.HoldsLike(message("saw", "speed", 1)) && k.HoldsLike(message("belt", "load", 1)) {
			t.Error("others wait, too")
		}
		k.Routed(m)
	}
	if k.HoldsOf(m.Publisher) || k.HoldsLike(m) {
		t.Error("nothing waits any more")
	}
}

// From three quarters on the log is busy, beyond the limit full; who was stopped goes on
// when half is free. It stands when it has answered nothing for a second meanwhile.
func TestALogThatHasEnoughToDo(t *testing.T) {
	l := &slow{}
	k := New(Options{Keeper: l, Limit: 4000, Journal: -1})
	fill := func(bytes int) {
		k.Add(0, message("", "", bytes), 0)
		k.EndTurn()
	}
	second := standsAfter
	if fill(2900); k.Busy() || k.Full() {
		t.Error("it has room")
	}
	if fill(900); !k.Busy() || k.Full() {
		t.Error("busy")
	}
	if fill(900); !k.Full() || k.Still(10*second) || k.Free() {
		t.Error("full, and nobody waits yet")
	}
	k.Stopped(10 * second)
	k.Stopped(11 * second) // somebody else
	if k.Stands(11*second) || !k.Stands(11*second+1) || !k.Still(11*second+1) {
		t.Error("it stands when it has been silent for a second")
	}
	k.Returned(l.kept[1], 12*second)
	if k.Free() || k.Still(13*second) || !k.Still(13*second+1) || k.Stands(13*second+1) {
		t.Error("it has moved, and is not full any more")
	}
	if k.Returned(l.kept[0], 14*second); !k.Free() || k.Free() || k.Still(99*second) {
		t.Error("half is free")
	}
}

func BenchmarkAdd(b *testing.B) {
	l := &slow{}
	k := New(Options{Keeper: l, Limit: 1 << 20, Journal: -1})
	m := message("press-1", "plant/hall-7/press-1/state", 64)
	b.ReportAllocs()
	for i := range b.N {
		k.HoldsOf(m.Publisher)
		if k.Add(0, m, 1); i%64 == 63 {
			k.EndTurn()
			for _, batch := range l.kept {
				k.Returned(batch, 1)
			}
			clear(l.kept)
			*l = slow{kept: l.kept[:0], streams: l.streams[:0], answers: l.answers[:0]}
		}
	}
}
