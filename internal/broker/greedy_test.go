package broker

import (
	"fmt"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// One client asks for 100,000 filters as fast as its socket takes them, in packets
// of thousands; another on the same loop is served between its packets. What the
// filters cost is bounded, and comes back when they go.
func TestAHundredThousandSubscriptionsLeaveRoomForOthers(t *testing.T) {
	const each, most = 4000, 1200 // most: bytes that one may cost
	all := 100_000
	if transport == Portable { // how they are kept is the same
		all = 2 * each
	}
	b := start(t, Options{Loops: 1, Zone: Zone{Subscriptions: all}})
	greedy, other := enter(t, b, packet.V5, "greedy"), enter(t, b, packet.V5, "other")
	other.subscribe("plant/0/+/#", 0)
	before := int(inUse())
	go func() {
		for at := 0; at < all; at += each {
			s := &packet.Subscribe{ID: uint16(1 + at/each)}
			for i := range each {
				s.Filters = append(s.Filters, packet.Subscription{Filter: fmt.Appendf(nil, "plant/%d/+/#", at+i)})
			}
			if _, err := greedy.nc.Write(s.Append(nil, packet.V5)); err != nil {
				return // the test has failed, or waits for a SUBACK
			}
		}
	}()
	rounds := 0
	for int(b.Stats().Subscriptions) < all { // its packets and ours take turns
		other.send(publish("plant/0/a/b", "x", 0, 0), packet.Pingreq{})
		expect[*packet.Publish](other)
		expect[packet.Pingresp](other)
		rounds++
	}
	for at := 0; at < all; at += each {
		a := expectBeside[*packet.Suback](greedy)
		for _, r := range a.Reasons {
			if r != 0 {
				t.Fatalf("SUBACK %d: %#x", a.ID, r)
			}
		}
	}
	if rounds < 2 { // it was far more often, unless this test got no processor
		t.Errorf("the other client was served %d times meanwhile", rounds)
	}
	if grown := int(inUse()) - before; grown > all*most {
		t.Errorf("%d bytes a subscription", grown/all)
	}
	greedy.send(&packet.Disconnect{})
	_ = greedy.nc.Close()
	eventually(t, "they are gone", func() bool { return b.Stats().Subscriptions == 1 })
	if left := int(inUse()) - before; left > 16<<20 {
		t.Errorf("%d bytes are left", left)
	}
}

// expectBeside is expect for a client that gets messages, too.
func expectBeside[P packet.Packet](c *raw) P {
	c.t.Helper()
	for {
		p, err := c.read()
		if err != nil {
			c.t.Fatal(err)
		}
		if want, ok := p.(P); ok {
			return want
		}
	}
}

// Many filters that each match everything that is retained do not line it up as
// often as the client likes.
func TestRetainedMessagesThatWaitForOneClientAreBounded(t *testing.T) {
	const messages = 10_000
	b := start(t, Options{RetainedAhead: 5 * messages})
	for i := range messages {
		if err := b.retained.Set(&msg.Message{Topic: fmt.Append(nil, "r/", i), Payload: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	c := enter(t, b, packet.V5, "c")
	s := &packet.Subscribe{ID: 1}
	for _, f := range []string{"#", "+/#", "r/#", "r/+", "+/+", "r/+/#", "+/+/#"} {
		s.Filters = append(s.Filters, packet.Subscription{Filter: []byte(f)})
	}
	c.send(s)
	if a := expect[*packet.Suback](c); string(a.Reasons) != "\x00\x00\x00\x00\x00\x97\x97" {
		t.Errorf("%x", a.Reasons)
	}
	c.send(&packet.Subscribe{ID: 2, Filters: s.Filters[6:]}) // some have gone: there is room again
	if a := expectBeside[*packet.Suback](c); a.Reasons[0] != packet.Success {
		t.Errorf("%x", a.Reasons)
	}
}
