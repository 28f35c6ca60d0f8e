package broker

import (
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/pace"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// A client that sends all it has and closes while it is paused has said all of it: its
// messages are taken at their pace, then its DISCONNECT, so that its will stays unsent.
// One that goes without DISCONNECT leaves its will behind its messages.
func TestWhatAPausedClientHasSentIsTakenBeforeItsEnd(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	const n = 200
	for _, inOrder := range []bool{true, false} {
		clock := newClock()
		b := start(t, Options{Now: clock.now, Zone: Zone{Rates: pace.Rates{Messages: perSecond(50, 50)}}})
		sub := enter(t, b, packet.V5, "sub")
		sub.subscribe("t", 0)
		sub.subscribe("will", 0)
		pub := dial(t, b, packet.V311)
		pub.send(&packet.Connect{Version: packet.V311, CleanStart: true, ClientID: []byte("pub"), HasWill: true,
			Will: packet.Will{Topic: []byte("will"), Payload: []byte("gone")}})
		expect[*packet.Connack](pub)
		inOneWrite(pub, n, 0)
		if inOrder {
			pub.send(&packet.Disconnect{})
		}
		_ = pub.nc.Close()
		for end := time.Now().Add(patience); b.Stats().Connections > 1; settle(b) { // time goes on as fast as it may
			if clock.forward(5 * time.Millisecond); time.Now().After(end) {
				t.Fatal("it has not gone")
			}
			b.tick()
		}
		for i := range n {
			if p := expect[*packet.Publish](sub); string(p.Topic) != "t" {
				t.Fatalf("message %d is %s", i, text(p))
			}
		}
		if !inOrder {
			if p := expect[*packet.Publish](sub); string(p.Topic) != "will" {
				t.Fatal(text(p))
			}
		}
		sub.send(packet.Pingreq{})
		expect[packet.Pingresp](sub)
	}
}

// So it is while the log has enough to do, and while an older client's receive maximum
// is used up: it does not wait for its answers.
func TestWhatWaitsForTheLogIsTakenBeforeTheEnd(t *testing.T) {
	for name, o := range map[string]Options{
		"receive maximum": {Zone: Zone{ReceiveMaximum: 2}},
		"unkept":          {MaxUnkept: 1},
	} {
		t.Run(name, func(t *testing.T) {
			k := &fakeLog{prefix: "t"}
			o.Keeper = k
			b := start(t, o)
			pub := enter(t, b, packet.V311, "pub")
			k.hold()
			inOneWrite(pub, 50, 1)
			pub.send(&packet.Disconnect{})
			_ = pub.nc.Close()
			k.release(nil)
			eventually(t, "all are kept", func() bool { return k.keptOn("t") == 50 })
		})
	}
}

// A client that takes no answers is read no further; what it has sent is taken all the
// same once it has gone.
func TestWhatAClientSentThatTookNoAnswersIsTaken(t *testing.T) {
	b := start(t, Options{Zone: Zone{OutputBuffer: 1}})
	sub := enter(t, b, packet.V5, "sub")
	sub.subscribe("t", 0)
	pub := enter(t, b, packet.V5, "pub")
	var all []byte
	const n = 2000
	for range n {
		all = packet.Pingreq{}.Append(all, pub.version)
		all = publish("t", "x", 0, 0).Append(all, pub.version)
	}
	pub.write(all)
	expect[packet.Pingresp](pub)
	_ = pub.nc.Close() // with answers unread: a reset
	eventually(t, "it has gone", func() bool { return b.Stats().Connections == 1 })
	eventually(t, "all its messages are taken", func() bool { return b.Stats().MessagesIn[0] == n })
}
