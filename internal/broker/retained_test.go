package broker

import (
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

func retained(topic, payload string, id uint16) *packet.Publish {
	p := publish(topic, payload, 1, id)
	p.Retain = true
	return p
}

func TestRetainedMessagesComeToNewSubscriptions(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now})
	pub := enter(t, b, packet.V5, "pub")
	old := enter(t, b, packet.V5, "old")
	old.subscribe("a/+", 1)
	mortal := retained("a/mortal", "m", 3)
	mortal.HasExpiry, mortal.Expiry = true, 100
	for i, p := range []*packet.Publish{retained("a/1", "x", 1), retained("a/1", "y", 2), mortal, retained("a/gone", "g", 4), retained("a/gone", "", 5)} {
		pub.send(p)
		expect[*packet.Ack](pub)
		if got := expect[*packet.Publish](old); got.Retain { // live: not as retained [MQTT-3.3.1-12]
			t.Errorf("message %d came as retained", i)
		}
	}
	if n := b.Stats().Retained; n != 2 {
		t.Fatalf("%d are retained", n)
	}
	clock.forward(30 * time.Second)
	got := map[string]*packet.Publish{}
	fresh := enter(t, b, packet.V5, "fresh")
	fresh.subscribeWith(7, packet.Subscription{Filter: []byte("a/#"), QoS: 0})
	for range 2 {
		p := expect[*packet.Publish](fresh)
		if got[text(p)] = p; !p.Retain || p.QoS != 0 || p.SubscriptionIDs[0] != 7 {
			t.Errorf("%+v", p)
		}
	}
	if got["a/1=y"] == nil || got["a/mortal=m"] == nil || got["a/mortal=m"].Expiry != 70 {
		t.Errorf("%v", got)
	}
	clock.forward(70 * time.Second)
	for handling, n := range []int{1, 0, 0} { // again always, only when new, never
		fresh.subscribeWith(7, packet.Subscription{Filter: []byte("a/#"), RetainHandling: byte(handling)})
		for range n {
			if p := expect[*packet.Publish](fresh); text(p) != "a/1=y" {
				t.Errorf("%+v", p)
			}
		}
		fresh.send(packet.Pingreq{})
		expect[packet.Pingresp](fresh)
	}
	b.tick()
	eventually(t, "it is gone and counted once", func() bool {
		s := b.Stats()
		return s.Retained == 1 && s.Dropped[fault.Expired] == 1
	})
}

// Messages that nobody asks for are removed all the same when their time has come,
// more of them than one turn removes, and none of the others.
func TestExpiredRetainedMessagesAreSwept(t *testing.T) {
	const mortal, other = 3*sweepMost + 10, 5
	clock := newClock()
	b := start(t, Options{Now: clock.now})
	pub := enter(t, b, packet.V5, "pub")
	for i := range mortal + other {
		p := retained(fmt.Sprint("r/", i), "x", 0)
		p.QoS, p.HasExpiry, p.Expiry = 0, true, 100
		if i >= mortal {
			p.Expiry = 200
		}
		pub.send(p)
	}
	pub.send(packet.Pingreq{})
	expect[packet.Pingresp](pub)
	clock.forward(100*time.Second - 1)
	b.tick()
	if n := b.Stats().Retained; n != mortal+other {
		t.Fatalf("%d are retained a moment too early", n)
	}
	clock.forward(1)
	b.tick()
	eventually(t, "they are gone and counted", func() bool {
		s := b.Stats()
		return s.Retained == other && s.Dropped[fault.Expired] == mortal
	})
	if _, bytes := b.retained.Len(); bytes > other*1000 {
		t.Errorf("%d bytes are left", bytes)
	}
	clock.forward(100 * time.Second)
	b.tick()
	eventually(t, "the others, too", func() bool { return b.Stats().Retained == 0 })
}

