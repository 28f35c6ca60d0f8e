package broker

import (
	"testing"

	"github.com/millrace/millrace/internal/broker/outbox"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// atOnce is a message whose expiry interval is there and 0.
func atOnce(topic, payload string, qos byte, id uint16) *packet.Publish {
	p := publish(topic, payload, qos, id)
	p.HasExpiry = true
	return p
}

// [MQTT-3.3.2-5] [MQTT-3.3.2-6]: who is there gets it, nobody else does.
func TestAMessageThatExpiresAtOnce(t *testing.T) {
	for _, log := range []outbox.Keeper{nil, &fakeLog{}} {
		b := start(t, Options{Loops: 2, Keeper: log})
		here, away, pub := enter(t, b, packet.V5, "here"), dial(t, b, packet.V5), enter(t, b, packet.V5, "pub")
		here.subscribe("#", 2)
		away.send(&packet.Connect{Version: packet.V5, ClientID: []byte("away"), SessionExpiry: 60})
		expect[*packet.Connack](away)
		away.subscribe("#", 2)
		_ = away.nc.Close()
		eventually(t, "one is away", func() bool { return b.Stats().Connections == 2 })
		for qos := range byte(3) {
			pub.send(atOnce("a", "x", qos, uint16(qos)+1))
			if got := expect[*packet.Publish](here); !got.HasExpiry || got.Expiry != 0 {
				t.Errorf("QoS %d: %+v", qos, got)
			}
		}
		back := dial(t, b, packet.V5)
		back.send(&packet.Connect{Version: packet.V5, ClientID: []byte("away"), SessionExpiry: 60})
		if a := expect[*packet.Connack](back); !a.SessionPresent {
			t.Fatal("no session")
		}
		pub.send(publish("b", "last", 1, 9))
		back.sees("b=last")
		if n := b.Stats().Dropped[fault.Expired]; n != 2 { // QoS 0 did not wait
			t.Errorf("%d have expired", n)
		}
	}
}

func TestARetainedMessageThatExpiresAtOnceLeavesNone(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	clock := newClock()
	b := start(t, Options{Now: clock.now, RetainedExpiry: 60})
	pub, sub := enter(t, b, packet.V5, "pub"), enter(t, b, packet.V5, "sub")
	last := atOnce("a", "2", 1, 2)
	last.Retain = true
	pub.send(retained("a", "1", 1), last)
	expect[*packet.Ack](pub)
	expect[*packet.Ack](pub)
	sub.subscribe("a", 0)
	pub.send(publish("a", "3", 0, 0))
	sub.sees("a=3")
	if m, ok := b.RetainedMessage("a"); ok {
		t.Errorf("%+v", m)
	}
	eventually(t, "removed and counted", func() bool {
		s := b.Stats()
		return s.Retained == 0 && s.Dropped[fault.Expired] == 1
	})
}

func TestAWillThatExpiresAtOnce(t *testing.T) {
	b := start(t, Options{})
	sub := enter(t, b, packet.V5, "sub")
	sub.subscribe("#", 0)
	c := dial(t, b, packet.V5)
	c.write(connectBytes(packet.V5, "c", func(p *packet.Connect) {
		will("gone", 0, false)(p)
		p.Will.HasExpiry = true
	}))
	expect[*packet.Connack](c)
	_ = c.nc.Close()
	if got := expect[*packet.Publish](sub); !got.HasExpiry || got.Expiry != 0 {
		t.Errorf("%+v", got)
	}
}
