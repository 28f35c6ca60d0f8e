package broker

import (
	"errors"
	"fmt"
	"testing"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

var versions = []packet.Version{packet.V31, packet.V311, packet.V5}

func TestAMessageGoesFromPublisherToSubscriber(t *testing.T) {
	b := start(t, Options{})
	for _, v := range versions {
		for qos := byte(0); qos <= 1; qos++ {
			sub := enter(t, b, v, fmt.Sprintf("sub-%v-%d", v, qos))
			sub.subscribe("plant/+/temperature", qos)
			pub := enter(t, b, packet.V5, fmt.Sprintf("pub-%v-%d", v, qos))
			pub.send(publish("plant/press/temperature", "21.5", qos, 7*uint16(qos)))
			got := expect[*packet.Publish](sub)
			if text(got) != "plant/press/temperature=21.5" || got.QoS != qos {
				t.Errorf("%v QoS %d: %+v", v, qos, got)
			}
			if qos == 1 {
				sub.send(&packet.Ack{Kind: packet.TypePuback, ID: got.ID})
				if a := expect[*packet.Ack](pub); a.ID != 7 || a.Reason != packet.Success {
					t.Errorf("%+v", a)
				}
			}
		}
	}
}

func TestPubackMeansKept(t *testing.T) {
	log := &fakeLog{prefix: "plant/"}
	log.hold()
	b := start(t, Options{Keeper: log})
	sub := enter(t, b, packet.V311, "sub")
	sub.subscribe("#", 0)
	pub := enter(t, b, packet.V5, "pub")
	pub.send(publish("plant/a", "1", 1, 1), publish("elsewhere", "2", 1, 2), publish("plant/a", "3", 1, 3), packet.Pingreq{})
	expect[packet.Pingresp](pub) // no PUBACK has overtaken it
	for _, want := range []string{"plant/a=1", "elsewhere=2", "plant/a=3"} {
		if got := text(expect[*packet.Publish](sub)); got != want { // subscribers do not wait for the log
			t.Fatalf("%s, want %s", got, want)
		}
	}
	if n := len(log.messages()); n != 0 {
		t.Fatal(n)
	}
	log.release(nil)
	for id := uint16(1); id <= 3; id++ {
		if a := expect[*packet.Ack](pub); a.ID != id || a.Reason != packet.Success {
			t.Fatalf("%+v, want %d", a, id)
		}
	}
	if kept := log.messages(); len(kept) != 2 || string(kept[1].Payload) != "3" || string(kept[1].Publisher) != "pub" || kept[1].QoS != 1 {
		t.Fatalf("%+v", kept)
	}
}

func TestARefusedMessageIsNotAcknowledged(t *testing.T) {
	log := &fakeLog{prefix: "plant/"}
	b := start(t, Options{Keeper: log})
	log.release(fault.New(fault.StorageFull, "full"))

	five := enter(t, b, packet.V5, "five")
	five.send(publish("plant/a", "1", 1, 1))
	if a := expect[*packet.Ack](five); a.ID != 1 || a.Reason != packet.QuotaExceeded {
		t.Fatalf("%+v", a)
	}
	three := enter(t, b, packet.V311, "three")
	three.send(publish("plant/a", "1", 1, 1))
	three.closed()

	if _, err := b.Publish(t.Context(), message("plant/a", 1)); fault.CodeOf(err) != fault.StorageFull {
		t.Fatal(err)
	}
	log.release(nil)
	five.send(publish("plant/a", "2", 1, 2))
	if a := expect[*packet.Ack](five); a.ID != 2 || a.Reason != packet.Success {
		t.Fatalf("%+v", a)
	}
	eventually(t, "three drops counted", func() bool { return b.Stats().Dropped[fault.StorageFull] == 3 })
}

func TestNewKeeperErrorIsInternal(t *testing.T) {
	log := &fakeLog{}
	b := start(t, Options{Keeper: log})
	log.release(errors.New("disk on fire"))
	c := enter(t, b, packet.V5, "c")
	c.send(publish("a", "1", 1, 1))
	if a := expect[*packet.Ack](c); a.Reason != packet.ImplementationError {
		t.Fatalf("%+v", a)
	}
}
