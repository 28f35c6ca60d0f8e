package broker

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/broker/rewrite"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

func rules(t testing.TB, list ...rewrite.Rule) *rewrite.Rules {
	t.Helper()
	r, err := rewrite.Compile(list)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTopicsAreRewritten(t *testing.T) {
	log := &fakeLog{}
	b := start(t, Options{Keeper: log, Rewrite: rules(t,
		rewrite.Rule{Action: rewrite.Publish, Source: "old/#", Regex: "^old/(.*)$", Destination: "new/%c/$1"},
		rewrite.Rule{Action: rewrite.Subscribe, Source: "mine/#", Regex: "^mine/(.*)$", Destination: "new/${clientid}/$1"},
		rewrite.Rule{Action: rewrite.Publish, Source: "bad", Regex: "", Destination: "a/+"},
	)})
	one, two := enter(t, b, packet.V5, "one"), enter(t, b, packet.V311, "two")
	one.subscribe("mine/#", 1)
	for i := range uint16(2) { // the second from the cache
		for _, c := range []*raw{one, two} {
			c.send(publish("old/temp", "x", 1, i+1))
		}
		expect[*packet.Ack](two)
		if p := expect[*packet.Publish](one); text(p) != "new/one/temp=x" {
			t.Errorf("got %s", text(p))
		}
		expect[*packet.Ack](one)
	}
	one.send(publish("bad", "x", 1, 9))
	if a := expect[*packet.Ack](one); a.Reason != packet.TopicNameInvalid {
		t.Errorf("%#x", a.Reason)
	}
	one.send(&packet.Unsubscribe{ID: 3, Filters: [][]byte{[]byte("mine/#")}})
	if a := expect[*packet.Unsuback](one); a.Reasons[0] != packet.Success {
		t.Errorf("%+v", a)
	}
	if n := log.keptOn("new/two/temp"); n != 2 {
		t.Errorf("kept %d", n)
	}
	wide := enter(t, b, packet.V5, "#")
	wide.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("mine/#")}}})
	if a := expect[*packet.Suback](wide); a.Reasons[0] != packet.TopicFilterInvalid {
		t.Errorf("%#x", a.Reasons[0])
	}
}

func TestWillsAreRewritten(t *testing.T) {
	b := start(t, Options{Rewrite: rules(t,
		rewrite.Rule{Action: rewrite.All, Source: "gone/#", Regex: "^gone/(.*)$", Destination: "plant/$1"},
		rewrite.Rule{Action: rewrite.Publish, Source: "bad", Regex: "", Destination: "#"},
	)})
	onlooker := enter(t, b, packet.V5, "onlooker")
	onlooker.subscribe("plant/#", 0)
	for _, will := range []string{"gone/c1", "bad"} {
		c := dial(t, b, packet.V5)
		c.send(&packet.Connect{Version: packet.V5, CleanStart: true, ClientID: []byte("c1"), HasWill: true, Will: packet.Will{Topic: []byte(will), Payload: []byte("x")}})
		expect[*packet.Connack](c)
		_ = c.nc.Close()
		if will == "gone/c1" {
			if p := expect[*packet.Publish](onlooker); text(p) != "plant/c1=x" {
				t.Errorf("got %s", text(p))
			}
		}
	}
	eventually(t, "the bad will is counted", func() bool { return b.Stats().Dropped[fault.BadTopicName] == 1 })
}

