package broker

import (
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/broker/pace"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

func perSecond(n, burst int64) limit.Rate { return limit.Rate{PerSecond: n, Burst: burst} }

// inOneWrite is n messages in one write.
func inOneWrite(c *raw, n int, qos byte) {
	var b []byte
	for i := range n {
		b = publish("t", "x", qos, uint16(i+1)).Append(b, c.version)
	}
	c.write(b)
}

// A client over its rate is read no further, and goes on at its rate: no message is
// lost.
func TestPausedAtItsRate(t *testing.T) {
	for name, o := range map[string]Options{
		"client_messages":   {Zone: Zone{Rates: pace.Rates{Messages: perSecond(100, 10)}}},
		"client_bytes":      {Zone: Zone{Rates: pace.Rates{Bytes: perSecond(800, 80)}}},
		"listener_messages": {Zone: Zone{ListenerRates: pace.Rates{Messages: perSecond(100, 10)}}},
		"total_messages":    {TotalRates: pace.Rates{Messages: perSecond(100, 10)}},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			o.Now = clock.now
			b := start(t, o)
			sub := enter(t, b, packet.V5, "sub")
			sub.subscribe("t", 0)
			pub := enter(t, b, packet.V5, "pub")
			clock.forward(time.Second) // whatever entering has cost
			inOneWrite(pub, 25, 0)
			eventually(t, "paused", func() bool { return b.Stats().OverRate[name] > 0 })
			if n := b.Stats().MessagesIn[0]; n > 11 {
				t.Fatalf("%d messages passed a burst of 10", n)
			}
			for range 25 {
				clock.forward(10 * time.Millisecond)
				b.tick()
				settle(b)
			}
			for range 25 {
				expect[*packet.Publish](sub)
			}
			if s := b.Stats(); s.Slowed != 0 || len(s.Dropped) > 1 {
				t.Errorf("slowed %d, dropped %v", s.Slowed, s.Dropped)
			}
		})
	}
}

// What is over a rate and can be refused is answered with 0x97; QoS 0 is dropped.
func TestRefusedOverItsRate(t *testing.T) {
	for qos := range byte(3) {
		clock := newClock()
		b := start(t, Options{Now: clock.now, Zone: Zone{OverRate: Refuse, Rates: pace.Rates{Messages: perSecond(1, 2)}}})
		c := enter(t, b, packet.V5, "c")
		inOneWrite(c, 5, qos)
		refused := 0
		for range 5 * int(min(qos, 1)) {
			refused += int(expect[*packet.Ack](c).Reason >> 7)
		}
		eventually(t, "three are dropped", func() bool { return b.Stats().Dropped[fault.RateExceeded] == 3 })
		if s := b.Stats(); qos > 0 && refused != 3 || s.OverRate["client_messages"] != 3 {
			t.Errorf("QoS %d: %d refused, over %v", qos, refused, s.OverRate)
		}
		clock.forward(time.Second)
		c.send(publish("t", "again", 1, 9))
		if a := expect[*packet.Ack](c); a.Reason != packet.NoMatchingSubscribers {
			t.Errorf("QoS %d: a second later: %s", qos, packet.ReasonName(a.Reason))
		}
	}
}

// MQTT 3.1.1 has no answer that refuses a message: with Refuse, QoS 1 waits and
// QoS 0 is dropped.
func TestOldClientsWaitForWhatCannotBeRefused(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now, Zone: Zone{OverRate: Refuse, Rates: pace.Rates{Messages: perSecond(10, 1)}}})
	c := enter(t, b, packet.V311, "c")
	c.send(publish("t", "a", 0, 0), publish("t", "b", 0, 0), publish("t", "c", 1, 7))
	eventually(t, "paused", func() bool { return b.Stats().Slowed == 1 })
	if n := b.Stats().Dropped[fault.RateExceeded]; n != 1 {
		t.Errorf("%d dropped, want b", n)
	}
	clock.forward(time.Second)
	b.tick()
	if a := expect[*packet.Ack](c); a.ID != 7 {
		t.Errorf("PUBACK of %d", a.ID)
	}
}

func TestSubscribeRate(t *testing.T) {
	filters := &packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("a")}, {Filter: []byte("b")}, {Filter: []byte("c")}}}
	t.Run("refuse", func(t *testing.T) {
		b := start(t, Options{Now: newClock().now, Zone: Zone{OverRate: Refuse, Rates: pace.Rates{Subscribes: perSecond(1, 2)}}})
		c := enter(t, b, packet.V5, "c")
		c.send(filters)
		a := expect[*packet.Suback](c)
		if string(a.Reasons) != "\x00\x00\x97" || b.Stats().Subscriptions != 2 {
			t.Errorf("SUBACK %x", a.Reasons)
		}
	})
	t.Run("pause", func(t *testing.T) {
		clock := newClock()
		b := start(t, Options{Now: clock.now, Zone: Zone{Rates: pace.Rates{Subscribes: perSecond(1, 1)}}})
		c := enter(t, b, packet.V5, "c")
		c.send(filters, filters)
		expect[*packet.Suback](c)
		eventually(t, "the second waits", func() bool { return b.Stats().Slowed == 1 })
		clock.forward(2 * time.Second) // three filters were owed
		b.tick()
		settle(b)
		if b.Stats().Slowed != 1 {
			t.Error("the first packet's three filters cost less than 3 s")
		}
		clock.forward(time.Second)
		b.tick()
		expect[*packet.Suback](c)
	})
}

