package broker

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/stream"
)

// without is what a node that is killed now leaves behind when its disk loses an entry of the
// journal.
func (d disk) without(t *testing.T, lost uint64) disk {
	t.Helper()
	left := d.killed(t)
	all := left["journal"]
	s, _ := all.State(t.Context())
	n := new(stream.MemoryLog)
	for seq := uint64(1); seq < s.First; seq++ {
		n.Append("", false, nil, func(uint64, error) {})
	}
	_ = n.Purge(t.Context(), s.First-1)
	_ = all.Read(t.Context(), s.First, func(seq uint64, entry []byte) error {
		if seq == lost {
			entry = nil
		}
		n.Append("", false, entry, func(uint64, error) {})
		if seq == s.Last {
			return errFed
		}
		return nil
	})
	left["journal"] = n
	return left
}

// Whatever entry of the journal the disk has lost, a session comes back as it was, or has ended,
// and the node says of which. Nobody else's session ends for it.
func TestASessionThatLacksARecordEnds(t *testing.T) {
	d := newDisk()
	b, _ := d.node(t, Options{})
	have := map[string][]string{}
	begin := func(id string, filters ...string) *raw {
		c, _ := come(t, b, id, 1000, nil)
		for _, f := range filters {
			c.subscribe(f, 1)
		}
		have[id] = filters
		return c
	}
	one := begin("one", "kept/a", "$share/g/other/#", "left")
	begin("two", "$share/g/other/#")
	gone := begin("gone", "kept/#")
	one.send(&packet.Unsubscribe{ID: 7, Filters: [][]byte{[]byte("left")}})
	expect[*packet.Unsuback](one)
	have["one"] = have["one"][:2]
	one.drop(b)
	there := b.connections.Load()
	gone.send(&packet.Disconnect{HasSessionExpiry: true})
	eventually(t, "it has gone", func() bool { return b.connections.Load() < there })
	delete(have, "gone")
	flush(t, b)
	s, _ := d["journal"].State(t.Context())
	var ended atomic.Int64
	trial := func(t *testing.T, d disk) {
		t.Parallel() // it waits, for a second at most
		var told []string
		unknown := 0
		b, _ := d.node(t, Options{Durable: Durable{Lost: func(clients []string, more int) { told, unknown = clients, more }}})
		for _, id := range []string{"one", "two", "gone"} {
			var got []string
			for f := range filtersOf(t, b, id) {
				got = append(got, f)
			}
			slices.Sort(got)
			want := slices.Sorted(slices.Values(have[id]))
			_, a := come(t, b, id, 1000, nil)
			switch lost := slices.Contains(told, id); {
			case lost && a.SessionPresent:
				t.Errorf("%s is there and was told to be lost", id)
			case !lost && !slices.Equal(got, want):
				t.Errorf("%s has %q, had %q; told %q and %d", id, got, want, told, unknown)
			case lost:
				ended.Add(1)
			}
		}
		if n := b.Stats().SessionsLost; n != uint64(len(told)+unknown) || n > 2 {
			t.Errorf("%d sessions lost, told %q and %d", n, told, unknown)
		}
	}
	t.Run("without", func(t *testing.T) {
		for seq := s.First; seq <= s.Last; seq++ {
			left := d.without(t, seq)
			t.Run(fmt.Sprint(seq), func(t *testing.T) { trial(t, left) })
		}
	})
	if n := ended.Load(); n < 4 {
		t.Errorf("%d sessions ended in %d trials", n, s.Last-s.First+1)
	}
}

func flush(t *testing.T, b *Broker) {
	t.Helper()
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
}

// What waits in a shared subscription for a member whose session is lost goes to others.
func TestALostMemberLeavesItsGroup(t *testing.T) {
	d := newDisk()
	b, _ := d.node(t, Options{})
	for _, id := range []string{"one", "two"} {
		c, _ := come(t, b, id, 1000, nil)
		c.subscribe("$share/g/other/#", 1)
		c.drop(b)
	}
	one, _ := come(t, b, "one", 1000, nil)
	flush(t, b)
	before, _ := d["journal"].State(t.Context())
	one.subscribe("mine", 1)
	pub := enter(t, b, packet.V5, "pub")
	pub.publishAll("other/1", series("m", 1, 10)) // they are on their way to the one
	flush(t, b)
	b, _ = d.without(t, before.Last+1).node(t, Options{})
	if n := b.Stats().SessionsLost; n != 1 {
		t.Fatalf("%d sessions lost", n)
	}
	two, a := come(t, b, "two", 1000, nil)
	if !a.SessionPresent {
		t.Error("the other session is not there")
	}
	two.take(10)
}
