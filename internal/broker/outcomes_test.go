package broker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/refused"
	"github.com/millrace/millrace/internal/broker/why"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/say"
)

// outcomes are what a client can be told of a message beside the reasons: a word and a part
// of the sentence.
var outcomes = map[string]struct {
	happens func(k *inquired)
	want    why.Outcome
	text    string
}{
	"acknowledged": {func(k *inquired) {
		c := k.enter("c")
		c.subscribe("a", 1)
		k.publish("a")
		c.send(&packet.Ack{Kind: packet.TypePuback, ID: expect[*packet.Publish](c).ID}, packet.Pingreq{})
		expect[packet.Pingresp](c)
	}, why.Acknowledged, "acknowledged it after"},
	"not acknowledged yet": {func(k *inquired) {
		k.enter("c").subscribe("a", 1)
		k.publish("a")
	}, why.Sent, "not acknowledged yet"},
	"acknowledged after it had waited": {func(k *inquired) {
		c, _ := come(k.t, k.Broker, "c", 100, nil)
		c.subscribe("a", 1)
		c.drop(k.Broker)
		k.publish("a")
		c, _ = come(k.t, k.Broker, "c", 100, nil)
		c.send(&packet.Ack{Kind: packet.TypePuback, ID: expect[*packet.Publish](c).ID}, packet.Pingreq{})
		expect[packet.Pingresp](c)
	}, why.Acknowledged, "acknowledged it after"},
	"queued": {func(k *inquired) {
		c, _ := come(k.t, k.Broker, "c", 100, nil)
		c.subscribe("a", 1)
		c.drop(k.Broker)
		k.publish("a")
	}, why.Queued, "which is not connected"},
	"one of many": {func(k *inquired) {
		for i := range 48 {
			k.enter(fmt.Sprint("x", i)).subscribe("a", 0)
		}
		k.enter("c").subscribe("a", 0)
		k.pub = k.enter("pub")
		k.pub.send(publish("a", "x", 0, 0), packet.Pingreq{})
		expect[packet.Pingresp](k.pub)
	}, why.Sent, "QoS 0 is not acknowledged"},
	"one of many, subscribed long before and again since": {func(k *inquired) {
		for i := range 48 {
			k.enter(fmt.Sprint("x", i)).subscribe("a", 0)
		}
		c := k.enter("c")
		c.subscribe("a", 0)
		k.forget(c)
		k.pub = k.enter("pub")
		k.pub.send(publish("a", "x", 0, 0), packet.Pingreq{})
		expect[packet.Pingresp](k.pub)
		expect[*packet.Publish](c)
		c.subscribe("a", 0)
	}, why.Sent, "QoS 0 is not acknowledged"},
	"of QoS 0, from another loop": {func(k *inquired) {
		k.enter("c").subscribe("a", 0)
		other := "p"
		for k.homeOf(other) == k.homeOf("c") {
			other += "p"
		}
		k.pub = k.enter(other)
		k.pub.send(publish("a", "x", 0, 0), packet.Pingreq{})
		expect[packet.Pingresp](k.pub)
	}, why.Sent, "QoS 0 is not acknowledged"},
	"of QoS 0, as a member and alone": {func(k *inquired) {
		c := k.enter("c")
		c.subscribe("$share/g/a", 0)
		c.subscribe("a", 0)
		c.send(publish("a", "x", 0, 0), packet.Pingreq{})
		c.untilPong()
		a := k.why("c", "a")
		if n := strings.Count(spelt(a), "It was written to the client's connection"); len(a.Stories) != 1 || n != 4 {
			k.t.Errorf("it came twice, which makes two steps: %s", spelt(a))
		}
	}, why.Sent, "QoS 0 is not acknowledged"},
	"subscribed in the same write": {func(k *inquired) {
		c := k.enter("c")
		c.send(subscribing("a"), publish("a", "x", 0, 0), packet.Pingreq{})
		c.untilPong()
	}, why.Sent, "QoS 0 is not acknowledged"},
	"subscribed behind it in the same write": {func(k *inquired) {
		c := k.enter("c")
		c.send(publish("a", "x", 0, 0), subscribing("a"), packet.Pingreq{})
		c.untilPong()
	}, why.NotSubscribed, "after the message came"},
	"unsubscribed behind it in the same write": {func(k *inquired) {
		c := k.enter("c")
		c.subscribe("a", 0)
		c.send(publish("a", "x", 0, 0), &packet.Unsubscribe{ID: 1, Filters: [][]byte{[]byte("a")}}, packet.Pingreq{})
		c.untilPong()
	}, why.Sent, "QoS 0 is not acknowledged"},
	"subscribed too late": {func(k *inquired) {
		c := k.enter("c")
		k.publish("a")
		settle(k.Broker)
		c.subscribe("a", 1)
	}, why.NotSubscribed, "after the message came"},
	"unsubscribed before": {func(k *inquired) {
		c := k.enter("c")
		c.subscribe("a", 1)
		c.send(&packet.Unsubscribe{ID: 1, Filters: [][]byte{[]byte("a")}})
		expect[*packet.Unsuback](c)
		k.publish("a")
	}, why.NotSubscribed, "had unsubscribed from a"},
	"another filter": {func(k *inquired) {
		c := k.enter("c")
		c.subscribe("b/+", 1)
		c.subscribe("a/+", 1)
		k.publish("a")
	}, why.NotSubscribed, "nearest filter is a/+"},
	"its own": {func(k *inquired) {
		k.pub = k.enter("c")
		k.pub.subscribeWith(0, packet.Subscription{Filter: []byte("a"), QoS: 1, NoLocal: true})
		k.publish("a")
	}, why.NoLocal, "no local"},
	"another member": {func(k *inquired) {
		k.enter("c").subscribe("$share/g/a", 1)
		other := k.enter("other")
		other.subscribe("$share/g/a", 1)
		for {
			k.publish("a")
			if a := k.why("c", "a"); a.Outcome != why.Sent {
				return
			}
		}
	}, why.OtherMember, `went to client "other"`},
	"delayed": {func(k *inquired) {
		k.enter("c").subscribe("a", 1)
		k.publish("$delayed/100/a")
	}, why.Waiting, "$delayed"},
	"gone before": {func(k *inquired) {
		c := k.enter("c")
		c.subscribe("a", 1)
		c.send(&packet.Disconnect{})
		c.untilClosed()
		k.publish("a")
	}, why.NotSubscribed, "the client disconnected"},
	"nobody": {func(k *inquired) { k.publish("a") }, why.NoClient, "none was seen lately"},
	"nothing": {func(k *inquired) {
		k.enter("c").subscribe("a", 1)
		k.publish("A")
	}, why.NoMessage, `published on "a"`},
	"forgotten": {func(k *inquired) {
		c := k.enter("c")
		c.subscribe("#", 1)
		k.publish("a")
		for i := range 4000 {
			k.publish(fmt.Sprint("other/", i))
			expect[*packet.Publish](c)
		}
	}, why.NoMessage, "is recorded"},
}

