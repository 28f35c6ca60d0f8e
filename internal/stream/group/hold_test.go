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

// What was removed before a group began, or where it begins anew, is not lost to it; and
// retention knows of a group that holds its stream back before the group is told to be there.
func TestAGroupLosesNothingBeforeItBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream, k := &tape{grown: make(chan struct{})}, &keeps{}
		g := group.New(group.Options{Source: stream, KV: bus.Memory(), Retention: k})
		if err := g.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = g.Close(t.Context()) }()
		for range 20 {
			stream.add(msg.Message{Topic: []byte("a")})
		}
		stream.purge(8)
		time.Sleep(2 * time.Second) // and nobody needs anything
		if _, err := g.Create(t.Context(), "s", "g", group.Settings{AckWait: time.Second, MaxOpen: 100, Hold: true}, msg.Position{}, ""); err != nil {
			t.Fatal(err)
		}
		if k.mu.Lock(); k.needed > 9 {
			t.Errorf("retention may remove what is before %d", k.needed)
		}
		k.mu.Unlock()
		look := func(unread uint64, floor uint64) {
			t.Helper()
			time.Sleep(3 * time.Second)
			if i, _ := g.Get("s", "g"); i.Unread != unread || i.Lost != 0 || i.Floor.Seq != floor {
				t.Errorf("%+v, want %d unread up to %d", i, unread, floor)
			}
		}
		look(0, 8)
		stream.purge(10)
		look(2, 10)
		if _, err := g.Change(t.Context(), "s", "g", func(*group.Settings) {}, &msg.Position{Seq: 3}); err != nil {
			t.Fatal(err)
		}
		look(2, 10)
		stream.purge(11) // while a change is made that moves nothing
		if _, err := g.Change(t.Context(), "s", "g", func(s *group.Settings) { s.MaxOpen = 5 }, nil); err != nil {
			t.Fatal(err)
		}
		look(3, 11)
		stream.skip(10_000) // a node that was killed steps over positions
		look(3, 10_011)
	})
}

// skip leaves positions out behind what is purged.
func (p *tape) skip(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gap = n
}

// slowTape removes what a page has while it is on its way.
type slowTape struct{ *tape }

func (p slowTape) Page(ctx context.Context, stream string, after msg.Position, filter string, limit int, wait time.Duration) (group.Page, error) {
	page, err := p.tape.Page(ctx, stream, after, filter, limit, wait)
	if len(page.Messages) > 0 {
		p.purge(int(page.Messages[0].At.Seq))
		time.Sleep(2 * time.Second) // it is counted as lost meanwhile
	}
	return page, err
}

// A message that is counted as lost is not handed out.
func TestWhatIsLostIsNotHandedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := slowTape{&tape{grown: make(chan struct{})}}
		g := group.New(group.Options{Source: stream, KV: bus.Memory(), Retention: &keeps{}})
		if err := g.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = g.Close(t.Context()) }()
		for range 3 {
			stream.add(msg.Message{Topic: []byte("a")})
		}
		if _, err := g.Create(t.Context(), "s", "g", group.Settings{AckWait: time.Hour, MaxOpen: 100, Hold: true}, msg.Position{}, ""); err != nil {
			t.Fatal(err)
		}
		got, err := g.Pull(t.Context(), "s", "g", 10, 0)
		i, _ := g.Get("s", "g")
		if err != nil || uint64(len(got))+i.Unread != 3 || i.InFlight != len(got) {
			t.Errorf("%d handed out, %+v, %v", len(got), i, err)
		}
	})
}
