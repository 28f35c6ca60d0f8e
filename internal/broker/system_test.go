package broker

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// until reads what the client gets until the topic came, and returns its payload.
func until(t *testing.T, c *raw, topic string) string {
	t.Helper()
	for {
		if p := expect[*packet.Publish](c); string(p.Topic) == topic {
			return string(p.Payload)
		}
	}
}

// A clock that stands still: only the test makes the node tell.
func TestSystemTopicsStandForNewSubscribers(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now, System: System{Node: "n1", Version: "1.2"}})
	b.tick()
	eventually(t, "the node has told", func() bool { return b.system.stands.Get([]byte("$SYS/brokers/n1/sysdescr")) != nil })
	c := enter(t, b, packet.V311, "onlooker")
	c.subscribe("$SYS/broker/version", 0)
	p := expect[*packet.Publish](c)
	if string(p.Payload) != "millrace version 1.2" || !p.Retain {
		t.Errorf("%s retain=%v", p.Payload, p.Retain)
	}
	c.subscribe("$SYS/brokers/+/sysdescr", 0)
	if p := expect[*packet.Publish](c); string(p.Topic) != "$SYS/brokers/n1/sysdescr" || string(p.Payload) != "Millrace" {
		t.Errorf("%s=%s", p.Topic, p.Payload)
	}
}

func TestSystemTopicsComeAtTheInterval(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now, System: System{Interval: 5 * time.Second, NoEMQX: true}})
	c := enter(t, b, packet.V5, "onlooker")
	c.subscribeWith(0, packet.Subscription{Filter: []byte("$SYS/broker/uptime"), RetainHandling: 2})
	b.tick() // somebody has begun to listen; what is told at the start may come as well
	for i, last := 0, ""; i < 4; i++ {
		want := fmt.Sprintf("%d seconds", 5*i)
		for last != want {
			p := expect[*packet.Publish](c)
			if text := string(p.Payload); text != want && text != last || p.Retain {
				t.Fatalf("%s retain=%v, want %s", text, p.Retain, want)
			}
			last = string(p.Payload)
		}
		clock.forward(5 * time.Second)
		b.tick()
	}
}

// However the loops get on with their counting, nobody gets older figures behind newer ones.
func TestSystemTopicsNeverStepBack(t *testing.T) {
	const tellings = 1000
	clock := newClock()
	b := start(t, Options{Now: clock.now, Loops: 4, System: System{Interval: time.Second, NoEMQX: true}})
	c := enter(t, b, packet.V5, "onlooker")
	c.subscribeWith(0, packet.Subscription{Filter: []byte("$SYS/broker/uptime"), RetainHandling: 2})
	for range tellings {
		clock.forward(time.Second)
		b.system.tick(b)
	}
	for last := 0; last < tellings; {
		var at int
		text := string(expect[*packet.Publish](c).Payload)
		if _, err := fmt.Sscanf(text, "%d seconds", &at); err != nil || at < last {
			t.Fatalf("%q behind %d seconds", text, last)
		}
		last = at
	}
}

// Nothing of the node's own is matched by # [MQTT-4.7.2-1], kept in a stream or
// counted as a retained message.
func TestSystemTopicsStayApart(t *testing.T) {
	clock, log := newClock(), &fakeLog{}
	b := start(t, Options{Now: clock.now, Keeper: log, RetainedMessages: 1, System: System{Interval: time.Second}})
	onlooker, all := enter(t, b, packet.V5, "onlooker"), enter(t, b, packet.V5, "all")
	all.subscribe("#", 0)
	all.subscribe("+/broker/uptime", 0)
	onlooker.subscribe("$SYS/broker/uptime", 1)
	until(t, onlooker, "$SYS/broker/uptime")
	for range 3 {
		clock.forward(time.Second)
		b.tick()
		until(t, onlooker, "$SYS/broker/uptime")
	}
	all.send(publish("done", "x", 0, 0))
	if p := expect[*packet.Publish](all); string(p.Topic) != "done" {
		t.Errorf("# matched %s", p.Topic)
	}
	for _, m := range log.messages() {
		if m.Topic[0] == '$' {
			t.Errorf("the log keeps %s", m.Topic)
		}
	}
	eventually(t, "one message is counted", func() bool { return b.Stats().MessagesIn == [3]uint64{1} })
	if n := b.Stats().Retained; n != 0 {
		t.Errorf("%d retained", n)
	}
}

func TestClientsDoNotPublishBelowSYS(t *testing.T) {
	b := start(t, Options{})
	c := enter(t, b, packet.V5, "forger")
	c.send(publish("$SYS/broker/version", "forged", 1, 1))
	if a := expect[*packet.Ack](c); a.Reason != packet.NotAuthorized {
		t.Errorf("reason %#x", a.Reason)
	}
}

