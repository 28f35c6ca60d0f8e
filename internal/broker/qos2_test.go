package broker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	paho3 "github.com/eclipse/paho.mqtt.golang"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// answers expects the acknowledgement of that kind.
func (c *raw) answers(kind packet.Type, id uint16, reason byte) {
	c.t.Helper()
	if a := expect[*packet.Ack](c); a.Kind != kind || a.ID != id || a.Reason != reason {
		c.t.Fatalf("%+v, want %v %d %#x", a, kind, id, reason)
	}
}

// completes is the sender's second half of QoS 2.
func (c *raw) completes(id uint16) {
	c.t.Helper()
	c.send(&packet.Ack{Kind: packet.TypePubrel, ID: id})
	c.answers(packet.TypePubcomp, id, packet.Success)
}

// takes expects a QoS 2 message and answers it to the end.
func (c *raw) takes() *packet.Publish {
	c.t.Helper()
	p := expect[*packet.Publish](c)
	if p.QoS != 2 || p.Dup {
		c.t.Fatalf("%+v", p)
	}
	c.send(&packet.Ack{Kind: packet.TypePubrec, ID: p.ID})
	c.answers(packet.TypePubrel, p.ID, packet.Success)
	c.send(&packet.Ack{Kind: packet.TypePubcomp, ID: p.ID})
	return p
}

func TestExactlyOnceComesAfterTheLog(t *testing.T) {
	for _, v := range versions {
		t.Run(v.String(), func(t *testing.T) {
			log := &fakeLog{prefix: "kept/"}
			b := start(t, Options{Keeper: log})
			sub := enter(t, b, v, "sub")
			sub.subscribe("#", 2)
			pub := enter(t, b, v, "pub")

			log.hold()
			again := publish("kept/a", "1", 2, 7)
			again.Dup = true
			pub.send(publish("kept/a", "1", 2, 7), again, publish("else", "at once", 0, 0))
			if got := expect[*packet.Publish](sub); string(got.Topic) != "else" {
				t.Fatalf("%s came before the log had it", text(got))
			}
			log.release(nil)
			if got := sub.takes(); text(got) != "kept/a=1" {
				t.Fatal(text(got))
			}
			pub.answers(packet.TypePubrec, 7, packet.Success)
			pub.send(again)
			pub.answers(packet.TypePubrec, 7, packet.Success)
			pub.completes(7)

			pub.send(publish("else", "2", 2, 7)) // no stream takes it
			pub.answers(packet.TypePubrec, 7, packet.Success)
			pub.completes(7)
			if got := sub.takes(); text(got) != "else=2" {
				t.Fatal(text(got))
			}
			if n := len(log.messages()); n != 1 {
				t.Errorf("%d are kept", n)
			}
			eventually(t, "the counts", func() bool {
				s := b.Stats()
				return s.MessagesIn[2] == 2 && s.MessagesOut[2] == 2 && s.PacketsOut[packet.TypePubcomp] == 2 && s.PacketsIn[packet.TypePubrel] == 2 && s.PacketsOut[packet.TypePubrel] == 2
			})
		})
	}
}

func TestWhatTheLogRefusesReachesNobody(t *testing.T) {
	log := &fakeLog{prefix: "kept/"}
	b := start(t, Options{Keeper: log})
	sub := enter(t, b, packet.V5, "sub")
	sub.subscribe("#", 2)
	five, three := enter(t, b, packet.V5, "five"), enter(t, b, packet.V311, "three")
	refuse := func(c *raw) {
		log.hold()
		before := b.Stats().MessagesIn[2]
		c.send(publish("kept/a", "refused", 2, 3))
		eventually(t, "taken", func() bool { return b.Stats().MessagesIn[2] == before+1 })
		log.release(fault.Wrap(fault.StorageFull, "test", errors.New("full"), "The disk is full."))
	}
	refuse(five)
	five.answers(packet.TypePubrec, 3, packet.QuotaExceeded)
	refuse(three)
	three.closed()
	log.release(nil)
	five.send(publish("kept/a", "kept", 2, 3)) // the identifier is free
	five.answers(packet.TypePubrec, 3, packet.Success)
	five.completes(3)
	if got := sub.takes(); text(got) != "kept/a=kept" {
		t.Fatal(text(got))
	}
	if s := b.Stats(); s.Dropped[fault.StorageFull] != 2 || s.Closed[fault.StorageFull] != 1 {
		t.Errorf("%+v", s)
	}
}

