package broker

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

func TestSubscriptionOptions(t *testing.T) {
	b := start(t, Options{})
	c := enter(t, b, packet.V5, "c")
	c.subscribeWith(3, packet.Subscription{Filter: []byte("a/#"), QoS: 0, RetainAsPublished: true})
	c.subscribeWith(500, packet.Subscription{Filter: []byte("a/b"), QoS: 1})
	c.subscribeWith(0, packet.Subscription{Filter: []byte("own/#"), QoS: 1, NoLocal: true})
	c.subscribeWith(9, packet.Subscription{Filter: []byte("own/too"), QoS: 0})
	other := enter(t, b, packet.V5, "other")

	props := packet.AppendProperty(nil, packet.Property{ID: packet.ResponseTopic, Value: []byte("r")})
	props = packet.AppendProperty(props, packet.Property{ID: packet.UserProperty, Key: []byte("k"), Value: []byte("v")})
	other.send(&packet.Publish{Topic: []byte("a/b"), QoS: 1, ID: 1, Properties: props, HasExpiry: true, Expiry: 60})
	got := expect[*packet.Publish](c)
	if got.QoS != 1 || got.Expiry != 60 || !bytes.Equal(got.Properties, props) || len(got.SubscriptionIDs) != 2 || got.SubscriptionIDs[0]+got.SubscriptionIDs[1] != 503 {
		t.Errorf("overlapping filters: %+v", got)
	}

	c.send(publish("own/x", "1", 1, 1), publish("own/too", "2", 1, 2))
	if a := expect[*packet.Ack](c); a.Reason != packet.NoMatchingSubscribers {
		t.Errorf("%+v", a)
	}
	if got := expect[*packet.Publish](c); text(got) != "own/too=2" || got.QoS != 0 || len(got.SubscriptionIDs) != 1 {
		t.Errorf("no local: %+v", got)
	}
	expect[*packet.Ack](c)
	other.send(publish("own/too", "3", 1, 2))
	if got := expect[*packet.Publish](c); text(got) != "own/too=3" || got.QoS != 1 {
		t.Errorf("no local, from another: %+v", got)
	}
}

func TestReceiveMaximumHoldsBothWays(t *testing.T) {
	log := &fakeLog{prefix: "kept/"}
	log.hold()
	b := start(t, Options{Keeper: log, Zone: Zone{ReceiveMaximum: 2, Queue: 3}})

	sub := dial(t, b, packet.V5)
	sub.send(&packet.Connect{Version: 5, CleanStart: true, ClientID: []byte("sub"), ReceiveMaximum: 2})
	expect[*packet.Connack](sub)
	sub.subscribe("a", 1)
	pub := enter(t, b, packet.V5, "pub")
	for id := uint16(1); id <= 8; id++ { // 2 in flight, 3 wait, 3 are dropped
		pub.send(publish("a", fmt.Sprint(id), 1, id))
		expect[*packet.Ack](pub)
	}
	eventually(t, "drops", func() bool { return b.Stats().Dropped[fault.QueueFull] == 3 })
	for id := 1; id <= 5; id++ {
		got := expect[*packet.Publish](sub)
		if string(got.Payload) != fmt.Sprint(id) {
			t.Fatalf("%s, want %d", got.Payload, id)
		}
		sub.send(&packet.Ack{Kind: packet.TypePuback, ID: got.ID})
	}

	greedy := enter(t, b, packet.V5, "greedy")
	greedy.send(publish("kept/a", "", 1, 1), publish("kept/a", "", 1, 2), publish("kept/a", "", 1, 3))
	if d := expect[*packet.Disconnect](greedy); d.Reason != packet.ReceiveMaxExceeded {
		t.Fatalf("%+v", d)
	}
	patient := enter(t, b, packet.V311, "patient") // 3.1.1 has no such rule: it is read no further
	patient.send(publish("kept/b", "", 1, 1), publish("kept/b", "", 1, 2), publish("kept/b", "", 1, 3))
	eventually(t, "two more in", func() bool { return b.Stats().MessagesIn[1] == 12 })
	log.release(nil)
	for id := uint16(1); id <= 3; id++ {
		if a := expect[*packet.Ack](patient); a.ID != id {
			t.Fatalf("%+v", a)
		}
	}
}

func TestASlowLogStopsItsPublishersAlone(t *testing.T) {
	log := &fakeLog{prefix: "kept/"}
	log.hold()
	b := start(t, Options{Loops: 1, Keeper: log, MaxUnkept: 10_000, Zone: Zone{MaxPacketSize: 2000}})
	const n = 1000
	pub := enter(t, b, packet.V5, "pub")
	sent := make(chan bool)
	go func() {
		defer close(sent)
		for range n {
			p := packet.Publish{Topic: []byte("kept/a"), Payload: make([]byte, 1000)}
			if _, err := pub.nc.Write(p.Append(nil, packet.V5)); err != nil {
				t.Error(err)
			}
		}
	}()
	eventually(t, "the publisher is paused", func() bool { return b.Stats().Waiting == 1 })
	if s := b.Stats(); s.Unkept > 10_000+2000 {
		t.Errorf("%d bytes under way", s.Unkept)
	}
	other := enter(t, b, packet.V5, "other")
	other.send(publish("else", "", 1, 1))
	expect[*packet.Ack](other)
	log.release(nil)
	<-sent
	eventually(t, "everything kept", func() bool { return len(log.messages()) == n })
}

