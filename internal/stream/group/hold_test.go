package group_test

import (
	"context"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/stream/group"
)

// keeps is retention that notes from where on a stream is needed.
type keeps struct {
	mu     sync.Mutex // guards the fields below
	needed uint64
	beyond uint64
	old    msg.Position
}

func (k *keeps) Names() []string { return []string{"s"} }

func (k *keeps) Hold(_, reader string, seq uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if reader == group.Reader {
		k.needed = seq
	}
}

func (k *keeps) Beyond(string, int64) uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.beyond
}

func (k *keeps) Find(context.Context, string, time.Time) (msg.Position, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.old, nil
}

func (k *keeps) set(beyond uint64, old msg.Position) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.beyond, k.old = beyond, old
}

// A group that is to hold its stream back does so from the first message that it is not
// done with, within the bounds by bytes and age; what goes beyond them is counted. Others
// hold nothing.
func TestAGroupHoldsItsStreamBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream, k := &tape{grown: make(chan struct{})}, &keeps{}
		g := group.New(group.Options{Source: stream, KV: bus.Memory(), Retention: k, HoldAge: time.Hour, HoldBytes: 1 << 20})
		if err := g.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = g.Close(t.Context()) }()
		for range 20 {
			stream.add(msg.Message{Topic: []byte("a")})
		}
		needs := func(want uint64) {
			t.Helper()
			time.Sleep(2 * time.Minute)
			k.mu.Lock()
			defer k.mu.Unlock()
			if k.needed != want {
				t.Errorf("needed from %d on, want %d", k.needed, want)
			}
		}
		const nothing = math.MaxUint64
		make := func(name string, hold bool) {
			t.Helper()
			if _, err := g.Create(t.Context(), "s", name, group.Settings{AckWait: time.Second, MaxOpen: 100, Hold: hold}, msg.Position{}, ""); err != nil {
				t.Fatal(err)
			}
		}
		make("loose", false)
		needs(nothing)
		make("tight", true)
		needs(0)
		if _, err := g.Pull(t.Context(), "s", "tight", 10, 0); err != nil {
			t.Fatal(err)
		}
		needs(0)
		if _, err := g.Ack(t.Context(), "s", "tight", nil, &msg.Position{Seq: 5}); err != nil {
			t.Fatal(err)
		}
		needs(6)
		make("slow", true)
		needs(0)
		k.set(3, msg.Position{})
		needs(3)
		k.set(3, msg.Position{Seq: 4})
		needs(4)
		stream.purge(8)
		needs(9)
		if i, _ := g.Get("s", "tight"); i.Lost != 3 || i.Floor.Seq < 8 {
			t.Errorf("%+v", i)
		}
		if i, _ := g.Get("s", "slow"); i.Unread != 8 {
			t.Errorf("%+v", i)
		}
		if err := g.Delete(t.Context(), "s", "slow"); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Change(t.Context(), "s", "tight", func(s *group.Settings) { s.Hold = false }, nil); err != nil {
			t.Fatal(err)
		}
		needs(nothing)
	})
}
