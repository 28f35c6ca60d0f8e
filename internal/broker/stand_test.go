package broker

import (
	"context"
	"sync"
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

// Who goes on from where a pass stands has it go on; who is behind it, or asks about
// another stream, has a pass of its own, and while somebody waits for one no pass stands.
func TestAPassStandsForWhoGoesOn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	k := &catcher{feeds: &feeds{ctx: ctx}}
	k.wake = sync.NewCond(&k.mu)
	at := func(seq uint64, index uint32) msg.Position { return msg.Position{Seq: seq, Index: index} }
	s := &stand{stream: 1, at: at(7, 3), awaits: 2, all: make(chan struct{})}
	if !k.standAt(s) {
		t.Fatal("the pass does not stand")
	}
	for _, q := range []catchUp{{stream: 1, from: at(7, 3)}, {stream: 2, from: at(7, 3)}, {stream: 1, from: at(7, 2)}, {stream: 1, from: at(9, 0)}} {
		k.ask(q)
	}
	<-s.all
	if k.standAt(&stand{}) {
		t.Error("a pass stands while two wait for one")
	}
	if asked := k.leave(s); len(asked) != 2 || asked[0].from != at(7, 3) || asked[1].from != at(9, 0) || len(k.standing) != 0 {
		t.Errorf("%d go on", len(asked))
	}
	for range 2 {
		if _, members := k.next(); len(members) != 1 {
			t.Error("one that the pass did not take was forgotten")
		}
	}
}
