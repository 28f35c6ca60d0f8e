package broker

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/eclipse/paho.golang/paho"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// next answers what comes up to the PINGRESP behind it, and returns the payloads.
func (c *raw) next() (payloads []string) {
	c.t.Helper()
	c.send(packet.Pingreq{})
	for {
		p, err := c.read()
		if err != nil {
			c.t.Fatal(err)
		}
		m, ok := p.(*packet.Publish)
		if !ok {
			return payloads
		}
		payloads = append(payloads, string(m.Payload))
		if m.QoS == 1 {
			c.send(&packet.Ack{Kind: packet.TypePuback, ID: m.ID})
		}
	}
}

// members are n clients in the group, on all loops.
func members(t *testing.T, b *Broker, n int, filter string, qos byte) (all []*raw) {
	for i := range n {
		c := enter(t, b, versions[i%3], fmt.Sprint("member", i))
		c.subscribe(filter, qos)
		all = append(all, c)
	}
	return all
}

// spread publishes n messages with QoS 1 by that many publishers, on two topics
// each, and returns how many each member got; every message must come once.
func spread(t *testing.T, b *Broker, all []*raw, publishers, n int) (got []map[string]int) {
	t.Helper()
	for i := range publishers {
		pub := enter(t, b, packet.V5, fmt.Sprint("pub", i))
		for k := range n {
			pub.send(publish(fmt.Sprint("a/", k%2), fmt.Sprintf("%d %d %d", i, k%2, k), 1, 1))
			if a := expect[*packet.Ack](pub); a.Reason != packet.Success {
				t.Fatalf("%+v", a)
			}
		}
	}
	settle(b) // the loops have handed on what they got from each other
	settle(b)
	seen := map[string]bool{}
	for _, c := range all {
		mine := map[string]int{}
		for _, p := range c.next() {
			if seen[p] {
				t.Errorf("%s came twice", p)
			}
			seen[p] = true
			mine[p[:3]]++
		}
		got = append(got, mine)
	}
	if len(seen) != publishers*n {
		t.Errorf("%d messages, want %d", len(seen), publishers*n)
	}
	return got
}

func total(m map[string]int) (n int) {
	for _, k := range m {
		n += k
	}
	return n
}

func TestSharedSubscriptionsByStrategy(t *testing.T) {
	const loops, n, publishers, each = 3, 6, 4, 60
	for _, s := range []Strategy{RoundRobin, Random, Sticky, HashClient, HashTopic} {
		t.Run(string(s), func(t *testing.T) {
			b := start(t, Options{Loops: loops, Shared: s})
			whole := enter(t, b, packet.V5, "whole")
			whole.subscribe("a/#", 0)
			got := spread(t, b, members(t, b, n, "$share/group/a/#", 1), publishers, each)
			homes := map[string]int{} // on how many members a publisher's topic was
			for i, mine := range got {
				for k := range mine {
					homes[k]++
				}
				switch all := total(mine); {
				case s == RoundRobin && all != publishers*each/n,
					s == Sticky && (all > 0) != (i == 0),
					s == Random && all == 0:
					t.Errorf("member %d got %d", i, all)
				}
			}
			switch {
			case s == HashTopic && homes["0 0"]*homes["3 1"] != 1,
				s == HashClient && homes["0 0"]*homes["1 1"] != 1:
				t.Error(homes)
			}
			if all := len(whole.next()); all != publishers*each {
				t.Errorf("the ordinary subscription got %d", all)
			}
		})
	}
	if _, err := New(Options{Shared: "loudest"}); fault.CodeOf(err) != fault.Invalid {
		t.Error(err)
	}
}

