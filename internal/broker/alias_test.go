package broker

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"github.com/eclipse/paho.golang/paho"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

func TestTopicAliasesBothWays(t *testing.T) {
	log := &fakeLog{prefix: "plant/"}
	b := start(t, Options{Keeper: log, Zone: Zone{TopicAliases: 2}})
	plain, short := enter(t, b, packet.V311, "plain"), dial(t, b, packet.V5)
	plain.subscribe("plant/#", 1)
	short.write(connectBytes(packet.V5, "short", func(p *packet.Connect) { p.TopicAliasMaximum = 10 }))
	if a := expect[*packet.Connack](short); a.TopicAliasMaximum != 2 {
		t.Fatalf("%+v", a)
	}
	short.subscribe("plant/#", 1)
	pub := enter(t, b, packet.V5, "pub")
	told := map[uint16]string{}
	for i, p := range []packet.Publish{
		{Topic: []byte("plant/a"), Alias: 1}, {Alias: 1}, {Topic: []byte("plant/b"), Alias: 2}, {Alias: 2}, {Alias: 1},
		{Topic: []byte("plant/c"), Alias: 1}, {Alias: 1}, {Topic: []byte("plant/a")}, {Topic: []byte("plant/d")},
	} {
		want := []string{"plant/a", "plant/a", "plant/b", "plant/b", "plant/a", "plant/c", "plant/c", "plant/a", "plant/d"}[i]
		p.QoS, p.ID = byte(i%2), uint16(i*(i%2))
		pub.send(&p)
		if p.QoS == 1 {
			expect[*packet.Ack](pub)
		}
		if got := expect[*packet.Publish](plain); string(got.Topic) != want {
			t.Errorf("%d: %s, want %s", i, got.Topic, want)
		}
		got := expect[*packet.Publish](short)
		if len(got.Topic) > 0 {
			told[got.Alias] = string(got.Topic)
		}
		if told[got.Alias] != want || got.Alias > 2 {
			t.Errorf("%d: %s by alias %d, want %s", i, told[got.Alias], got.Alias, want)
		}
	}
	if told[1] != "plant/a" || told[2] != "plant/b" {
		t.Error(told)
	}
	eventually(t, "all kept", func() bool { return log.keptOn("plant/a") == 4 && log.keptOn("plant/c") == 2 })

	// The next connection begins anew.
	pub = enter(t, b, packet.V5, "pub")
	pub.send(&packet.Publish{Alias: 1})
	if d := expect[*packet.Disconnect](pub); d.Reason != packet.ProtocolError {
		t.Errorf("%+v", d)
	}
}

func TestTopicAliasesMayBeSwitchedOff(t *testing.T) {
	b := start(t, Options{Zone: Zone{TopicAliases: -1}})
	c := dial(t, b, packet.V5)
	c.write(connectBytes(packet.V5, "c", func(p *packet.Connect) { p.TopicAliasMaximum = 10 }))
	if a := expect[*packet.Connack](c); a.TopicAliasMaximum != 0 {
		t.Fatalf("%+v", a)
	}
	c.subscribe("plant/a", 0)
	c.send(publish("plant/a", "", 0, 0))
	if got := expect[*packet.Publish](c); got.Alias != 0 {
		t.Errorf("%+v", got)
	}
	c.send(&packet.Publish{Topic: []byte("a"), Alias: 1})
	if d := expect[*packet.Disconnect](c); d.Reason != packet.TopicAliasInvalid {
		t.Errorf("%+v", d)
	}
}

// Paho's own router understands what the broker sends by alias.
func TestPahoFiveWithTopicAliases(t *testing.T) {
	const topics, n = 3, 50
	b := start(t, Options{})
	got, router := newSeen(), paho.NewStandardRouter()
	for i := range topics {
		topic := fmt.Sprint("plant/", i)
		router.RegisterHandler(topic, func(p *paho.Publish) { got.add(topic, p.Payload) })
	}
	nc, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var aliased atomic.Int64
	sub := paho.NewClient(paho.ClientConfig{Conn: nc, OnPublishReceived: []func(paho.PublishReceived) (bool, error){
		func(r paho.PublishReceived) (bool, error) {
			if r.Packet.Topic == "" {
				aliased.Add(1)
			}
			router.Route(r.Packet.Packet())
			return true, nil
		},
	}})
	most := uint16(10)
	if _, err := sub.Connect(t.Context(), &paho.Connect{ClientID: "sub", CleanStart: true, Properties: &paho.ConnectProperties{TopicAliasMaximum: &most}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Disconnect(&paho.Disconnect{}); <-sub.Done() })
	if _, err := sub.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "plant/#", QoS: 2}}}); err != nil {
		t.Fatal(err)
	}
	pub := pahoFive(t, b, "pub", func(paho.PublishReceived) {})
	for i := range topics * n {
		alias, p := uint16(i%topics+1), &paho.Publish{QoS: byte(i % 3), Payload: fmt.Append(nil, i/topics)}
		if p.Properties = (&paho.PublishProperties{TopicAlias: &alias}); i < topics {
			p.Topic = fmt.Sprint("plant/", i)
		}
		if _, err := pub.Publish(context.Background(), p); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all delivered", func() bool { return got.total() == topics*n })
	got.inOrder(t, topics, n)
	if k := aliased.Load(); k != topics*(n-1) {
		t.Errorf("%d by alias", k)
	}
}
