package broker

import (
	"fmt"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// watchEnds posts an inquiry that looks in each turn how many filters stand; what it
// returns waits until no more than so many stand, and says how many ended between two looks.
func watchEnds(b *Broker, all, stay int) (most func() int) {
	return watchFalls(b, all, stay, func(*worker) int { return int(b.router.count.Load()) })
}

// watchFalls is watchEnds for what else is counted.
func watchFalls(b *Broker, all, stay int, count func(w *worker) int) (most func() int) {
	top, last := 0, all
	looked := make(chan struct{}, 1)
	b.workers[0].loop.Post(&inquiry{done: looked, next: func(w *worker) bool {
		left := count(w)
		top, last = max(top, last-left), left
		return left > stay
	}})
	return func() int { <-looked; return top }
}

// A session with 10,000 filters ends a few of them at a time, however it ends.
func TestTheEndOfManyFiltersLeavesRoomForOthers(t *testing.T) {
	const all = 10_000
	for _, end := range []struct {
		how    string
		expiry uint32
		end    func(b *Broker, c *raw)
	}{
		{"DISCONNECT", 0, func(_ *Broker, c *raw) { c.send(&packet.Disconnect{}) }},
		{"closed", 0, func(_ *Broker, c *raw) { _ = c.nc.Close() }},
		{"kicked", 0, func(b *Broker, _ *raw) { _ = b.Kick(t.Context(), "greedy", true) }},
		{"clean start", 1000, func(b *Broker, _ *raw) { enter(t, b, packet.V5, "greedy") }},
	} {
		t.Run(end.how, func(t *testing.T) {
			b := start(t, Options{Loops: 1})
			greedy, _ := come(t, b, "greedy", end.expiry, nil)
			greedy.send(many(1, all))
			expect[*packet.Suback](greedy)
			most := watchEnds(b, all, 0)
			end.end(b, greedy)
			if n := most(); n > 2*filtersMost {
				t.Errorf("%d filters were ended between two looks", n)
			}
		})
	}
}

// What is left of a session that was taken over brings nobody anything, nor does it take
// anything from the client that comes in its place.
func TestASessionIsTakenOverWhileItsFiltersEnd(t *testing.T) {
	const all = 10_000
	b := start(t, Options{Loops: 1})
	greedy := enter(t, b, packet.V5, "greedy")
	s := many(1, all-1)
	s.Filters = append(s.Filters, packet.Subscription{Filter: []byte("$exclusive/seat"), QoS: 1})
	greedy.send(s)
	expect[*packet.Suback](greedy)
	greedy.send(publish("seat", "x", 1, 1), publish("seat", "x", 1, 2)) // the route is remembered
	for range 2 {
		expect[*packet.Publish](greedy)
		expect[*packet.Ack](greedy)
	}

	next := dial(t, b, packet.V5)
	next.send(&packet.Connect{Version: packet.V5, CleanStart: true, ClientID: []byte("greedy")},
		publish("seat", "nobody", 1, 1),
		&packet.Subscribe{ID: 2, Filters: []packet.Subscription{{Filter: []byte("plant/7/+"), QoS: 1}, {Filter: []byte("$exclusive/seat"), QoS: 1}}},
		publish("plant/7/a", "once", 1, 3), publish("seat", "mine", 1, 4))
	expect[*packet.Connack](next)
	if a := expect[*packet.Ack](next); a.Reason != packet.NoMatchingSubscribers {
		t.Errorf("a message for the session that has ended: %#x", a.Reason)
	}
	if a := expect[*packet.Suback](next); a.Reasons[0] != 1 || a.Reasons[1] != 1 {
		t.Errorf("%x", a.Reasons)
	}
	got := map[string]int{}
	for len(got) < 4 {
		switch p, err := next.read(); p := p.(type) {
		case *packet.Publish:
			got[text(p)]++
		case *packet.Ack:
			got[fmt.Sprint("acknowledged ", p.ID, " ", p.Reason)]++
		default:
			t.Fatal(p, err)
		}
	}
	for _, want := range []string{"plant/7/a=once", "seat=mine", "acknowledged 3 0", "acknowledged 4 0"} {
		if got[want] != 1 {
			t.Errorf("%s: %d times", want, got[want])
		}
	}
	expect[*packet.Disconnect](greedy)
	eventually(t, "only the new ones stand", func() bool { return b.Stats().Subscriptions == 2 })
	next.send(publish("plant/7/a", "still", 0, 0))
	if p := expect[*packet.Publish](next); text(p) != "plant/7/a=still" {
		t.Error(text(p))
	}
}

// What comes to a filter is counted only for as long as a session has it.
func TestAFilterThatEndsIsNotCounted(t *testing.T) {
	const all = 2*filtersMost + 2
	d := newDisk()
	b, end := d.node(t, Options{Loops: 1})
	defer end()
	c, _ := come(t, b, "sub", 1000, nil)
	filters := func() int {
		n := make(chan int, 1)
		b.workers[0].loop.Post(&inquiry{done: make(chan struct{}, 1), next: func(w *worker) bool {
			n <- w.ledger.Len()
			return false
		}})
		return <-n
	}
	c.send(many(1, all))
	expect[*packet.Suback](c)
	if n := filters(); n != all*2/3 { // those with QoS 1 and 2
		t.Fatalf("%d filters are counted", n)
	}
	c.send(&packet.Unsubscribe{ID: 2, Filters: [][]byte{[]byte("plant/1/+")}})
	expect[*packet.Unsuback](c)
	if n := filters(); n != all*2/3-1 {
		t.Errorf("%d filters are counted when one has ended", n)
	}
	c.send(&packet.Disconnect{HasSessionExpiry: true})
	c.closed()
	eventually(t, "none is counted", func() bool { return filters() == 0 && b.Stats().Subscriptions == 0 })
}

// The shared subscriptions of a session that ends some at a time end with it: nobody keeps
// messages for those that have no member any more.
func TestSharedSubscriptionsEndWithTheirLastMember(t *testing.T) {
	const all = 5 * filtersMost
	b, _ := newDisk().node(t, Options{Loops: 2})
	c, _ := come(t, b, "greedy", 1000, nil)
	s := &packet.Subscribe{ID: 1}
	for i := range all {
		s.Filters = append(s.Filters, packet.Subscription{Filter: fmt.Appendf(nil, "$share/g%d/kept/%d", i, i), QoS: 1})
	}
	c.send(s)
	expect[*packet.Suback](c)
	kept := func() (n int) {
		all := make([]int, len(b.workers))
		err := b.ask(t.Context(), b.workers, func(i int) func(*worker) bool {
			return func(w *worker) bool { all[i] = len(w.groups.kept); return false }
		})
		if err != nil {
			t.Fatal(err)
		}
		return all[0] + all[1]
	}
	if n := kept(); n != all {
		t.Fatalf("%d are kept, want %d", n, all)
	}
	if err := b.Kick(t.Context(), "greedy", true); err != nil {
		t.Fatal(err)
	}
	eventually(t, "none is kept", func() bool { return kept() == 0 })
}

// Their keepers hear of it as their filters end, not of all in one turn; what was begun with
// QoS 2 stays nobody else's [MQTT-4.8.2-5].
func TestTheEndOfManySharesLeavesRoomForOthers(t *testing.T) {
	const all = 10 * filtersMost
	b, _ := newDisk().node(t, Options{Loops: 1})
	c, _ := come(t, b, "greedy", 1000, nil)
	s := &packet.Subscribe{ID: 1}
	for i := range all {
		s.Filters = append(s.Filters, packet.Subscription{Filter: fmt.Appendf(nil, "$share/g%d/kept/%d", i, i), QoS: 2})
	}
	c.send(s)
	expect[*packet.Suback](c)
	other, _ := come(t, b, "other", 1000, nil)
	other.subscribe(fmt.Sprintf("$share/g%d/kept/%d", all-1, all-1), 2)
	pub := enter(t, b, packet.V5, "pub")
	topic := fmt.Sprint("kept/", all-1)
	for id := range uint16(2) { // one each
		pub.send(publish(topic, fmt.Sprint(id), 2, id+1))
		expect[*packet.Ack](pub)
		pub.send(&packet.Ack{Kind: packet.TypePubrel, ID: id + 1})
		expect[*packet.Ack](pub)
	}
	expect[*packet.Publish](c)
	expect[*packet.Publish](other)
	most := watchFalls(b, all+1, 1, func(w *worker) (n int) {
		for _, k := range w.groups.kept {
			n += len(k.seats)
		}
		return n
	})
	if err := b.Kick(t.Context(), "greedy", true); err != nil {
		t.Fatal(err)
	}
	if n := most(); n > 2*filtersMost {
		t.Errorf("%d members were gone between two looks", n)
	}
	settle(b)
	if !other.silent() {
		t.Error("what was begun with another has come")
	}
}
