package broker

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Rules that change for a client with thousands of filters take them from the tree a few at a
// time; from the change on they bring it nothing, and what it is still granted brings all.
func TestTheRevocationOfManyFiltersLeavesRoomForOthers(t *testing.T) {
	const all = 9000
	g := newGatekeeper()
	b := guarded(t, g, Options{Loops: 1})
	greedy := comeAs(t, b, packet.V5, "greedy", "anna")
	greedy.send(many(1, all), &packet.Subscribe{ID: 2, Filters: []packet.Subscription{
		{Filter: []byte("+/+/open"), QoS: 1}, {Filter: []byte("$exclusive/seat")}, {Filter: []byte("$share/g/seat")}}})
	expect[*packet.Suback](greedy)
	expect[*packet.Suback](greedy)
	pub := comeAs(t, b, packet.V5, "pub", "inner")
	publishes := func(id uint16, topic string, want byte) {
		t.Helper()
		pub.send(publish(topic, "x", 1, id))
		if a := expect[*packet.Ack](pub); a.Reason != want {
			t.Errorf("%s: %#x, want %#x", topic, a.Reason, want)
		}
	}
	publishes(1, "plant/7/a", packet.Success) // the route is remembered
	publishes(2, "plant/7/a", packet.Success)
	for range 2 {
		expect[*packet.Publish](greedy)
	}

	denied := []string{"seat"}
	for i := range all {
		denied = append(denied, fmt.Sprintf("plant/%d/+", i))
	}
	g.deny(denied...)
	ended := b.router.count.Load()
	most := watchEnds(b, int(ended), 1)
	b.Reauthorize()
	publishes(3, "plant/7/a", packet.NoMatchingSubscribers)
	b.router.exclusive.mu.Lock()
	if n := len(b.router.exclusive.holders); n != 0 {
		t.Errorf("%d seats are taken", n)
	}
	b.router.exclusive.mu.Unlock()
	publishes(5, "plant/7/open", packet.Success)
	if p := expect[*packet.Publish](greedy); text(p) != "plant/7/open=x" {
		t.Errorf("the client gets %s", text(p))
	}
	if n := most(); n > 2*filtersMost {
		t.Errorf("%d filters were ended between two looks", n)
	}
	eventually(t, "the others stand", func() bool { return b.Stats().Subscriptions == 1 })
	eventually(t, "all that is revoked is counted", func() bool { return b.Stats().Access.Revoked == all+2 })
	greedy.send(publish("plant/8/open", "y", 1, 1))
	if p := expect[*packet.Publish](greedy); text(p) != "plant/8/open=y" {
		t.Error(text(p))
	}
}

// The rules are asked about so many filters in one turn, whoever has them.
func TestANewLookAtManyFiltersLeavesRoomForOthers(t *testing.T) {
	const clients, each = 12, 1000
	var asked atomic.Int64
	b := start(t, Options{Loops: 1, Authorizer: askedFilters(func(int) bool { asked.Add(1); return true })})
	for i := range clients {
		c := enter(t, b, packet.V5, fmt.Sprint("c", i))
		c.send(many(1, each))
		expect[*packet.Suback](c)
	}
	asked.Store(0)
	most, last := int64(0), int64(0)
	looked := make(chan struct{}, 1)
	b.workers[0].loop.Post(&inquiry{done: looked, next: func(*worker) bool {
		now := asked.Load()
		most, last = max(most, now-last), now
		return now < clients*each
	}})
	b.Reauthorize()
	<-looked
	if most > 2*(filtersAsked+each) {
		t.Errorf("%d filters were asked about between two looks", most)
	}
}
