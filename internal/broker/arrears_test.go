package broker

import (
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// padding makes messages long enough for their bytes to count.
const padding = 256

// long pads payloads.
func long(payloads []string) (all []string) {
	for _, p := range payloads {
		all = append(all, p+strings.Repeat(".", padding))
	}
	return all
}

func queued(t *testing.T, b *Broker, id string) int {
	t.Helper()
	d, err := b.Client(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return d.Queued
}

// waitOverARestart publishes 50 messages for somebody who is away, and when the node has come
// back ten more: how many wait is known all the while.
func waitOverARestart(t *testing.T, b **Broker, restart func(), topic string, wait func() int) (all []string) {
	t.Helper()
	all = long(series("m", 1, 60))
	enter(t, *b, packet.V5, "pub").publishAll(topic, all[:50])
	eventually(t, "what waits is counted", func() bool { return wait() == 50 })
	restart()
	eventually(t, "what waits is counted anew", func() bool { return wait() == 50 })
	enter(t, *b, packet.V5, "pub").publishAll(topic, all[50:])
	eventually(t, "what comes is counted", func() bool { return wait() == 60 })
	eventually(t, "it is in the sum", func() bool { return (*b).Stats().Backlog.Messages == 60 })
	return all
}

// How much waits for a client that is away is known, though it is in the log alone, and
// known again when the node comes back.
func TestWhatWaitsInTheLogIsCounted(t *testing.T) {
	for _, topic := range []string{"kept/a", "other/a"} {
		t.Run(topic, func(t *testing.T) {
			t.Parallel()
			d := newDisk()
			b, end := d.node(t, Options{})
			for _, id := range []string{"sub", "idle"} {
				c, _ := come(t, b, id, 1000, nil)
				if c.subscribe("none/#", 1); id == "sub" {
					c.subscribe("+/a", 1)
				}
				c.drop(b)
			}
			restart := func() { end(); b, end = d.node(t, Options{Backlog: Backlog{Bytes: 1 << 20}}) }
			all := waitOverARestart(t, &b, restart, topic, func() int { return queued(t, b, "sub") })
			if d, err := b.Client(t.Context(), "sub"); err != nil || len(d.Queue) != 60 || d.Queue[0].Topic != topic {
				t.Errorf("the list has %d messages: %v", len(d.Queue), err)
			} else if d.Log == nil || d.Log.Bytes != 1<<20 {
				t.Errorf("the log's bounds are %+v", d.Log)
			}
			list, _, err := b.Clients(t.Context(), view.ClientQuery{Sort: "queued", Desc: true})
			if err != nil || list[0].ID != "sub" {
				t.Errorf("%v %v", list, err)
			}
			sub, _ := come(t, b, "sub", 1000, nil)
			if got := sub.take(60); !reflect.DeepEqual(got, all) {
				t.Errorf("got %d", len(got))
			}
			eventually(t, "nothing waits", func() bool { return queued(t, b, "sub") == 0 })
			end()
		})
	}
}

// bounded are bounds, and how many of 200 messages stay within them, of which the first half
// comes two hours before the others ([publishApart]).
var bounded = map[string]struct {
	bounds Backlog
	least  int
}{
	"messages": {Backlog{Messages: 60}, 60},
	"bytes":    {Backlog{Bytes: 60 * (padding + 10)}, 60},
	"age":      {Backlog{Age: time.Hour}, 100},
	"total":    {Backlog{BytesAll: 60 * (padding + 60)}, 40},
}

func publishApart(t *testing.T, b *Broker, clock *testClock) (all []string) {
	t.Helper()
	all = long(series("m", 1, 200))
	pub := enter(t, b, packet.V5, "pub")
	pub.publishAll("other/a", all[:100])
	clock.forward(2 * time.Hour)
	settle(b) // whose loops have looked at the clock
	pub.publishAll("other/a", all[100:])
	return all
}

// A session that is away has its bounds: what is beyond them is given up, the oldest
// first, and counted; nothing within them.
func TestASessionsBoundsInTheLog(t *testing.T) {
	for name, c := range bounded {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, clock := newDisk(), newClock()
			var told atomic.Uint64
			c.bounds.Losing = func(n uint64) { told.Add(n) }
			b, _ := d.node(t, Options{Backlog: c.bounds, Now: clock.now})
			for _, id := range []string{"one", "two"} {
				s, _ := come(t, b, id, 100_000, nil)
				s.subscribe("other/#", 1)
				s.drop(b)
			}
			all := publishApart(t, b, clock)
			eventually(t, "messages are given up", func() bool {
				return int(b.Stats().Dropped[fault.Retention])/2 > 200-c.least-20
			})
			eventually(t, "the loss is told", func() bool { return told.Load() > 0 })
			lost := 0
			for _, id := range []string{"one", "two"} {
				s, _ := come(t, b, id, 100_000, nil)
				got := s.takeTo(all[199])
				lost += 200 - len(got)
				if len(got) < c.least || !reflect.DeepEqual(got, all[200-len(got):]) {
					t.Errorf("got %d messages, the first of them %.5s", len(got), got[0])
				}
				eventually(t, "nothing waits", func() bool { return queued(t, b, id) == 0 })
			}
			eventually(t, "what was lost is counted", func() bool { return int(b.Stats().Dropped[fault.Retention]) == lost })
			eventually(t, "the log lets go of them", func() bool {
				st, _ := d["sessions"].State(t.Context())
				return st.First > uint64(lost/2)
			})
		})
	}
}

