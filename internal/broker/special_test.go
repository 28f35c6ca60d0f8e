package broker

import (
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

func TestADelayedMessageComesAtItsTime(t *testing.T) {
	clock, log := newClock(), &fakeLog{prefix: "kept"}
	b := start(t, Options{Now: clock.now, Keeper: log})
	pub, sub := enter(t, b, packet.V5, "pub"), enter(t, b, packet.V5, "sub")
	sub.subscribe("#", 2)
	pub.send(publish("$delayed/5/kept/late", "late", 1, 1), publish("$delayed/2/kept/soon", "soon", 1, 2), publish("now", "now", 0, 0))
	for id := range uint16(2) {
		if a := expect[*packet.Ack](pub); a.ID != id+1 || a.Reason != packet.Success {
			t.Errorf("%+v", a)
		}
	}
	if p := expect[*packet.Publish](sub); text(p) != "now=now" {
		t.Errorf("first came %s", text(p))
	}
	eventually(t, "both are counted", func() bool {
		s := b.Stats()
		return s.Delayed == 2 && s.DelayedTotal == 2 && s.DelayedBytes > 0 && len(log.messages()) == 0
	})
	clock.forward(2 * time.Second)
	b.tick()
	if p := expect[*packet.Publish](sub); text(p) != "kept/soon=soon" || p.QoS != 1 {
		t.Errorf("then came %s, QoS %d", text(p), p.QoS)
	}
	clock.forward(3 * time.Second)
	b.tick()
	if p := expect[*packet.Publish](sub); text(p) != "kept/late=late" {
		t.Errorf("last came %s", text(p))
	}
	kept := log.messages()
	if len(kept) != 2 || string(kept[1].Publisher) != "pub" || kept[1].Time != clock.ns.Load() {
		t.Errorf("kept %+v", kept)
	}
	if s := b.Stats(); s.Delayed != 0 || s.DelayedBytes != 0 {
		t.Errorf("%+v", s)
	}
}

// The message is retained when it is published, not when it comes.
func TestADelayedMessageIsRetainedAtItsTime(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now})
	pub := enter(t, b, packet.V311, "pub")
	pub.send(&packet.Publish{Topic: []byte("$delayed/9/a"), Payload: []byte("x"), Retain: true, QoS: 2, ID: 7})
	if a := expect[*packet.Ack](pub); a.Kind != packet.TypePubrec {
		t.Errorf("%+v", a)
	}
	pub.send(&packet.Ack{Kind: packet.TypePubrel, ID: 7})
	expect[*packet.Ack](pub)
	if s := b.Stats(); s.Retained != 0 || s.Delayed != 1 {
		t.Errorf("%+v", s)
	}
	clock.forward(9 * time.Second)
	b.tick()
	eventually(t, "retained", func() bool { return b.Stats().Retained == 1 })
}

func TestBadDelaysAreRefused(t *testing.T) {
	b := start(t, Options{DelayedMessages: 1})
	c := enter(t, b, packet.V5, "c")
	for i, want := range []struct {
		topic  string
		reason byte
	}{
		{"$delayed/soon/a", packet.TopicNameInvalid}, {"$delayed/5/", packet.TopicNameInvalid},
		{"$delayed/5/$SYS/a", packet.NotAuthorized}, {"$delayed", packet.NotAuthorized},
		{"$delayed/5/a", packet.Success}, {"$delayed/5/a", packet.QuotaExceeded},
	} {
		for _, qos := range []byte{1, 2} {
			if want.reason == packet.Success && qos == 2 {
				continue
			}
			c.send(publish(want.topic, "x", qos, uint16(2*i)+uint16(qos)))
			if a := expect[*packet.Ack](c); a.Reason != want.reason {
				t.Errorf("%s: %#x, want %#x", want.topic, a.Reason, want.reason)
			}
		}
	}
	c.send(publish("$delayed/x/a", "x", 0, 0), packet.Pingreq{})
	expect[packet.Pingresp](c)
	eventually(t, "counted", func() bool {
		s := b.Stats()
		return s.Dropped[fault.BadTopicName] == 5 && s.Dropped[fault.Forbidden] == 4 && s.Dropped[fault.TooMany] == 2
	})
}

// An MQTT 3.1.1 client cannot be told that there is no room: it is closed without
// PUBACK, and repeats the message.
func TestNoRoomForDelayedMessagesBeforeMQTT5(t *testing.T) {
	b := start(t, Options{DelayedMessages: 1})
	c := enter(t, b, packet.V311, "c")
	c.send(publish("$delayed/5/a", "x", 1, 1))
	expect[*packet.Ack](c)
	c.send(publish("$delayed/5/a", "x", 1, 2))
	c.closed()
}

