package broker

import (
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

func TestTopicsAreCountedOnDemand(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now, TopicMeters: 1})
	sub := enter(t, b, packet.V5, "sub")
	other := enter(t, b, packet.V5, "other")
	sub.subscribe("plant/#", 1)
	other.subscribe("$share/g/plant/#", 0)
	pub := enter(t, b, packet.V5, "pub")
	send := func() {
		pub.send(publish("plant/a", "12345", 1, 1))
		expect[*packet.Ack](pub)
		m := expect[*packet.Publish](sub)
		sub.send(&packet.Ack{Kind: packet.TypePuback, ID: m.ID})
		expect[*packet.Publish](other)
	}
	send()
	if _, err := b.CountTopic("plant/+"); err != nil {
		t.Fatal(err)
	}
	for filter, code := range map[string]fault.Code{"plant/+": fault.Conflict, "plant/#": fault.TooMany, "a/#/b": fault.BadTopicFilter, "$share/g/a": fault.SharedUnsupported} {
		if _, err := b.CountTopic(filter); fault.CodeOf(err) != code {
			t.Errorf("%s: %v", filter, err)
		}
	}
	for range 3 {
		send()
	}
	pub.send(publish("elsewhere", "1", 0, 0), packet.Pingreq{})
	expect[packet.Pingresp](pub)
	eventually(t, "deliveries on the other loop are counted", func() bool {
		c := b.TopicCounts()[0]
		return c.In == [3]uint64{0, 3, 0} && c.Out[1] == 3 && c.BytesIn == 15 && c.BytesOut >= 15 && c.Dropped == 0
	})
	if err := b.UncountTopic("plant/+"); err != nil {
		t.Fatal(err)
	}
	if err := b.UncountTopic("plant/+"); fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
	send()
	if len(b.TopicCounts()) != 0 {
		t.Error("still counted")
	}
}

func TestSlowSubscribersAreTold(t *testing.T) {
	clock := newClock()
	told := make(chan string, 10)
	b := start(t, Options{Now: clock.now, SlowAfter: time.Second, Slow: func(client, topic string, took time.Duration, _ time.Time) {
		told <- fmt.Sprint(client, " ", topic, " ", took)
	}})
	sub, _ := come(t, b, "sub", 60, nil)
	clean := enter(t, b, packet.V5, "clean")
	pub := enter(t, b, packet.V5, "pub")
	for _, c := range []*raw{sub, clean} {
		c.subscribe("plant/#", 1)
	}
	pub.send(publish("plant/a", "x", 1, 1))
	expect[*packet.Ack](pub)
	for _, c := range []*raw{sub, clean} {
		m := expect[*packet.Publish](c)
		clock.forward(3 * time.Second)
		c.send(&packet.Ack{Kind: packet.TypePuback, ID: m.ID})
		c.send(packet.Pingreq{})
		expect[packet.Pingresp](c)
	}
	if a, z := <-told, <-told; a != "sub plant/a 3s" || z != "clean  6s" {
		t.Error(a, "|", z)
	}
	pub.send(publish("plant/a", "x", 1, 1))
	expect[*packet.Ack](pub)
	m := expect[*packet.Publish](sub)
	sub.send(&packet.Ack{Kind: packet.TypePuback, ID: m.ID}, packet.Pingreq{})
	expect[packet.Pingresp](sub)
	if len(told) != 0 {
		t.Error(<-told)
	}
}

func TestAClientIsShownInDetail(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now})
	sub, _ := come(t, b, "sub", 60, func(p *packet.Connect) {
		p.ReceiveMaximum, p.KeepAlive, p.HasWill = 1, 0, true
		p.Will = packet.Will{Topic: []byte("gone"), Payload: []byte("12345"), QoS: 1, Delay: 7}
	})
	sub.subscribe("plant/#", 1)
	sub.send(publish("up", "x", 2, 5))
	expect[*packet.Ack](sub)
	pub := enter(t, b, packet.V5, "pub")
	for i := range 3 {
		pub.send(publish(fmt.Sprint("plant/", i), "x", 1, 1))
		expect[*packet.Ack](pub)
	}
	expect[*packet.Publish](sub)
	eventually(t, "two wait", func() bool { d, err := b.Client(t.Context(), "sub"); return err == nil && len(d.Queue) == 2 })
	d, err := b.Client(t.Context(), "sub")
	if err != nil || d.Agreed.SendMax != 1 || d.TLS != nil || d.Log != nil || d.SessionExpiry != 60 || d.Transport != "tcp" || d.QueuedBytes == 0 {
		t.Errorf("%+v %v", d, err)
	}
	if d.Will == nil || d.Will.Topic != "gone" || d.Will.Delay != 7 || d.Will.Size != 5 {
		t.Errorf("%+v", d.Will)
	}
	if len(d.Flights) != 1 || d.Flights[0].Topic != "plant/0" || d.Flights[0].Awaits != packet.TypePuback || len(d.Held) != 1 || d.Held[0].Awaits != packet.TypePubrel {
		t.Errorf("%+v", d.Flights)
	}
	if d.Queue[0].Topic != "plant/1" || d.Queue[0].QoS != 1 || d.Queue[0].Since == 0 {
		t.Errorf("%+v", d.Queue)
	}
	sub.drop(b)
	if d, err = b.Client(t.Context(), "sub"); err != nil || d.Connected || d.DisconnectedAt == 0 || d.ExpiresAt-d.DisconnectedAt != 60e9 || d.Inflight == 0 {
		t.Errorf("away: %+v %v", d.Client, err)
	}
	if err := b.Kick(t.Context(), "sub", false); fault.CodeOf(err) != fault.Conflict {
		t.Error(err)
	}
	if err := b.Kick(t.Context(), "sub", true); err != nil {
		t.Error(err)
	}
	if _, err := b.Client(t.Context(), "sub"); fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
}