func TestAWillAndARetainedMessageOfQoS2(t *testing.T) {
	log := &fakeLog{prefix: "kept/"}
	b := start(t, Options{Keeper: log})
	sub := enter(t, b, packet.V5, "sub")
	sub.subscribe("#", 2)
	for _, topic := range []string{"kept/gone", "gone"} {
		c := dial(t, b, packet.V311)
		c.write(connectBytes(packet.V311, "c", func(p *packet.Connect) {
			will(topic, 2, true)(p)
			p.Will.Payload = []byte("x")
		}))
		expect[*packet.Connack](c)
		_ = c.nc.Close()
		if got := sub.takes(); string(got.Topic) != topic {
			t.Error(text(got))
		}
	}
	late := enter(t, b, packet.V5, "late")
	late.subscribe("+/gone", 2)
	if got := late.takes(); text(got) != "kept/gone=x" || !got.Retain {
		t.Errorf("%+v", got)
	}
}

// A publisher that has gone when the log answers: its message is kept and comes.
func TestAMessageOutlivesItsPublisher(t *testing.T) {
	log := &fakeLog{}
	log.hold()
	b := start(t, Options{Keeper: log})
	sub := enter(t, b, packet.V5, "sub")
	sub.subscribe("a", 1)
	pub := enter(t, b, packet.V5, "pub")
	pub.send(publish("a", "1", 2, 1), &packet.Disconnect{})
	pub.closed()
	log.release(nil)
	if got := expect[*packet.Publish](sub); text(got) != "a=1" || got.QoS != 1 {
		t.Errorf("%+v", got)
	}
}

// Before MQTT 5 a publisher is read no further while the log owes it as many
// PUBRECs as it may have; those it owes a PUBREL for do not stop it.
func TestReceiveMaximumOfQoS2BeforeMQTT5(t *testing.T) {
	const n = 20
	log := newLaterLog(t)
	b := start(t, Options{Keeper: log, Zone: Zone{ReceiveMaximum: 3}})
	pub := enter(t, b, packet.V311, "pub")
	for id := uint16(1); id <= n; id++ {
		pub.send(publish("a", "", 2, id))
	}
	for id := uint16(1); id <= n; id++ {
		pub.answers(packet.TypePubrec, id, packet.Success)
	}
	for id := uint16(n); id > 0; id-- {
		pub.completes(id)
	}
}

func TestPahoFiveExactlyOnce(t *testing.T) {
	const topics, n = 3, 100
	log := newLaterLog(t)
	b := start(t, Options{Keeper: log})
	got := newSeen()
	sub := pahoFive(t, b, "sub", func(r paho.PublishReceived) { got.add(r.Packet.Topic, r.Packet.Payload) })
	if _, err := sub.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "plant/#", QoS: 2}}}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range topics {
		pub := pahoFive(t, b, fmt.Sprint("pub", i), func(paho.PublishReceived) {})
		all.Go(func() {
			for k := range n {
				if _, err := pub.Publish(context.Background(), &paho.Publish{Topic: fmt.Sprint("plant/", i), QoS: 2, Payload: fmt.Append(nil, k)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	eventually(t, "all delivered", func() bool { return got.total() == topics*n })
	got.inOrder(t, topics, n)
	settle(b)
	if s := b.Stats(); s.MessagesOut[2] != topics*n || s.PacketsOut[packet.TypePubcomp] != topics*n || len(s.Dropped) > 1 {
		t.Errorf("%+v", s)
	}
}

func TestPahoThreeExactlyOnce(t *testing.T) {
	const topics, n = 3, 100
	log := newLaterLog(t)
	b := start(t, Options{Keeper: log, Zone: Zone{Inflight: 10}})
	got := newSeen()
	sub := pahoThree(t, b, "sub")
	await(t, sub.Subscribe("plant/#", 2, func(_ paho3.Client, m paho3.Message) { got.add(m.Topic(), m.Payload()) }))
	for i := range topics {
		pub := pahoThree(t, b, fmt.Sprint("pub", i))
		var last []paho3.Token
		for k := range n { // many under way at a time
			last = append(last, pub.Publish(fmt.Sprint("plant/", i), 2, false, fmt.Sprint(k)))
		}
		for _, tok := range last {
			await(t, tok)
		}
	}
	eventually(t, "all delivered", func() bool { return got.total() == topics*n })
	got.inOrder(t, topics, n)
	kept := newSeen()
	for _, m := range log.messages() {
		kept.add(string(m.Topic), m.Payload)
	}
	kept.inOrder(t, topics, n)
}