func TestAMemberThatLeavesLeavesItsShareToOthers(t *testing.T) {
	const n = 5
	b := start(t, Options{Loops: 3})
	all := members(t, b, n, "$share/group/a/#", 1)
	all[1].send(&packet.Disconnect{})
	all[1].closed()
	all[3].send(&packet.Unsubscribe{ID: 1, Filters: [][]byte{[]byte("$share/group/a/#")}})
	expect[*packet.Unsuback](all[3])
	for _, got := range spread(t, b, []*raw{all[0], all[2], all[4]}, 2, 60) {
		if total(got) != 40 {
			t.Errorf("%v", got)
		}
	}
	if more := all[3].next(); len(more) > 0 {
		t.Errorf("%v", more)
	}
	for _, i := range []int{0, 2, 4} {
		all[i].send(&packet.Unsubscribe{ID: 1, Filters: [][]byte{[]byte("$share/group/a/#")}})
		expect[*packet.Unsuback](all[i])
	}
	pub := enter(t, b, packet.V5, "pub")
	pub.send(publish("a/1", "", 1, 1))
	if a := expect[*packet.Ack](pub); a.Reason != packet.NoMatchingSubscribers {
		t.Errorf("%+v", a)
	}
	if s := b.Stats(); s.Subscriptions != 0 || b.router.tree.Len() != 0 || len(b.router.groups) != 0 {
		t.Errorf("%d subscriptions, %d entries, %v", s.Subscriptions, b.router.tree.Len(), b.router.groups)
	}
}

func TestAMemberThatCanTakeNoMoreIsPassedOver(t *testing.T) {
	const n, inflight, queue = 6, 2, 3
	b := start(t, Options{Loops: 3, Zone: Zone{Inflight: inflight, Queue: queue}})
	all := members(t, b, n, "$share/group/a/#", 1)
	pub := enter(t, b, packet.V5, "pub")
	send := func(from, to int) {
		for i := from; i < to; i++ {
			pub.send(publish("a/b", fmt.Sprint(i), 1, 1))
			expect[*packet.Ack](pub)
		}
		for range 2 * n {
			settle(b)
		}
	}
	const room = n * (inflight + queue)
	send(0, room) // nobody acknowledges anything
	if s := b.Stats(); s.Dropped[fault.QueueFull] != 0 {
		t.Fatalf("%v", s.Dropped)
	}
	send(room, room+7)
	if s := b.Stats(); s.Dropped[fault.QueueFull] != 7 {
		t.Fatalf("%v", s.Dropped)
	}
	// One makes room: the next go to it, wherever their turn is.
	first := expect[*packet.Publish](all[4])
	all[4].send(&packet.Ack{Kind: packet.TypePuback, ID: first.ID})
	all[4].send(&packet.Ack{Kind: packet.TypePuback, ID: expect[*packet.Publish](all[4]).ID})
	for range inflight {
		expect[*packet.Publish](all[4])
	}
	send(room+7, room+9)
	if s := b.Stats(); s.Dropped[fault.QueueFull] != 7 {
		t.Fatalf("%v", s.Dropped)
	}
	send(room+9, room+10)
	if s := b.Stats(); s.Dropped[fault.QueueFull] != 8 {
		t.Fatalf("%v", s.Dropped)
	}
}