// untilPong takes what comes before the answer to a PINGREQ.
func (c *raw) untilPong() {
	for {
		p, err := c.read()
		if _, ok := p.(packet.Pingresp); ok || err != nil {
			return
		}
	}
}

func subscribing(filter string) *packet.Subscribe {
	return &packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte(filter)}}}
}

// forget lets the loop of c record so much that it forgets what was before.
func (k *inquired) forget(c *raw) {
	for i := range 6000 {
		c.send(publish(fmt.Sprint("other/", i), "x", 0, 0))
	}
	c.send(packet.Pingreq{})
	expect[packet.Pingresp](c)
}

func TestWhyTellsEveryOutcome(t *testing.T) {
	for name, c := range outcomes {
		t.Run(name, func(t *testing.T) {
			k := inquire(t, Options{Zone: Zone{Inflight: 10_000}, RecorderBytes: 1}) // two segments a loop
			c.happens(k)
			if a := k.why("c", "a"); a.Outcome != c.want || !strings.Contains(a.Text.String(), c.text) {
				t.Errorf("want %s: %s\ngot %s", c.want, c.text, spelt(a))
			}
		})
	}
}

// A client that comes back often repeats its SUBSCRIBE. The subscription is as old as its
// first one, also when the node has started since; why says both times.
func TestASubscriptionMadeAnewKeepsItsAge(t *testing.T) {
	d, clock := newDisk(), newClock()
	o := Options{Now: clock.now, RecorderBytes: 1}
	b, _ := d.node(t, o)
	c, _ := come(t, b, "c", 1000, nil)
	c.subscribe("a", 0)
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
	clock.forward(100 * time.Second)
	b, _ = d.killed(t).node(t, o)
	k := &inquired{Broker: b, t: t, refused: refused.New(0, 0)}
	c, _ = come(t, b, "c", 1000, nil)
	clock.forward(20 * time.Second)
	settle(b)
	c.subscribe("a", 0)
	clock.forward(5 * time.Second)
	settle(b)
	a := k.why("c", "a")
	if want := "The subscription to a began 2 min 5 s ago, and was made anew 5s ago."; !slices.ContainsFunc(a.State, func(s say.Said) bool { return s.String() == want }) {
		t.Errorf("not told: %s\ngot %q", want, a.State)
	}
}

// What a loop sends of its own accord, from a stream that a client follows or of the node's
// own topics, is told as that, and not as what became of the message after it.
func TestWhyTellsWhatNobodyPublished(t *testing.T) {
	clock := newClock()
	b, _ := newDisk().node(t, Options{Loops: 1, Now: clock.now, System: System{Interval: 5 * time.Second, NoEMQX: true}})
	k := &inquired{Broker: b, t: t, refused: refused.New(0, 0)}
	k.pub = k.enter("pub")
	k.pub.publishAll("kept/a", []string{"x"})
	c := k.enter("c")
	c.subscribe("$stream/telemetry/all/kept/a", 1)
	c.send(&packet.Ack{Kind: packet.TypePuback, ID: expect[*packet.Publish](c).ID}, packet.Pingreq{})
	expect[packet.Pingresp](c)
	k.pub.send(publish("other", "x", 0, 0), packet.Pingreq{})
	expect[packet.Pingresp](k.pub)
	if a := k.why("c", "other"); a.Outcome != why.NotSubscribed {
		t.Errorf("a message that did not come: %s", spelt(a))
	}
	if a := k.why("c", "kept/a"); a.Outcome != why.Acknowledged || !strings.Contains(spelt(a), "from a stream that the client follows") {
		t.Errorf("a message of a stream: %s", spelt(a))
	}
	c.subscribeWith(0, packet.Subscription{Filter: []byte("$SYS/broker/uptime"), RetainHandling: 2})
	b.tick()
	expect[*packet.Publish](c)
	if a := k.why("c", "$SYS/broker/uptime"); a.Outcome != why.Sent {
		t.Errorf("a topic of the node: %s", spelt(a))
	}
}
