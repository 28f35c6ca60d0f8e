package broker

import (
	"context"
	"testing"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

func message(topic string, qos byte) *msg.Message {
	return &msg.Message{Topic: []byte(topic), Payload: []byte("p"), Publisher: []byte("inside"), QoS: qos}
}

func TestPublishFromInsideTheNode(t *testing.T) {
	log := &fakeLog{prefix: "kept/"}
	b := start(t, Options{Keeper: log, Zone: Zone{MaxPacketSize: 1000}})
	sub := enter(t, b, packet.V5, "sub")
	sub.subscribe("#", 1)
	for _, c := range []struct {
		topic string
		qos   byte
		kept  bool
		code  fault.Code
	}{
		{"kept/a", 1, true, 0},
		{"kept/a", 0, true, 0},
		{"other", 1, false, 0},
		{"a/#", 0, false, fault.BadTopicName},
		{"", 0, false, fault.BadTopicName},
		{"$SYS/a", 0, false, fault.Forbidden},
		{"kept/a", 2, false, fault.QoSUnsupported},
	} {
		kept, err := b.Publish(t.Context(), message(c.topic, c.qos))
		if kept != c.kept || (err != nil) != (c.code != 0) || err != nil && fault.CodeOf(err) != c.code {
			t.Errorf("%q QoS %d: kept %v, %v", c.topic, c.qos, kept, err)
			continue
		}
		if err == nil {
			if got := expect[*packet.Publish](sub); string(got.Topic) != c.topic || got.QoS != c.qos {
				t.Errorf("%+v", got)
			}
		}
	}
	large := message("a", 0)
	large.Payload = make([]byte, 1000)
	if _, err := b.Publish(t.Context(), large); fault.CodeOf(err) != fault.PacketTooLarge {
		t.Error(err)
	}
}

func TestPublishWaitsForTheLogAndNoLonger(t *testing.T) {
	log := &fakeLog{}
	log.hold()
	b := start(t, Options{Keeper: log})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := b.Publish(ctx, message("a", 1))
		done <- err
	}()
	eventually(t, "handed over", func() bool { return b.Stats().Unkept > 0 })
	cancel()
	if err := <-done; fault.CodeOf(err) != fault.Timeout {
		t.Fatal(err)
	}
	log.release(nil)
	if kept, err := b.Publish(t.Context(), message("a", 1)); !kept || err != nil {
		t.Fatal(kept, err)
	}
}

func TestWatchSeesMessagesAndNeverSlowsTheBroker(t *testing.T) {
	b := start(t, Options{})
	w, err := b.Watch("plant/#", 2)
	if err != nil {
		t.Fatal(err)
	}
	c := enter(t, b, packet.V5, "c")
	for id := uint16(1); id <= 5; id++ {
		c.send(publish("plant/a", string(rune('0'+id)), 1, id))
		expect[*packet.Ack](c)
	}
	if a, b := <-w.C(), <-w.C(); string(a.Payload) != "1" || string(b.Payload) != "2" || string(b.Publisher) != "c" {
		t.Fatalf("%+v %+v", a, b)
	}
	if w.Dropped() != 3 {
		t.Fatal(w.Dropped())
	}
	settle(b)
	if s := b.Stats(); s.WatchDropped != 3 || s.Dropped[fault.SlowReader] != 0 {
		t.Fatalf("%+v", s)
	}
	w.Close()
	w.Close()
	if _, open := <-w.C(); open {
		t.Fatal("still open")
	}
	c.send(publish("plant/a", "6", 1, 6))
	if a := expect[*packet.Ack](c); a.Reason != packet.NoMatchingSubscribers {
		t.Fatalf("%+v", a)
	}
	for _, bad := range []string{"", "a#", "$share/g/a"} {
		if _, err := b.Watch(bad, 1); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestAWatchHoldsNoMoreBytesThanItMay(t *testing.T) {
	b := start(t, Options{WatchBytes: 10_000})
	w, err := b.Watch("#", 4096)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	c := enter(t, b, packet.V5, "c")
	send := func(bytes ...int) {
		for _, n := range bytes {
			c.send(publish("a", string(make([]byte, n)), 1, 1))
			expect[*packet.Ack](c)
		}
	}
	take := func(bytes ...int) {
		t.Helper()
		if len(w.C()) != len(bytes) {
			t.Fatalf("%d wait, want %d", len(w.C()), len(bytes))
		}
		for _, n := range bytes {
			if m := <-w.C(); len(m.Payload) != n {
				t.Fatalf("%d bytes, want %d", len(m.Payload), n)
			}
		}
	}
	send(4000, 5000, 3000, 500) // the third has no room, the small one has
	take(4000, 5000, 500)
	send(20_000, 0) // too large for any but an empty watch
	take(20_000)
	for range 100 { // what was taken makes room, however often
		send(6000, 3000)
		take(6000, 3000)
	}
	if n := w.Dropped(); n != 2 {
		t.Errorf("%d dropped", n)
	}
}

func TestOnlookersAreNoReceivers(t *testing.T) {
	log := &fakeLog{prefix: "kept/"}
	b := start(t, Options{Keeper: log})
	w, err := b.Watch("#", 10)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	c := enter(t, b, packet.V5, "c")
	c.send(publish("typo", "", 1, 1), publish("typo", "", 0, 0), publish("kept/a", "", 1, 2))
	if a := expect[*packet.Ack](c); a.Reason != packet.NoMatchingSubscribers {
		t.Errorf("%+v", a)
	}
	if a := expect[*packet.Ack](c); a.Reason != packet.Success {
		t.Errorf("%+v", a)
	}
	if _, err := b.Publish(t.Context(), message("typo", 1)); err != nil {
		t.Error(err)
	}
	for range 4 {
		<-w.C() // it sees them all
	}
	eventually(t, "three without subscriber", func() bool { return b.Stats().Dropped[fault.NoSubscriber] == 3 })
}