// What sessions need of a stream is known of all that is stored when it is asked for anew.
func TestAPatrolKnowsWhatWasJustStored(t *testing.T) {
	d := newDisk()
	b, _ := d.node(t, Options{Loops: 2})
	for i := range 3 {
		c, _ := come(t, b, fmt.Sprint("away", i), 1000, nil)
		c.subscribe("other/#", 1)
		c.drop(b)
	}
	pub := enter(t, b, packet.V5, "pub")
	needs := func(stream string) (needed, last uint64) {
		t.Helper()
		if err := b.Patrol(t.Context(), stream); err != nil {
			t.Fatal(err)
		}
		st, _ := d[stream].State(t.Context())
		return b.Needed(stream), st.Last
	}
	for i := range 20 {
		pub.publishAll("kept/a", series("m", i, i))
		if needed, last := needs("telemetry"); needed <= last {
			t.Fatalf("needed from %d on, and nobody needs %d", needed, last)
		}
	}
	pub.publishAll("other/a", []string{"m"})
	if needed, last := needs("sessions"); needed > last {
		t.Errorf("needed from %d on, and %d waits for somebody", needed, last)
	}
	if err := b.Patrol(t.Context(), "nobody's"); err != nil {
		t.Error(err)
	}
}

// What a session has lost is shown with it after a kill, too.
func TestWhatASessionLostIsShownOverAKill(t *testing.T) {
	d := newDisk()
	b, _ := d.node(t, Options{Backlog: Backlog{Messages: 5}})
	c, _ := come(t, b, "c", 1000, nil)
	c.subscribe("other/#", 1)
	c.drop(b)
	enter(t, b, packet.V5, "pub").publishAll("other/a", series("m", 1, 200))
	lost := func() uint64 {
		i, err := b.Client(t.Context(), "c")
		if err != nil {
			t.Fatal(err)
		}
		return i.Dropped
	}
	eventually(t, "messages are given up", func() bool { b.tick(); return lost() > 100 })
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
	before := lost()
	b, _ = d.killed(t).node(t, Options{Backlog: Backlog{Messages: 5}})
	if n := lost(); n < 100 || n > before {
		t.Errorf("%d are shown, %d before", n, before)
	}
	_, _ = come(t, b, "c", 1000, nil)
	if n := lost(); n < 100 {
		t.Errorf("%d are shown when its client is back", n)
	}
}