func TestClientsAreSubscribedWhenTheyComeIn(t *testing.T) {
	b := start(t, Options{
		Zone:              Zone{Subscriptions: 2},
		AutoSubscriptions: []AutoSubscription{{Filter: "to/${clientid}/#", QoS: 1}, {Filter: "to/%u"}, {Filter: "beyond/the/limit"}},
	})
	pub := enter(t, b, packet.V5, "pub")
	pub.send(&packet.Publish{Topic: []byte("to/dev/hello"), Payload: []byte("kept"), Retain: true})
	pub.send(packet.Pingreq{})
	expect[packet.Pingresp](pub)
	c := dial(t, b, packet.V5)
	c.send(&packet.Connect{Version: packet.V5, CleanStart: true, ClientID: []byte("dev"), Username: []byte("ann")})
	expect[*packet.Connack](c)
	if p := expect[*packet.Publish](c); text(p) != "to/dev/hello=kept" || !p.Retain {
		t.Errorf("got %s, retain=%v", text(p), p.Retain)
	}
	pub.send(publish("to/ann", "x", 0, 0))
	if p := expect[*packet.Publish](c); text(p) != "to/ann=x" {
		t.Errorf("got %s", text(p))
	}
	eventually(t, "refused to pub and to dev", func() bool { return b.Stats().SubscriptionsRefused[fault.TooMany] == 2 })
	wide := enter(t, b, packet.V5, "+")
	wide.send(packet.Pingreq{})
	expect[packet.Pingresp](wide)
	eventually(t, "counted", func() bool { return b.Stats().SubscriptionsRefused[fault.BadTopicFilter] == 1 })
}

func TestClientEvents(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now, System: System{Node: "n1"}})
	onlooker := enter(t, b, packet.V5, "onlooker")
	onlooker.subscribe("$SYS/brokers/+/alarms/+", 0)
	onlooker.subscribe("$SYS/brokers/+/clients/#", 0)
	next := func(topic string) map[string]any {
		t.Helper()
		p := expect[*packet.Publish](onlooker)
		for strings.Contains(string(p.Topic), "/onlooker/") {
			p = expect[*packet.Publish](onlooker)
		}
		if string(p.Topic) != "$SYS/brokers/n1/"+topic {
			t.Fatalf("got %s, want %s", p.Topic, topic)
		}
		var v map[string]any
		if err := json.Unmarshal(p.Payload, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	c := dial(t, b, packet.V311)
	c.send(&packet.Connect{Version: packet.V311, CleanStart: true, ClientID: []byte("a/#"), Username: []byte("ann"), KeepAlive: 60})
	expect[*packet.Connack](c)
	v := next("clients/a/%23/connected")
	if v["clientid"] != "a/#" || v["username"] != "ann" || v["proto_ver"] != 4. || v["keepalive"] != 60. || v["ipaddress"] != "127.0.0.1" || v["ts"] != float64(clock.ns.Load()/1e6) {
		t.Errorf("%v", v)
	}
	c.subscribe("x/+", 1)
	if v := next("clients/a/%23/subscribed"); v["topic"] != "x/+" || v["subopts"].(map[string]any)["qos"] != 1. {
		t.Errorf("%v", v)
	}
	c.send(&packet.Unsubscribe{ID: 3, Filters: [][]byte{[]byte("x/+"), []byte("never")}})
	if v := next("clients/a/%23/unsubscribed"); v["topic"] != "x/+" {
		t.Errorf("%v", v)
	}
	_ = c.nc.Close()
	if v := next("clients/a/%23/disconnected"); v["reason"] != "tcp_closed" || v["username"] != "ann" {
		t.Errorf("%v", v)
	}
	enter(t, b, packet.V5, "d").send(&packet.Disconnect{})
	next("clients/d/connected")
	if v := next("clients/d/disconnected"); v["reason"] != "normal" {
		t.Errorf("%v", v)
	}
	b.TellAlarm("stream-full", "The disk is full", "Make room.", true)
	if v := next("alarms/activate"); v["name"] != "stream-full" || v["activated"] != true {
		t.Errorf("%v", v)
	}
	if s := b.Stats(); s.Dropped[fault.NoSubscriber] != 0 {
		t.Errorf("%v", s.Dropped)
	}
}

// What a client that leaves is subscribed to gets no word of its leaving.
func TestAClientIsNotToldOfItsOwnEnd(t *testing.T) {
	b := start(t, Options{})
	c := enter(t, b, packet.V5, "same")
	c.subscribe("$SYS/brokers/+/clients/+/disconnected", 0)
	enter(t, b, packet.V5, "same")
	if d := expect[*packet.Disconnect](c); d.Reason != packet.SessionTakenOver {
		t.Errorf("%+v", d)
	}
	c.closed()
}
