package broker

import (
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// come connects with a session that may have waited; change may alter the CONNECT.
func come(t testing.TB, b *Broker, id string, expiry uint32, change func(*packet.Connect)) (*raw, *packet.Connack) {
	t.Helper()
	p := &packet.Connect{Version: packet.V5, ClientID: []byte(id), SessionExpiry: expiry}
	if change != nil {
		change(p)
	}
	c := dial(t, b, p.Version)
	c.send(p)
	a := expect[*packet.Connack](c)
	if a.Reason != packet.Success {
		t.Fatalf("%s: CONNACK %s", id, packet.ReasonName(a.Reason))
	}
	return c, a
}

// drop ends the connection without a word, and waits until the broker knows.
func (c *raw) drop(b *Broker) {
	c.t.Helper()
	before := b.connections.Load()
	_ = c.nc.Close()
	eventually(c.t, "connection gone", func() bool { return b.connections.Load() < before })
}

func TestASessionOutlivesItsConnection(t *testing.T) {
	for _, v := range []packet.Version{packet.V31, packet.V311, packet.V5} {
		t.Run(v.String(), func(t *testing.T) {
			b := start(t, Options{})
			as := func(p *packet.Connect) { p.Version = v }
			sub, a := come(t, b, "sub", 100, as)
			if a.SessionPresent || a.HasSessionExpiry {
				t.Errorf("%+v", a)
			}
			sub.subscribe("a/#", 2)
			pub := enter(t, b, packet.V5, "pub")
			pub.send(publish("a/1", "1", 1, 1), publish("a/1", "2", 2, 2), publish("a/1", "3", 2, 3))
			for range 3 {
				expect[*packet.Publish](sub)
			}
			sub.send(&packet.Ack{Kind: packet.TypePubrec, ID: 3})
			expect[*packet.Ack](sub)
			sub.drop(b)
			pub.send(publish("a/1", "4", 1, 4), publish("a/1", "5", 0, 0), publish("a/1", "6", 1, 6))
			eventually(t, "QoS 0 is dropped", func() bool { return b.Stats().Dropped[fault.Away] == 1 })
			settle(b)

			sub, a = come(t, b, "sub", 100, as)
			if a.SessionPresent != (v != packet.V31) {
				t.Errorf("%+v", a)
			}
			if r := expect[*packet.Ack](sub); r.Kind != packet.TypePubrel || r.ID != 3 {
				t.Errorf("%+v", r)
			}
			for _, want := range []string{"1 qos 1 id 1 dup true", "2 qos 2 id 2 dup true", "4 qos 1 id 4 dup false", "6 qos 1 id 5 dup false"} {
				p := expect[*packet.Publish](sub)
				if got := fmt.Sprintf("%s qos %d id %d dup %v", p.Payload, p.QoS, p.ID, p.Dup); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
			sub.send(&packet.Disconnect{})
			sub.closed()
			if _, a = come(t, b, "sub", 0, func(p *packet.Connect) { p.Version, p.CleanStart = v, true }); a.SessionPresent {
				t.Error("a clean start finds a session")
			}
			settle(b)
			if s := b.Stats(); s.Dropped[fault.SessionEnded] != 4 || s.Subscriptions != 0 || s.SessionsLasting != 0 || s.Sessions != 2 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestATakeoverTakesTheSession(t *testing.T) {
	b := start(t, Options{})
	one, _ := come(t, b, "c", 100, nil)
	one.subscribe("a", 1)
	pub := enter(t, b, packet.V5, "pub")
	pub.send(publish("a", "1", 1, 1))
	expect[*packet.Publish](one)
	two, a := come(t, b, "c", 100, nil)
	if !a.SessionPresent {
		t.Error("no session")
	}
	if d := expect[*packet.Disconnect](one); d.Reason != packet.SessionTakenOver {
		t.Errorf("%+v", d)
	}
	if p := expect[*packet.Publish](two); !p.Dup || p.ID != 1 {
		t.Errorf("%+v", p)
	}
	pub.send(publish("a", "2", 1, 2))
	if p := expect[*packet.Publish](two); p.ID != 2 {
		t.Errorf("%+v", p)
	}
	if s := b.Stats(); s.Connections != 2 || s.SessionsLasting != 1 {
		t.Errorf("%+v", s)
	}
}

func TestASessionExpires(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now})
	c, _ := come(t, b, "c", 10, nil)
	c.subscribe("a", 1)
	c.drop(b)
	forever, _ := come(t, b, "forever", 0xFFFFFFFF, nil)
	forever.drop(b)
	clock.forward(9 * time.Second)
	b.tick()
	settle(b)
	if s := b.Stats(); s.SessionsLasting != 2 || s.Subscriptions != 1 {
		t.Errorf("%+v", s)
	}
	c, a := come(t, b, "c", 10, nil)
	if !a.SessionPresent {
		t.Error("it is there after 9 s")
	}
	clock.forward(9 * time.Second)
	c.drop(b)
	clock.forward(11 * time.Second)
	b.tick()
	settle(b)
	if s := b.Stats(); s.SessionsLasting != 1 || s.Subscriptions != 0 {
		t.Errorf("%+v", s)
	}
	clock.forward(100 * 365 * 24 * time.Hour)
	b.tick()
	if _, a := come(t, b, "forever", 0, nil); !a.SessionPresent {
		t.Error("never came")
	}
	if _, a := come(t, b, "c", 10, nil); a.SessionPresent {
		t.Error("it is there after 11 s")
	}
}

func TestAnAssignedIdentifierFindsItsSession(t *testing.T) {
	b := start(t, Options{Loops: 3})
	for range 10 {
		c, a := come(t, b, "", 100, func(p *packet.Connect) { p.CleanStart = true })
		c.drop(b)
		if _, again := come(t, b, string(a.AssignedClientID), 100, nil); !again.SessionPresent {
			t.Errorf("%s has no session", a.AssignedClientID)
		}
	}
}

func TestAWillWaitsForItsClient(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now})
	watch := enter(t, b, packet.V5, "watch")
	watch.subscribe("will/#", 1)
	with := func(delay uint32) func(*packet.Connect) {
		return func(p *packet.Connect) {
			p.HasWill, p.Will = true, packet.Will{Topic: []byte("will/" + string(p.ClientID)), Payload: []byte("gone"), Delay: delay, QoS: 1}
		}
	}
	pass := func(d time.Duration) {
		clock.forward(d)
		b.tick()
		settle(b)
	}
	says := func(topic string) {
		t.Helper()
		p := expect[*packet.Publish](watch)
		if string(p.Topic) != topic {
			t.Errorf("got %s, want %s", p.Topic, topic)
		}
		watch.send(&packet.Ack{Kind: packet.TypePuback, ID: p.ID})
	}
	a, _ := come(t, b, "a", 100, with(10))
	c, _ := come(t, b, "c", 5, with(50))
	d, _ := come(t, b, "d", 100, with(0))
	a.drop(b)
	d.drop(b)
	says("will/d")
	pass(9 * time.Second)
	a, _ = come(t, b, "a", 100, with(10)) // in time
	pass(20 * time.Second)
	c.drop(b)
	pass(6 * time.Second)
	says("will/c") // with its session's end
	a.drop(b)
	pass(11 * time.Second)
	says("will/a")
	come(t, b, "a", 100, with(10))
	two, _ := come(t, b, "a", 100, with(10)) // a takeover goes on with the session
	pass(time.Minute)
	two.drop(b)
	come(t, b, "a", 0, func(p *packet.Connect) { p.CleanStart = true }) // and this ends it
	says("will/a")
	pass(time.Hour)
	watch.send(packet.Pingreq{})
	expect[packet.Pingresp](watch)
}