func TestRetainAsPublishedAndTheWill(t *testing.T) {
	b := start(t, Options{})
	sub := enter(t, b, packet.V5, "sub")
	sub.subscribeWith(0, packet.Subscription{Filter: []byte("#"), RetainAsPublished: true})
	c := dial(t, b, packet.V5)
	c.write(connectBytes(packet.V5, "c", will("state", 0, true)))
	expect[*packet.Connack](c)
	_ = c.nc.Close()
	if got := expect[*packet.Publish](sub); !got.Retain {
		t.Errorf("%+v", got)
	}
	if n := b.Stats().Retained; n != 0 { // the will had no payload
		t.Error(n)
	}
}

func TestManyRetainedMessagesAllArrive(t *testing.T) {
	const n = 3000
	b := start(t, Options{RetainedMessages: n, Zone: Zone{OutputBuffer: 20_000}})
	pub := enter(t, b, packet.V311, "pub")
	for i := range n + 1 {
		pub.send(&packet.Publish{Topic: fmt.Append(nil, "r/", i), Payload: make([]byte, 200), Retain: true})
	}
	pub.send(packet.Pingreq{})
	expect[packet.Pingresp](pub)
	for qos := byte(0); qos <= 1; qos++ {
		sub := enter(t, b, packet.V5, fmt.Sprint("sub", qos))
		sub.subscribe("r/+", qos)
		seen := map[string]bool{}
		for range n {
			p := expect[*packet.Publish](sub)
			if seen[string(p.Topic)] = true; p.QoS > 0 {
				sub.send(&packet.Ack{Kind: packet.TypePuback, ID: p.ID})
			}
		}
		if len(seen) != n {
			t.Errorf("QoS %d: %d topics", qos, len(seen))
		}
	}
	if s := b.Stats(); s.Dropped[fault.TooMany] != 1 || s.Dropped[fault.SlowReader] != 0 {
		t.Errorf("%v", s.Dropped)
	}
}

// Retained messages that a client has not acknowledged when the node is killed come again,
// as they are then; those that it has do not.
func TestRetainedMessagesOnTheirWaySurviveKills(t *testing.T) {
	d := newDisk()
	o := Options{Zone: Zone{Inflight: 2}}
	b, _ := d.node(t, o)
	pub := enter(t, b, packet.V5, "pub")
	for i := range 6 {
		pub.send(retained(fmt.Sprint("state/", i), fmt.Sprint("v", i), 1))
		expect[*packet.Ack](pub)
	}
	c, _ := come(t, b, "c", 1000, nil)
	c.send(&packet.Subscribe{ID: 9, Filters: []packet.Subscription{{Filter: []byte("state/#"), QoS: 1}}})
	var first *packet.Publish
	for granted := false; !granted || first == nil; { // it waits for the journal
		switch p, err := c.read(); p := p.(type) {
		case *packet.Publish:
			if first == nil {
				first = p
			}
		case *packet.Suback:
			granted = true
		default:
			t.Fatal(p, err)
		}
	}
	c.send(&packet.Ack{Kind: packet.TypePuback, ID: first.ID}) // the others are on their way
	c.next()
	pub.send(retained("state/5", "new", 1))
	expect[*packet.Ack](pub)
	for range 2 { // the second is killed before the client has come
		d = d.killed(t)
		b, _ = d.node(t, o)
	}
	c, _ = come(t, b, "c", 1000, nil)
	got := map[string]int{}
	due := func() bool { // state/5 as it is retained, and as it was published behind the subscription
		return got["new"] < 2 || got["v1"]*got["v2"]*got["v3"]*got["v4"] == 0
	}
	for due() {
		for _, p := range c.next() {
			got[p]++
		}
	}
	for len(c.next()) > 0 { // until its last acknowledgement is taken, too
	}
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
	b, _ = d.killed(t).node(t, o)
	c, _ = come(t, b, "c", 1000, nil)
	for _, p := range c.next() {
		if p != string(first.Payload) { // whose acknowledgement may have come too late
			t.Errorf("%s came again", p)
		}
	}
}
