package image

import (
	"bytes"
	"testing"

	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// read is an image read back as the packet that it is.
func read(t *testing.T, im *session.Image, v packet.Version) packet.Publish {
	t.Helper()
	frame := bytes.Clone(im.Bytes)
	if im.QoS > 0 {
		frame[im.IDAt+1] = 1 // an identifier, as a session writes it
	}
	var p packet.Publish
	if err := p.Decode(frame, v); err != nil {
		t.Fatalf("%x: %v", frame, err)
	}
	return p
}

// Receivers of one kind share an image; what makes kinds is version, QoS, RETAIN and the
// identifiers of subscriptions, which only MQTT 5 has.
func TestOneImageForEachKind(t *testing.T) {
	m := &msg.Message{Topic: []byte("plant/a"), Payload: []byte("7"), QoS: 1, Time: 5}
	var k Set
	var kinds map[*session.Image]string
	for round := range 3 {
		if round < 2 { // in the first its memory grows
			k.Reset()
			kinds = map[*session.Image]string{}
		}
		kinds[k.For(m, packet.V311, 1, false, nil)] = "3.1.1"
		kinds[k.For(m, packet.V31, 1, false, []uint32{3})] = "3.1.1" // the same packet
		kinds[k.For(m, packet.V311, 0, false, nil)] = "QoS 0"
		kinds[k.For(m, packet.V311, 1, true, nil)] = "retained"
		kinds[k.For(m, packet.V5, 1, false, nil)] = "5"
		kinds[k.For(m, packet.V5, 1, false, []uint32{3})] = "with an identifier"
	}
	if len(kinds) != 5 || k.At() != 5 {
		t.Errorf("%d kinds: %v", len(kinds), kinds)
	}
	for im, kind := range kinds {
		v := packet.V311
		if im.V5 {
			v = packet.V5
		}
		p := read(t, im, v)
		if string(p.Topic) != "plant/a" || string(p.Payload) != "7" || p.Retain != (kind == "retained") || len(p.SubscriptionIDs) > 0 != (kind == "with an identifier") {
			t.Errorf("%s: %+v", kind, p)
		}
	}
}

// A packet of an older version has the whole message beside it, if it loses something.
func TestAnOlderPacketHasTheWhole(t *testing.T) {
	m := &msg.Message{Topic: []byte("a"), QoS: 1}
	m.SetExpiry(60)
	var k Set
	k.Reset()
	im := k.For(m, packet.V311, 1, false, []uint32{9})
	if im.V5 || im.Whole == nil || !im.Whole.V5 || !im.Whole.Expires {
		t.Fatalf("%+v", im)
	}
	if p := read(t, im.Whole, packet.V5); p.Expiry != 60 || len(p.SubscriptionIDs) != 1 {
		t.Errorf("%+v", p)
	}
	if k.For(m, packet.V311, 0, false, nil).Whole != nil {
		t.Error("QoS 0 is never kept")
	}
	k.Reset()
	if plain := k.For(&msg.Message{Topic: []byte("b"), QoS: 1}, packet.V311, 1, false, nil); plain.Whole != nil {
		t.Error("it has the whole of the message before")
	}
}

// The packet that brought a message goes to who would be sent the same, and to nobody when
// it is gone.
func TestAPacketGoesOnAsItCame(t *testing.T) {
	sent := packet.Publish{Topic: []byte("a"), Payload: []byte("x"), QoS: 1, ID: 77}
	frame := sent.Append(nil, packet.V311)
	m := &msg.Message{Topic: sent.Topic, Payload: sent.Payload, QoS: 1}
	var k Set
	k.Reset()
	k.Came(m, frame, packet.V31)
	same := func(im *session.Image) bool { return &im.Bytes[0] == &frame[0] }
	if !same(k.For(m, packet.V311, 1, false, nil)) {
		t.Error("it is encoded anew")
	}
	if same(k.For(m, packet.V5, 1, false, nil)) || same(k.For(m, packet.V311, 0, false, nil)) || same(k.For(m, packet.V311, 1, true, nil)) {
		t.Error("somebody is sent what is another's")
	}
	k.Gone()
	if k.Reset(); same(k.For(m, packet.V311, 1, false, nil)) {
		t.Error("it was gone")
	}
}

// BenchmarkFor is a fan-out's second receiver and those behind it.
func BenchmarkFor(b *testing.B) {
	m := &msg.Message{Topic: []byte("plant/hall-7/press-1/state"), Payload: make([]byte, 64), QoS: 1}
	var k Set
	b.ReportAllocs()
	for i := range b.N {
		if i%100 == 0 {
			k.Reset()
		}
		k.For(m, packet.V5, 1, false, nil)
	}
}