func TestConnectRate(t *testing.T) {
	t.Run("refuse", func(t *testing.T) {
		for v, want := range map[packet.Version]byte{packet.V5: packet.ConnectionRate, packet.V311: packet.ServerUnavailable} {
			b := start(t, Options{Now: newClock().now, TotalRates: pace.Rates{Connects: perSecond(1, 1)}, Zone: Zone{OverRate: Refuse}})
			enter(t, b, v, "first")
			c := dial(t, b, v)
			c.send(&packet.Connect{Version: v, CleanStart: true, ClientID: []byte("second")})
			if a := expect[*packet.Connack](c); a.Reason != want {
				t.Errorf("%s: %s", v, packet.ReasonName(a.Reason))
			}
			c.closed()
			if s := b.Stats(); s.Refused[fault.ConnectRate] != 1 || s.OverRate["total_connects"] != 1 {
				t.Errorf("refused %v", s.Refused)
			}
		}
	})
	t.Run("pause", func(t *testing.T) {
		clock := newClock()
		b := start(t, Options{Now: clock.now, Zone: Zone{ConnectTimeout: time.Minute, Rates: pace.Rates{Connects: perSecond(1, 1)}}})
		enter(t, b, packet.V5, "same")
		other := enter(t, b, packet.V5, "other")
		c := dial(t, b, packet.V5)
		c.send(&packet.Connect{Version: packet.V5, CleanStart: true, ClientID: []byte("same")}, packet.Pingreq{})
		eventually(t, "it waits", func() bool { return b.Stats().Slowed == 1 })
		clock.forward(time.Second)
		b.tick()
		if a := expect[*packet.Connack](c); a.Reason != packet.Success {
			t.Error(packet.ReasonName(a.Reason))
		}
		expect[packet.Pingresp](c)
		other.send(packet.Pingreq{})
		expect[packet.Pingresp](other)
		if s := b.Stats(); s.PacketsIn[packet.TypeConnect] != 3 {
			t.Errorf("%d CONNECTs counted", s.PacketsIn[packet.TypeConnect])
		}
	})
	t.Run("for too long", func(t *testing.T) {
		clock := newClock()
		b := start(t, Options{Now: clock.now, TotalRates: pace.Rates{Connects: perSecond(1, 1)}, Zone: Zone{ConnectTimeout: time.Millisecond}})
		enter(t, b, packet.V5, "first")
		c := dial(t, b, packet.V5)
		c.send(&packet.Connect{Version: packet.V5, CleanStart: true, ClientID: []byte("second")})
		eventually(t, "it waits", func() bool { return b.Stats().Slowed == 1 })
		clock.forward(600 * time.Millisecond)
		b.tick()
		c.closed()
		eventually(t, "it is counted", func() bool { return b.Stats().Refused[fault.ConnectRate] == 1 })
	})
}

// Who is refused for a rate of connects reads whose rate that is, where it is set, and
// what to do; who waited until its time was over, that as well.
func TestWhyAConnectIsRefused(t *testing.T) {
	two := perSecond(2, 1)
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Zone: Zone{Rates: pace.Rates{Connects: two}}}, "more often than 2 times a second (limits.client.connects). Let it wait longer"},
		{Options{Zone: Zone{ListenerRates: pace.Rates{Connects: two}}}, "More than 2 clients a second connect to this listener (limits.listener.connects). Let the client try again later, or raise the rate."},
		{Options{TotalRates: pace.Rates{Connects: two}}, "to this node (mqtt.limits.total.connects). Let the client try again later, or raise the rate."},
	} {
		for _, policy := range []Policy{Refuse, Pause} {
			clock, refused := newClock(), make(chan Refusal, 1)
			o := c.o
			o.Now, o.OverRate, o.ConnectTimeout = clock.now, policy, time.Millisecond
			o.Refused = func(r Refusal) { refused <- r }
			b := start(t, o)
			enter(t, b, packet.V5, "same")
			late := dial(t, b, packet.V5)
			late.send(&packet.Connect{Version: packet.V5, CleanStart: true, ClientID: []byte("same")})
			if policy == Pause {
				eventually(t, "it waits", func() bool { return b.Stats().Slowed == 1 })
				clock.forward(400 * time.Millisecond)
				b.tick()
			}
			text := (<-refused).Text
			if !strings.Contains(text, c.want) || strings.Contains(text, "mqtt.connect_timeout") != (policy == Pause) {
				t.Errorf("%s: %s", policy, text)
			}
		}
	}
}

func TestUnknownPolicy(t *testing.T) {
	if _, err := New(Options{Zone: Zone{OverRate: "shout"}}); fault.CodeOf(err) != fault.Invalid {
		t.Error(err)
	}
}

// Who comes back under its client identifier finds its rate as it left it.
func TestComingBackDoesNotRenewARate(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now, Zone: Zone{OverRate: Refuse, Rates: pace.Rates{Messages: perSecond(1, 3)}}})
	for range 3 {
		c := enter(t, b, packet.V5, "c")
		inOneWrite(c, 3, 1)
		for range 3 {
			expect[*packet.Ack](c)
		}
		c.send(&packet.Disconnect{})
		c.closed()
	}
	eventually(t, "six are over the rate", func() bool { return b.Stats().Dropped[fault.RateExceeded] == 6 })
	clock.forward(time.Second)
	c := enter(t, b, packet.V5, "c")
	inOneWrite(c, 1, 1)
	if a := expect[*packet.Ack](c); a.Reason != packet.NoMatchingSubscribers {
		t.Error(packet.ReasonName(a.Reason))
	}
}
