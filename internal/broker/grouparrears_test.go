package broker

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/testkit"
)

// groupInfo is what is shown of the only shared subscription.
func groupInfo(t *testing.T, b *Broker) view.Group {
	t.Helper()
	list, count, err := b.Groups(t.Context(), view.GroupQuery{})
	if err != nil || count != 1 || len(list) != 1 {
		t.Fatalf("%v, %d: %v", list, count, err)
	}
	return list[0]
}

// How much waits for a shared subscription is known while its members are away, also when
// the node comes back, and while they are there and slow.
func TestWhatWaitsForAGroupIsShown(t *testing.T) {
	for _, topic := range []string{"kept/a", "other/a"} {
		t.Run(topic, func(t *testing.T) {
			t.Parallel()
			d := newDisk()
			b, end := d.node(t, Options{Loops: 2})
			for i := range 2 {
				c, _ := come(t, b, fmt.Sprint("worker", i), 1000, nil)
				c.subscribe("$share/g/+/a", 1)
				c.drop(b)
			}
			restart := func() { end(); b, end = d.node(t, Options{Loops: 2}) }
			all := waitOverARestart(t, &b, restart, topic, func() int { return int(groupInfo(t, b).Waiting.Messages) })
			if i := groupInfo(t, b); i.Share != "g" || i.Filter != "+/a" || i.Members != 2 || i.Connected != 0 || !i.Lasting || i.Waiting.Bytes < 60*padding || i.Strategy != string(RoundRobin) || len(i.Behind) == 0 {
				t.Errorf("%+v", i)
			}
			slow, _ := come(t, b, "worker0", 1000, func(p *packet.Connect) { p.ReceiveMaximum = 5 })
			eventually(t, "what is under way waits no more", func() bool {
				i := groupInfo(t, b)
				return i.Waiting.Messages == 55 && i.Unacknowledged == 5 && i.Connected == 1 && i.Oldest > 0
			})
			if got := slow.take(60); !reflect.DeepEqual(got, all) {
				t.Errorf("got %d", len(got))
			}
			eventually(t, "nothing waits", func() bool {
				i := groupInfo(t, b)
				return i.Waiting == backlog.Tally{} && i.Unacknowledged == 0 && i.Lost == 0 && i.Oldest == 0
			})
			eventually(t, "nothing is in the sum", func() bool { return b.Stats().Backlog.Messages == 0 })
			end()
		})
	}
}

// A shared subscription has the bounds of a session: what is beyond them is given up, the
// oldest first, and counted; nothing within them. A member is there or none; the group is
// known or comes with the node.
func TestAGroupsBoundsInTheLog(t *testing.T) {
	for name, c := range bounded {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprint(name, again), func(t *testing.T) {
				t.Parallel()
				d, clock := newDisk(), newClock()
				var told atomic.Uint64
				bounds := c.bounds
				bounds.Losing = func(n uint64) { told.Add(n) }
				o := Options{Loops: 2, Backlog: bounds, Now: clock.now}
				b, end := d.node(t, o)
				s, _ := come(t, b, "worker", 100_000, nil)
				s.subscribe("$share/g/other/#", 1)
				s.drop(b)
				if again {
					settle(b)
					end()
					b, _ = d.node(t, o)
				}
				all := publishApart(t, b, clock)
				eventually(t, "messages are given up", func() bool {
					return int(b.Stats().Dropped[fault.Retention]) > 200-c.least-20
				})
				eventually(t, "the loss is told", func() bool { return told.Load() > 0 })
				eventually(t, "all is counted", func() bool {
					i := groupInfo(t, b)
					return int64(i.Lost)+i.Waiting.Messages == 200
				})
				eventually(t, "the log lets go of them", func() bool {
					st, _ := d["sessions"].State(t.Context())
					return st.First > 1
				})
				s, _ = come(t, b, "worker", 100_000, nil)
				got := s.takeTo(all[199])
				if len(got) < c.least || !reflect.DeepEqual(got, all[200-len(got):]) {
					t.Errorf("got %d messages, the first of them %.5s", len(got), got[0])
				}
				eventually(t, "nothing waits", func() bool {
					i := groupInfo(t, b)
					return i.Waiting.Messages == 0 && int(i.Lost) == 200-len(got) && i.Lost == b.Stats().Dropped[fault.Retention]
				})
			})
		}
	}
}

// What waits in memory for members that are there and full becomes too old, too.
func TestWhatWaitsForSlowMembersBecomesTooOld(t *testing.T) {
	d, clock := newDisk(), newClock()
	b, _ := d.node(t, Options{Loops: 2, Backlog: Backlog{Age: time.Hour}, Now: clock.now})
	s, _ := come(t, b, "worker", 100_000, func(p *packet.Connect) { p.ReceiveMaximum = 5 })
	s.subscribe("$share/g/other/#", 1)
	enter(t, b, packet.V5, "pub").publishAll("other/a", series("m", 1, 100))
	eventually(t, "95 wait", func() bool { return groupInfo(t, b).Waiting.Messages == 95 })
	if list, _, err := b.Subscriptions(t.Context(), view.SubscriptionQuery{Client: "worker"}); err != nil || len(list) != 1 || list[0].Sent != 5 || list[0].Queued != 0 {
		t.Errorf("%+v %v", list, err)
	}
	clock.forward(2 * time.Hour)
	enter(t, b, packet.V5, "pub2").publishAll("other/a", series("n", 1, 10))
	eventually(t, "the old are given up", func() bool { return groupInfo(t, b).Lost == 95 })
	if got := s.take(15); !reflect.DeepEqual(got, append(series("m", 1, 5), series("n", 1, 10)...)) {
		t.Errorf("got %v", got)
	}
}

// What no member of a shared subscription gets is told by reason, of one in memory and of one
// in the log; and so is how much each member has, and has waiting.
func TestWhatAGroupDropsIsToldByReason(t *testing.T) {
	for name, expiry := range map[string]uint32{"in memory": 0, "in the log": 100_000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			b, _ := newDisk().node(t, Options{Loops: 2, Now: clock.now, Zone: Zone{Queue: 10}})
			c, _ := come(t, b, "worker", expiry, func(p *packet.Connect) { p.ReceiveMaximum = 5 })
			c.subscribe("$share/g/other/#", 1)
			pub := enter(t, b, packet.V5, "pub")
			for i := range 20 {
				p := publish("other/a", fmt.Sprint(i), 1, uint16(i+1))
				p.HasExpiry, p.Expiry = true, 60
				pub.send(p)
				expect[*packet.Ack](pub)
			}
			has := func(sent, queued int, want ...view.Drop) {
				t.Helper()
				var i view.Group
				var list []view.Subscription
				testkit.Within(t, patience, func() (ok bool) {
					list, _, _ = b.Subscriptions(t.Context(), view.SubscriptionQuery{Filter: "$share/g/other/#"})
					i = groupInfo(t, b)
					return len(list) == 1 && list[0].Sent == sent && list[0].Queued == queued && reflect.DeepEqual(i.Dropped, want)
				}, "what is dropped is told")
			}
			expired := view.Drop{Code: fault.Expired, Count: 15}
			if expiry == 0 {
				full := view.Drop{Code: fault.QueueFull, Count: 5}
				has(5, 10, full)
				expired.Count = 10
				clock.forward(2 * time.Minute)
				c.take(5)
				has(0, 0, expired, full)
				return
			}
			has(5, 0)
			clock.forward(2 * time.Minute)
			c.take(5)
			has(0, 0, expired)
		})
	}
}
