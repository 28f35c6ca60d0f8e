package feed

import (
	"context"
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

// Who goes on from where a pass stands has it go on; who is behind it, or asks about
// another stream, has a pass of its own, and while somebody waits for one no pass stands.
func TestAPassStandsForWhoGoesOn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	k := New(ctx, nil, nil)
	at := func(seq uint64, index uint32) msg.Position { return msg.Position{Seq: seq, Index: index} }
	s := &stand{stream: 1, at: at(7, 3), awaits: 2, all: make(chan struct{})}
	if !k.standAt(s) {
		t.Fatal("the pass does not stand")
	}
	for _, q := range []Question{{Stream: 1, From: at(7, 3)}, {Stream: 2, From: at(7, 3)}, {Stream: 1, From: at(7, 2)}, {Stream: 1, From: at(9, 0)}} {
		k.Ask(q)
	}
	<-s.all
	if k.standAt(&stand{}) {
		t.Error("a pass stands while two wait for one")
	}
	if asked := k.leave(s); len(asked) != 2 || asked[0].From != at(7, 3) || asked[1].From != at(9, 0) || len(k.standing) != 0 {
		t.Errorf("%d go on", len(asked))
	}
	for range 2 {
		if _, members := k.next(); len(members) != 1 {
			t.Error("one that the pass did not take was forgotten")
		}
	}
}

// A pass stands for as long as one after another asks, and while nobody else waits.
func TestAPassStandsNoLongerThanItIsOfUse(t *testing.T) {
	k := New(t.Context(), nil, nil)
	s, had := &stand{stream: 1, awaits: 9, all: make(chan struct{})}, -1
	if !k.standAt(s) {
		t.Fatal("the pass does not stand")
	}
	for n := range 3 {
		if k.Ask(Question{Stream: 1}); !k.stays(s, &had) {
			t.Fatalf("gone after %d have asked", n+1)
		}
	}
	k.Ask(Question{Stream: 1})
	k.Ask(Question{Stream: 2})
	if k.stays(s, &had) {
		t.Error("stands while another waits")
	}
	if len(s.asked) != 4 {
		t.Errorf("%d have asked", len(s.asked))
	}
	k.asked = nil
	if k.stays(s, &had) {
		t.Error("stands for nobody")
	}
}