func TestOptionsOfASharedSubscription(t *testing.T) {
	log := &fakeLog{prefix: "kept/"}
	b := start(t, Options{Keeper: log})
	pub := enter(t, b, packet.V5, "pub")
	pub.send(retained("a", "r", 1))
	expect[*packet.Ack](pub)
	c := enter(t, b, packet.V5, "c")
	c.subscribeWith(7, packet.Subscription{Filter: []byte("$share/g/#"), QoS: 2, RetainAsPublished: true})
	if got := c.next(); len(got) > 0 {
		t.Errorf("a retained message came: %v", got)
	}
	pub.send(retained("a", "live", 2))
	if got := expect[*packet.Publish](c); got.QoS != 1 || !got.Retain || len(got.SubscriptionIDs) != 1 || got.SubscriptionIDs[0] != 7 {
		t.Errorf("%+v", got)
	}
	expect[*packet.Ack](pub)
	pub.send(publish("kept/a", "x", 2, 3)) // comes when the log has it
	if got := c.takes(); text(got) != "kept/a=x" {
		t.Errorf("%+v", got)
	}
	pub.answers(packet.TypePubrec, 3, packet.Success)
	pub.completes(3)

	c.subscribeWith(8, packet.Subscription{Filter: []byte("$share/g/#"), QoS: 0}) // replaces the first
	c.subscribeWith(9, packet.Subscription{Filter: []byte("$share/other/a"), QoS: 0})
	c.subscribeWith(5, packet.Subscription{Filter: []byte("a"), QoS: 0, RetainHandling: 2})
	pub.send(publish("a", "thrice", 0, 0))
	var ids uint32
	for range 3 { // each is a subscription of its own
		ids += expect[*packet.Publish](c).SubscriptionIDs[0]
	}
	if ids != 8+9+5 {
		t.Errorf("identifiers add up to %d", ids)
	}
	if s := b.Stats(); s.Subscriptions != 3 {
		t.Errorf("%d subscriptions", s.Subscriptions)
	}
	pub.send(publish("$SYS/a", "", 0, 0))
	if got := c.next(); len(got) > 0 {
		t.Errorf("%v", got)
	}
}

func TestMembersComeAndGoWhileMessagesFlow(t *testing.T) {
	b := start(t, Options{Loops: 3})
	steady := enter(t, b, packet.V5, "steady")
	steady.subscribe("$share/g/a/#", 1)
	ctx, cancel := context.WithCancel(t.Context())
	var readers, publishers, comers sync.WaitGroup
	readers.Go(func() {
		for {
			p, err := steady.read()
			if err != nil {
				return
			}
			if m, ok := p.(*packet.Publish); ok {
				ack := packet.Ack{Kind: packet.TypePuback, ID: m.ID}
				if _, err := steady.nc.Write(ack.Append(nil, packet.V5)); err != nil {
					return // the test has ended it
				}
			}
		}
	})
	for i := range 3 {
		pub := enter(t, b, packet.V5, fmt.Sprint("pub", i))
		publishers.Go(func() {
			for ctx.Err() == nil {
				pub.send(publish(fmt.Sprint("a/", i), "x", 1, 1))
				if a := expect[*packet.Ack](pub); a.Reason != packet.Success {
					t.Errorf("%+v", a)
				}
			}
		})
	}
	for i := range 4 {
		comers.Go(func() {
			for range 40 {
				c := enter(t, b, packet.V311, fmt.Sprint("comer", i))
				c.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("$share/g/a/#"), QoS: 1}}})
				expect[*packet.Suback](c)
				_ = c.nc.Close()
			}
		})
	}
	comers.Wait()
	cancel()
	publishers.Wait()
	settle(b)
	_ = steady.nc.Close()
	readers.Wait()
	if n := b.Stats().Dropped[fault.QueueFull]; n != 0 {
		t.Errorf("%d dropped", n)
	}
}

func TestPahoFiveSharesItsWork(t *testing.T) {
	const n = 60
	b := start(t, Options{})
	got := []*seen{newSeen(), newSeen(), newSeen()}
	for i, s := range got {
		sub := pahoFive(t, b, fmt.Sprint("sub", i), func(r paho.PublishReceived) { s.add(r.Packet.Topic, r.Packet.Payload) })
		if _, err := sub.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "$share/workers/jobs/+", QoS: 2}}}); err != nil {
			t.Fatal(err)
		}
	}
	pub := pahoFive(t, b, "pub", func(paho.PublishReceived) {})
	for k := range n {
		if _, err := pub.Publish(context.Background(), &paho.Publish{Topic: "jobs/1", QoS: byte(k % 3), Payload: fmt.Append(nil, k)}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all delivered", func() bool { return got[0].total()+got[1].total()+got[2].total() == n })
	for i, s := range got {
		if s.total() != n/3 {
			t.Errorf("worker %d got %d", i, s.total())
		}
	}
}