// What is told equals what Stats says at that moment.
func TestSystemTopicsAreExact(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now, System: System{Interval: time.Second, Node: "n1"}})
	onlooker := enter(t, b, packet.V5, "onlooker")
	pub, sub := enter(t, b, packet.V5, "pub"), enter(t, b, packet.V5, "sub")
	sub.subscribe("a/#", 1)
	sub.subscribe("$share/g/b", 1)
	sub.subscribe("$queue/b", 1)
	for i := range 10 {
		pub.send(&packet.Publish{Topic: []byte("a/" + strconv.Itoa(i)), Payload: []byte("x"), QoS: 1, ID: uint16(i + 1), Retain: true})
		expect[*packet.Ack](pub)
		expect[*packet.Publish](sub) // and leaves it unacknowledged
	}
	pub.send(publish("nobody", "x", 0, 0))
	onlooker.subscribe("$SYS/#", 0)
	settle(b) // two more messages from inside on each loop, which nobody gets
	eventually(t, "all is counted", func() bool { return b.Stats().Dropped[fault.NoSubscriber] == 5 })
	st := b.Stats()
	clock.forward(time.Second)
	b.tick()
	want := map[string]uint64{
		"$SYS/broker/clients/connected":                       3,
		"$SYS/broker/subscriptions/count":                     uint64(st.Subscriptions),
		"$SYS/broker/shared_subscriptions/count":              2,
		"$SYS/broker/messages/inflight":                       10,
		"$SYS/broker/retained messages/count":                 10,
		"$SYS/broker/publish/messages/received":               st.PacketsIn[packet.TypePublish],
		"$SYS/broker/publish/bytes/received":                  st.PublishBytesIn,
		"$SYS/broker/bytes/received":                          st.BytesIn,
		"$SYS/brokers/n1/stats/topics/count":                  3,
		"$SYS/brokers/n1/metrics/messages/qos1/received":      st.MessagesIn[1],
		"$SYS/brokers/n1/metrics/packets/connect/received":    st.PacketsIn[packet.TypeConnect],
		"$SYS/brokers/n1/metrics/messages/dropped":            st.Dropped[fault.NoSubscriber],
		"$SYS/brokers/n1/metrics/packets/pingreq/received":    0,
		"$SYS/brokers/n1/metrics/packets/disconnect/received": 0,
	}
	last := map[string]string{} // what stands comes first: it is told only when it has changed
	for wrong := len(want); wrong > 0; {
		p, err := onlooker.read()
		if err != nil {
			t.Fatalf("%v; told %q, want %v", err, last, want)
		}
		last[string(p.(*packet.Publish).Topic)] = string(p.(*packet.Publish).Payload)
		wrong = 0
		for topic, n := range want {
			if last[topic] != strconv.FormatUint(n, 10) {
				wrong++
			}
		}
	}
	if st.PublishBytesIn == 0 || st.PublishBytesOut == 0 {
		t.Errorf("%+v", st)
	}
}

func TestAnIntervalBelowZeroTellsNothing(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now, System: System{Interval: -1}})
	c := enter(t, b, packet.V5, "onlooker")
	c.subscribe("$SYS/#", 0)
	c.subscribe("mine", 0)
	clock.forward(time.Hour)
	b.tick()
	settle(b)
	c.send(publish("mine", "x", 0, 0))
	if p := expect[*packet.Publish](c); string(p.Topic) != "mine" {
		t.Errorf("got %s", p.Topic)
	}
}

func TestSessionsWithoutAConnectionAreTold(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now, System: System{Interval: time.Second, NoEMQX: true}})
	onlooker := enter(t, b, packet.V5, "onlooker")
	onlooker.subscribeWith(0, packet.Subscription{Filter: []byte("$SYS/broker/clients/+"), RetainHandling: 2})
	c := dial(t, b, packet.V5)
	c.send(&packet.Connect{Version: packet.V5, CleanStart: true, ClientID: []byte("away"), SessionExpiry: 60})
	expect[*packet.Connack](c)
	c.send(&packet.Disconnect{})
	c.closed()
	settle(b)
	clock.forward(time.Second) // the broker's own clock may have ticked before
	b.tick()
	for _, one := range [][2]string{{"total", "2"}, {"disconnected", "1"}} {
		topic, want := one[0], one[1]
		for until(t, onlooker, "$SYS/broker/clients/"+topic) != want {
			t.Logf("%s is not %s yet", topic, want)
		}
	}
	clock.forward(61 * time.Second)
	settleTicks(b)
	clock.forward(time.Second)
	b.tick()
	for until(t, onlooker, "$SYS/broker/clients/expired") != "1" {
		t.Log("not expired yet")
	}
}

// settleTicks lets every loop look at its timers.
func settleTicks(b *Broker) {
	for _, w := range b.workers {
		w.loop.Tick()
	}
	settle(b)
}