func TestDelayedMessagesAreListedAndRemoved(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now})
	kept, err := b.Publish(t.Context(), &msg.Message{Topic: []byte("$delayed/60/a/b"), Payload: []byte("xyz"), Publisher: []byte("rest"), QoS: 1})
	if err != nil || kept {
		t.Fatal(kept, err)
	}
	list := b.Delayed()
	if len(list) != 1 {
		t.Fatalf("%+v", list)
	}
	d := list[0]
	if d.Topic != "a/b" || d.Publisher != "rest" || d.Bytes != 3 || d.QoS != 1 || d.Due.Sub(d.Arrived) != time.Minute {
		t.Errorf("%+v", d)
	}
	if err := b.RemoveDelayed(d.ID); err != nil {
		t.Error(err)
	}
	for _, id := range []string{d.ID, "no number"} {
		if err := b.RemoveDelayed(id); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := b.Publish(t.Context(), &msg.Message{Topic: []byte("$delayed/60/$SYS/b")}); fault.CodeOf(err) != fault.Forbidden {
		t.Error(err)
	}
}

// What still waits when the broker closes is lost with its memory, and not in
// silence.
func TestDelayedMessagesThatEndWithTheBrokerAreCounted(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	log := &journal{}
	b := start(t, Options{Log: log.logger()})
	c := enter(t, b, packet.V5, "c")
	for id := range uint16(3) {
		c.send(publish("$delayed/60/a", "x", 1, id+1))
		expect[*packet.Ack](c)
	}
	if err := stop(b); err != nil {
		t.Fatal(err)
	}
	if n := b.Stats().Dropped[fault.ServerShutdown]; n != 3 {
		t.Errorf("%d are counted", n)
	}
	if line := log.line(t, "delayed messages end with the broker"); line["messages"] != 3.0 {
		t.Errorf("%v", line)
	}
}

func TestOneClientHoldsAnExclusiveSubscription(t *testing.T) {
	b := start(t, Options{})
	one, two, pub := enter(t, b, packet.V5, "one"), enter(t, b, packet.V5, "two"), enter(t, b, packet.V5, "pub")
	ask := func(c *raw, filter string) byte {
		c.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte(filter)}}})
		return expect[*packet.Suback](c).Reasons[0]
	}
	if r := ask(one, "$exclusive/a/#"); r != 0 {
		t.Errorf("the first: %#x", r)
	}
	if r := ask(one, "$exclusive/a/#"); r != 0 {
		t.Errorf("the first, again: %#x", r)
	}
	if r := ask(two, "$exclusive/a/#"); r != packet.QuotaExceeded {
		t.Errorf("the second: %#x", r)
	}
	if r := ask(two, "a/#"); r != 0 {
		t.Errorf("an ordinary one beside it: %#x", r)
	}
	pub.send(publish("a/1", "x", 0, 0))
	for _, c := range []*raw{one, two} {
		if p := expect[*packet.Publish](c); text(p) != "a/1=x" {
			t.Errorf("got %s", text(p))
		}
	}
	one.send(&packet.Unsubscribe{ID: 2, Filters: [][]byte{[]byte("$exclusive/a/#")}})
	expect[*packet.Unsuback](one)
	if r := ask(two, "$exclusive/a/#"); r != 0 {
		t.Errorf("after unsubscribe: %#x", r)
	}
	two.send(&packet.Disconnect{})
	two.closed()
	if r := ask(one, "$exclusive/a/#"); r != 0 {
		t.Errorf("after the session's end: %#x", r)
	}
	eventually(t, "counted", func() bool { return b.Stats().SubscriptionsRefused[fault.ExclusiveTaken] == 1 })
}

// $queue/FILTER and $share/$queue/FILTER are one group, each message goes to one.
func TestQueueIsOneGroup(t *testing.T) {
	b := start(t, Options{})
	one, two, pub := enter(t, b, packet.V5, "one"), enter(t, b, packet.V311, "two"), enter(t, b, packet.V5, "pub")
	one.subscribe("$queue/a/+", 1)
	two.subscribe("$share/$queue/a/+", 1)
	for i := range uint16(4) {
		pub.send(publish("a/1", "x", 1, i+1))
		expect[*packet.Ack](pub)
	}
	for range 2 {
		expect[*packet.Publish](one)
		expect[*packet.Publish](two)
	}
	for _, f := range []string{"$queue/", "$exclusive/", "$queue/$share/g/a", "$exclusive/#/a"} {
		one.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte(f)}}})
		if a := expect[*packet.Suback](one); a.Reasons[0] != packet.TopicFilterInvalid {
			t.Errorf("%s: %#x", f, a.Reasons[0])
		}
	}
}

// The rules are asked about what a filter brings and where a message goes: no
// prefix leads around them.
func TestRulesSeeThroughPrefixes(t *testing.T) {
	for filter, want := range map[string]string{
		"a/#": "a/#", "$share/g/a/#": "a/#", "$queue/a/#": "a/#", "$exclusive/a/#": "a/#", "$SYS/#": "$SYS/#", "$share/g/$SYS/#": "$SYS/#",
	} {
		if got := string(plainFilter([]byte(filter))); got != want {
			t.Errorf("%s: %s, want %s", filter, got, want)
		}
	}
	for name, want := range map[string]string{
		"a/b": "a/b", "$delayed/5/a/b": "a/b", "$delayed/1893456000/a/b": "a/b", "$delayed/99999999999/a": "a", "$delayed/5/": "$delayed/5/", "$delayed/": "$delayed/",
	} {
		if got := string(publishedTopic([]byte(name))); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