func TestASlowReaderLosesItsOwnMessagesAlone(t *testing.T) {
	b := start(t, Options{Zone: Zone{OutputBuffer: 64 << 10, Queue: 10}})
	slow, quick, pub := enter(t, b, packet.V5, "slow"), enter(t, b, packet.V5, "quick"), enter(t, b, packet.V5, "pub")
	slow.subscribe("a", 1)
	quick.subscribe("a", 1)
	payload := make([]byte, 50_000)
	n := 0
	for s := b.Stats(); s.Dropped[fault.SlowReader] == 0 || s.Dropped[fault.QueueFull] == 0; s = b.Stats() {
		p := publish("a", "", byte(n%2), uint16(n%2)*1)
		p.Payload = payload
		pub.send(p)
		if p.QoS == 1 {
			expect[*packet.Ack](pub)
		}
		n++
		got := expect[*packet.Publish](quick)
		if got.QoS == 1 {
			quick.send(&packet.Ack{Kind: packet.TypePuback, ID: got.ID})
		}
	}
	for range 5 { // it catches up from what waits for it
		if got := expect[*packet.Publish](slow); got.QoS == 1 {
			slow.send(&packet.Ack{Kind: packet.TypePuback, ID: got.ID})
		}
	}
}

func TestManyClientsLoseAndDoubleNothing(t *testing.T) {
	const publishers, subscribers, n = 20, 20, 200
	log := newLaterLog(t)
	b := start(t, Options{Loops: 4, Keeper: log})
	collected := make([]*seen, subscribers)
	var all sync.WaitGroup
	for i := range subscribers {
		collected[i] = newSeen()
		sub := enter(t, b, versions[i%3], fmt.Sprint("sub", i))
		sub.subscribe("load/#", 1)
		all.Go(func() { collect(t, sub, collected[i], publishers*n) })
	}
	for i := range publishers {
		pub := enter(t, b, versions[i%3], fmt.Sprint("pub", i))
		all.Go(func() { flood(t, pub, log, fmt.Sprint("load/", i), n) })
	}
	all.Wait()
	for _, s := range collected {
		s.inOrder(t, publishers, n)
	}
	kept := newSeen()
	for _, m := range log.messages() {
		kept.add(string(m.Topic), m.Payload)
	}
	kept.inOrder(t, publishers, n)
	eventually(t, "all counted", func() bool { return b.Stats().MessagesOut[1] == subscribers*publishers*n })
	if s := b.Stats(); len(s.Dropped) != 0 {
		t.Errorf("%+v", s)
	}
}

func collect(t *testing.T, sub *raw, into *seen, n int) {
	for range n {
		p, err := sub.read()
		m, ok := p.(*packet.Publish)
		if err != nil || !ok {
			t.Errorf("%T, %v after %d", p, err, into.total())
			return
		}
		into.add(string(m.Topic), m.Payload)
		if _, err := sub.nc.Write(packet.AppendAck(nil, packet.TypePuback, m.ID, 0, sub.version)); err != nil {
			t.Error(err)
		}
	}
}

// flood publishes n numbered messages, at most 16 without PUBACK, each of which
// must come after the log has the message.
func flood(t *testing.T, pub *raw, log *laterLog, topic string, n int) {
	acked := 0
	for i := range n {
		if _, err := pub.nc.Write(publish(topic, fmt.Sprint(i), 1, uint16(i+1)).Append(nil, pub.version)); err != nil {
			t.Error(err)
			return
		}
		for ; acked < i-15 || i == n-1 && acked < n; acked++ {
			a, err := pub.read()
			if k, ok := a.(*packet.Ack); err != nil || !ok || int(k.ID) != acked+1 {
				t.Errorf("%T %+v, %v: want PUBACK %d", a, a, err, acked+1)
				return
			}
			if kept := log.keptOn(topic); kept <= acked {
				t.Errorf("%s: PUBACK %d while %d are kept", topic, acked+1, kept)
				return
			}
		}
	}
}

func TestSubscribersComeAndGoWhileMessagesFlow(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	b := start(t, Options{Loops: 3})
	ctx, cancel := context.WithCancel(t.Context())
	var publishers, subscribers sync.WaitGroup
	for i := range 3 {
		pub := enter(t, b, packet.V5, fmt.Sprint("pub", i))
		publishers.Go(func() {
			for ctx.Err() == nil {
				pub.send(publish(fmt.Sprint("t/", i), "x", 1, 1))
				expect[*packet.Ack](pub)
			}
		})
	}
	for i := range 4 {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		subscribers.Go(func() {
			for range 30 {
				sub := enter(t, b, packet.V5, fmt.Sprint("sub", r.IntN(6)))
				topic := fmt.Sprint("t/", r.IntN(3))
				p := packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte(topic)}}}
				_, _ = sub.nc.Write(p.Append(nil, sub.version)) // fails when another took the client over
				for {                                           // the SUBACK, then a message, unless another took the client over
					p, err := sub.read()
					if m, ok := p.(*packet.Publish); err != nil || ok && string(m.Topic) == topic {
						break
					}
				}
				_ = sub.nc.Close()
			}
		})
	}
	subscribers.Wait()
	cancel()
	publishers.Wait()
	eventually(t, "subscribers are gone", func() bool { s := b.Stats(); return s.Subscriptions == 0 && s.Connections == 3 })
}
