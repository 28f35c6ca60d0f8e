package broker

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/listener"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// askedFilters calls a test back for each filter that the rules are asked about, on the
// client's loop, and denies those it says no to.
type askedFilters func(n int) bool

func (a askedFilters) Rights(*Identity, *Login) Rights { n := 0; return &countedFilters{a, &n} }

type countedFilters struct {
	asked askedFilters
	n     *int
}

func (c *countedFilters) MayPublish([]byte, byte, bool) bool { return true }

func (c *countedFilters) MaySubscribe([]byte, byte) bool {
	*c.n++
	return c.asked(*c.n - 1)
}

// many is a SUBSCRIBE of n filters.
func many(id uint16, n int) *packet.Subscribe {
	s := &packet.Subscribe{ID: id}
	for i := range n {
		s.Filters = append(s.Filters, packet.Subscription{Filter: fmt.Appendf(nil, "plant/%d/+", i), QoS: byte(i % 3)})
	}
	return s
}

// enterArriving is enter for a client whose arrive sends a packet and returns when it is
// with the loop, which then has only to look; the loop itself may call it.
func enterArriving(t *testing.T, b *Broker, id string) (c *raw, arrive func(packet.Packet)) {
	if transport == Epoll { // loopback sockets take it within the call
		c = enter(t, b, packet.V5, id)
		return c, func(p packet.Packet) { c.send(p) }
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ours, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ours.Close() })
	theirs, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	its := &readCounter{Conn: theirs}
	b.doors[0].adopt(listener.Arrival{Conn: its, Remote: netip.MustParseAddrPort(ours.LocalAddr().String())})
	c = &raw{t: t, nc: ours, version: packet.V5}
	c.write(connectBytes(packet.V5, id, nil))
	expect[*packet.Connack](c)
	eventually(t, "its reader has taken the CONNECT and is back", func() bool { return its.reads.Load() == 2 })
	return c, func(p packet.Packet) {
		c.send(p)
		for since := time.Now(); its.reads.Load() == 2 && time.Since(since) < patience; {
			runtime.Gosched() // it hands over before it reads again
		}
	}
}

// readCounter counts the calls of Read.
type readCounter struct {
	net.Conn
	reads atomic.Int64
}

func (r *readCounter) Read(b []byte) (int, error) {
	r.reads.Add(1)
	return r.Conn.Read(b)
}

// A SUBSCRIBE of 10,000 filters is entered a few at a time: who says something meanwhile
// is heard before many more are. What its client sends behind it waits for the SUBACK,
// which answers for each filter in its place.
func TestASubscribeOfManyFiltersLeavesRoomForOthers(t *testing.T) {
	const all, pingAt, denied = 10_000, 5000, 7777
	var b *Broker
	var other *raw
	var arrive func(packet.Packet)
	heard := func() uint64 { return b.workers[0].counts.packetsIn[packet.TypePingreq] }
	var heardAt atomic.Int64
	b = start(t, Options{Loops: 1, Authorizer: askedFilters(func(n int) bool {
		if n == pingAt {
			arrive(packet.Pingreq{})
		}
		if n > pingAt && heardAt.Load() == 0 && heard() > 0 {
			heardAt.Store(int64(n))
		}
		return n != denied
	})})
	other, arrive = enterArriving(t, b, "other")
	greedy := enter(t, b, packet.V5, "greedy")
	greedy.send(many(1, all), publish("plant/7/a", "x", 0, 0))
	a := expect[*packet.Suback](greedy)
	for i, r := range a.Reasons {
		if want := byte(i % 3); i == denied && r != packet.NotAuthorized || i != denied && r != want {
			t.Fatalf("filter %d: %#x", i, r)
		}
	}
	expect[*packet.Publish](greedy)
	expect[packet.Pingresp](other)
	at := heardAt.Load()
	if at == 0 || at > pingAt+2*filtersMost || len(a.Reasons) != all {
		t.Errorf("%d reasons; who spoke at filter %d was heard at %d", len(a.Reasons), pingAt, at)
	}
}

// The client of such a SUBSCRIBE can be thrown out in the middle of it: the rest is let go.
func TestAClientLeavesInTheMiddleOfASubscribe(t *testing.T) {
	var b *Broker
	var asked atomic.Int64
	b = start(t, Options{Loops: 1, Authorizer: askedFilters(func(n int) bool {
		if asked.Add(1); n == 1000 {
			b.workers[0].loop.Post(&inquiry{done: make(chan struct{}, 1), next: func(w *worker) bool {
				w.end(w.clients["greedy"], errKicked)
				return false
			}})
		}
		return true
	})})
	greedy := enter(t, b, packet.V5, "greedy")
	greedy.send(many(1, 5000))
	expect[*packet.Disconnect](greedy)
	greedy.closed()
	eventually(t, "nothing is left", func() bool { return b.Stats().Subscriptions == 0 })
	again := enter(t, b, packet.V5, "greedy")
	again.send(many(2, 100))
	if a := expect[*packet.Suback](again); len(a.Reasons) != 100 || a.ID != 2 || asked.Load() > 1300 {
		t.Errorf("%d reasons for %d, %d filters were looked at", len(a.Reasons), a.ID, asked.Load())
	}
}

// An UNSUBSCRIBE of 10,000 filters is taken a few at a time, and answered in one packet.
func TestAnUnsubscribeOfManyFiltersLeavesRoomForOthers(t *testing.T) {
	const all = 10_000
	b := start(t, Options{Loops: 1})
	greedy := enter(t, b, packet.V5, "greedy")
	greedy.send(many(1, all))
	expect[*packet.Suback](greedy)
	most, last := 0, all
	looked := make(chan struct{}, 1)
	b.workers[0].loop.Post(&inquiry{done: looked, next: func(w *worker) bool {
		left := w.clients["greedy"].filters.len()
		most, last = max(most, last-left), left
		return left > 1
	}})
	u := &packet.Unsubscribe{ID: 2, Filters: [][]byte{[]byte("never/asked/for")}}
	for i := range all - 1 {
		u.Filters = append(u.Filters, fmt.Appendf(nil, "plant/%d/+", i))
	}
	greedy.send(u, packet.Pingreq{})
	a := expect[*packet.Unsuback](greedy)
	expect[packet.Pingresp](greedy)
	<-looked
	if most > 2*filtersMost {
		t.Errorf("%d filters were ended between two looks", most)
	}
	for i, r := range a.Reasons {
		if want := byte(packet.NoSubscriptionExisted); i == 0 && r != want || i > 0 && r != packet.Success {
			t.Fatalf("filter %d: %#x", i, r)
		}
	}
	if len(a.Reasons) != all || a.ID != 2 {
		t.Errorf("%d reasons for %d", len(a.Reasons), a.ID)
	}
}
