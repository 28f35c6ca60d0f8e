package broker

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/stream"
)

// disk is the logs of a node, which its brokers leave behind.
type disk map[string]*stream.MemoryLog

func newDisk() disk {
	return disk{"telemetry": new(stream.MemoryLog), "sessions": new(stream.MemoryLog), "journal": new(stream.MemoryLog)}
}

// node runs a broker over the logs, with what end ends at once.
func (d disk) node(t *testing.T, o Options) (b *Broker, end func()) {
	t.Helper()
	return d.nodeOn(t, o, func(c stream.LogConfig) stream.Log { return d[c.Name] })
}

// nodeOn is node with logs of the test's own.
func (d disk) nodeOn(t *testing.T, o Options, log func(stream.LogConfig) stream.Log) (b *Broker, end func()) {
	t.Helper()
	s, err := stream.New(stream.Options{
		Streams: []stream.Config{
			{Name: "telemetry", Filters: []string{"kept/#"}}, {Name: "sessions", BuiltIn: true}, {Name: "journal", BuiltIn: true, State: true},
		},
		Open: func(_ context.Context, c stream.LogConfig) (stream.Log, error) { return log(c), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	journal, err := s.Journal("journal")
	if err != nil {
		t.Fatal(err)
	}
	o.Keeper, o.Streams, o.Durable = s, s, Durable{Journal: journal, Log: s, Spare: 1, SpareName: "sessions", Lost: o.Durable.Lost}
	b = start(t, o)
	end = func() {
		if err := stop(b); err != nil {
			t.Error(err)
		}
		s.Close(t.Context())
	}
	t.Cleanup(func() { _ = stop(b); s.Close(context.Background()) })
	return b, end
}

// take reads n messages, acknowledges each, and returns their payloads.
func (c *raw) take(n int) (got []string) {
	c.t.Helper()
	for range n {
		p := expect[*packet.Publish](c)
		got = append(got, string(p.Payload))
		if p.QoS == 1 {
			c.send(&packet.Ack{Kind: packet.TypePuback, ID: p.ID})
		}
	}
	return got
}

// takeTo is take until that payload has come.
func (c *raw) takeTo(last string) (got []string) {
	c.t.Helper()
	for len(got) == 0 || got[len(got)-1] != last {
		got = append(got, c.take(1)...)
	}
	return got
}

func series(prefix string, from, to int) (all []string) {
	for n := from; n <= to; n++ {
		all = append(all, fmt.Sprint(prefix, n))
	}
	return all
}

// publishAll publishes with QoS 1 and waits for each acknowledgement.
func (c *raw) publishAll(topic string, payloads []string) {
	c.t.Helper()
	for i, p := range payloads {
		c.send(publish(topic, p, 1, uint16(i+1)))
		expect[*packet.Ack](c)
	}
}

// A client that does not acknowledge falls behind and loses nothing, however short its
// queue: what it missed comes from the log, while others go on publishing.
func TestWhoFallsBehindGetsEverythingInOrder(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	for _, topic := range []string{"kept/a", "other/a"} {
		t.Run(topic, func(t *testing.T) {
			b, _ := newDisk().node(t, Options{Zone: Zone{Queue: 5, Inflight: 2}})
			sub, _ := come(t, b, "sub", 100, nil)
			sub.subscribe("+/a", 1)
			pub := enter(t, b, packet.V5, "pub")
			pub.publishAll(topic, series("m", 1, 300))
			done := make(chan bool)
			go func() {
				defer close(done)
				pub.publishAll(topic, series("m", 301, 900))
			}()
			got := sub.take(600)
			<-done
			got = append(got, sub.take(300)...)
			if want := series("m", 1, 900); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v", got)
			}
			if n := b.Stats().Dropped; n[fault.QueueFull] != 0 {
				t.Errorf("dropped %v", n)
			}
		})
	}
}

// A session that does not want its own messages changes nothing for others of its loop: they
// get each message once, from the log.
func TestNoLocalBesideOtherSessions(t *testing.T) {
	for _, topic := range []string{"kept/a", "other/a"} {
		b, _ := newDisk().node(t, Options{Loops: 1})
		all, _ := come(t, b, "all", 100, nil)
		all.subscribe(topic, 1)
		own, _ := come(t, b, "own", 100, nil)
		own.subscribeWith(0, packet.Subscription{Filter: []byte(topic), QoS: 1, NoLocal: true})
		own.publishAll(topic, []string{"mine"})
		enter(t, b, packet.V5, "pub").publishAll(topic, []string{"theirs", "end"})
		if got := all.takeTo("end"); !reflect.DeepEqual(got, []string{"mine", "theirs", "end"}) {
			t.Errorf("%s: others got %v", topic, got)
		}
		if got := own.takeTo("end"); !reflect.DeepEqual(got, []string{"theirs", "end"}) {
			t.Errorf("%s: it got %v", topic, got)
		}
		for _, c := range []*raw{all, own} {
			if more := c.next(); len(more) > 0 {
				t.Errorf("%s: and %v", topic, more)
			}
		}
	}
}

// What a session is comes back with the node: subscriptions with what they missed, and
// nothing of those that ended.
func TestSessionsComeBackWithTheNode(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	d := newDisk()
	b, end := d.node(t, Options{})
	sub, _ := come(t, b, "sub", 100, nil)
	sub.subscribe("kept/#", 1)
	sub.subscribe("other/#", 2)
	sub.subscribe("left/#", 1)
	sub.send(&packet.Unsubscribe{ID: 5, Filters: [][]byte{[]byte("left/#")}})
	expect[*packet.Unsuback](sub)
	gone, _ := come(t, b, "gone", 100, nil)
	gone.subscribe("kept/#", 1)
	gone.drop(b)
	enter(t, b, packet.V5, "gone").drop(b) // begins without it, and keeps none
	sub.drop(b)
	pub := enter(t, b, packet.V5, "pub")
	long := make([]byte, 1000)
	pub.publishAll("kept/1", []string{"one", string(long), "two"})
	pub.publishAll("left/1", []string{"no"})
	pub.publishAll("other/1", []string{"three"})
	end()

	b, end = d.node(t, Options{})
	if n := b.lasting.Load(); n != 1 {
		t.Errorf("%d sessions last", n)
	}
	sub, a := come(t, b, "sub", 100, nil)
	if !a.SessionPresent {
		t.Error("the session is not there")
	}
	got := map[string]bool{}
	for _, p := range sub.take(4) {
		got[p] = true
	}
	if !got["one"] || !got["two"] || !got["three"] || !got[string(long)] {
		t.Errorf("got %d messages: %v", len(got), got)
	}
	pub = enter(t, b, packet.V5, "pub")
	pub.publishAll("left/1", []string{"no"})
	pub.publishAll("kept/1", []string{"four"})
	if got := sub.take(1); got[0] != "four" {
		t.Errorf("got %v", got)
	}
	end()
}

// Who comes back to the node after it was started again need not subscribe anew, in any
// version, and gets what is below $SYS, too.
func TestSubscriptionsOfEveryVersionComeBackWithTheNode(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	d, id := newDisk(), packet.Version.String
	session := func(b *Broker, v packet.Version) (*raw, *packet.Connack) {
		return come(t, b, id(v), 1000, func(p *packet.Connect) { p.Version = v })
	}
	b, end := d.node(t, Options{})
	for _, v := range versions {
		c, _ := session(b, v)
		c.subscribe("kept/+", 1)
		c.subscribe("$SYS/brokers/+/clients/marker/connected", 0)
		c.drop(b)
	}
	end()

	b, end = d.node(t, Options{})
	var back []*raw
	for _, v := range versions {
		c, a := session(b, v)
		if had := v == packet.V311 || v == packet.V5; a.SessionPresent != had { // 3.1 has no word for it
			t.Errorf("%v: session present is %v", v, a.SessionPresent)
		}
		back = append(back, c)
	}
	marker := enter(t, b, packet.V5, "marker")
	for _, c := range back {
		if p := expect[*packet.Publish](c); string(p.Topic) != "$SYS/brokers/millrace/clients/marker/connected" {
			t.Errorf("%v: got %s", c.version, p.Topic)
		}
	}
	marker.publishAll("kept/a", []string{"one"})
	for _, c := range back {
		if got := c.take(1); got[0] != "one" {
			t.Errorf("%v: got %q", c.version, got)
		}
	}
	end()
}

// A will that waited and a session's end come to their time, also when the node was down
// then; a will that was published stays so.
func TestWillsAndEndsComeWithTheNode(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	d, clock := newDisk(), newClock()
	o := Options{Now: clock.now}
	b, end := d.node(t, o)
	heir, _ := come(t, b, "heir", 1000, nil)
	heir.subscribe("wills/#", 1)
	for _, c := range []struct {
		id            string
		delay, expiry uint32
	}{{"soon", 10, 100}, {"later", 50, 100}, {"short", 90, 20}} {
		m, _ := come(t, b, c.id, c.expiry, func(p *packet.Connect) {
			p.HasWill, p.Will = true, packet.Will{Topic: []byte("wills/" + c.id), Payload: []byte(c.id), QoS: 1, Delay: c.delay}
		})
		m.drop(b)
	}
	heir.drop(b)
	end()

	clock.forward(30 * time.Second)
	b, end = d.node(t, o)
	heir, _ = come(t, b, "heir", 1000, nil)
	if got := heir.take(2); got[0] == got[1] || got[0] == "later" || got[1] == "later" {
		t.Errorf("got %v", got)
	}
	heir.send(packet.Pingreq{})
	expect[packet.Pingresp](heir) // its acknowledgements have come
	eventually(t, "the short session has ended", func() bool { return b.lasting.Load() == 3 })
	end()

	b, end = d.node(t, o)
	clock.forward(30 * time.Second)
	heir, _ = come(t, b, "heir", 1000, nil)
	if got := heir.take(1); got[0] != "later" {
		t.Errorf("got %v", got)
	}
	end()
}

// The time that a message lies in the log counts for its expiry interval, also while the
// node is down, for sessions and for shared subscriptions.
func TestTheTimeInTheLogCounts(t *testing.T) {
	for _, filter := range []string{"other/#", "$share/g/other/#"} {
		d, clock := newDisk(), newClock()
		o := Options{Now: clock.now}
		b, _ := d.node(t, o)
		c, _ := come(t, b, "c", 1000, nil)
		c.subscribe(filter, 1)
		c.drop(b)
		pub := enter(t, b, packet.V5, "pub")
		for i, seconds := range []uint32{10, 100} {
			p := publish("other/1", fmt.Sprint(seconds), 1, uint16(i+1))
			p.HasExpiry, p.Expiry = true, seconds
			pub.send(p)
			expect[*packet.Ack](pub)
		}
		d = d.killed(t)
		clock.forward(30 * time.Second)
		b, _ = d.node(t, o)
		c, _ = come(t, b, "c", 1000, nil)
		if p := expect[*packet.Publish](c); string(p.Payload) != "100" || !p.HasExpiry || p.Expiry != 70 {
			t.Errorf("%s: got %+v", filter, p)
		}
		settle(b)
		if n := b.Stats().Dropped[fault.Expired]; n != 1 {
			t.Errorf("%s: %d have expired", filter, n)
		}
	}
}
