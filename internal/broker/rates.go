package broker

import (
	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/broker/pace"
	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Policy is what happens to a client that is over a rate.
type Policy string

// The policies. Whom Refuse cannot tell is paused: a message of QoS 1 or 2 of a
// client before MQTT 5 has no answer that refuses it.
const (
	Pause  Policy = "pause"  // it is read no further until it may go on
	Refuse Policy = "refuse" // its message, filter or connection is refused; QoS 0 is dropped
)

func (p Policy) check() error {
	if p == Pause || p == Refuse {
		return nil
	}
	return fault.New(fault.Invalid, "No policy for rates is called %q: use %s or %s.", string(p), Pause, Refuse)
}

// newGauges makes this loop's view of every door.
func (w *worker) newGauges() []*pace.Gauge {
	b := w.broker
	list := make([]*pace.Gauge, len(b.doors))
	for i, d := range b.doors {
		list[i] = pace.NewGauge(&d.zone.Rates, pace.Keeper{Rates: &d.zone.ListenerRates, Shared: &d.rates},
			pace.Keeper{Rates: &b.options.TotalRates, Shared: &b.totalRates})
	}
	return list
}

// tooFast says whether the packet has to wait, and then pauses the client. It is
// asked before a packet is taken, so that what waits has changed nothing.
func (w *worker) tooFast(c *client, frame []byte) bool {
	if (w.exchange.behind || w.stage == limit.Refuse) && w.guarded(c, frame) {
		return true
	}
	if c.pace == nil || !c.session.Serving() {
		return false
	}
	return w.measure(c, frame)
}

func (w *worker) measure(c *client, frame []byte) (wait bool) {
	c.pace.Over = false
	refuses := c.door.zone.OverRate == Refuse
	refuse := refuses && (c.session.Version() == packet.V5 || frame[0]>>1&3 == 0)
	m, n := pace.ByMessages, int64(0)
	switch packet.TypeOf(frame[0]) {
	case packet.TypePublish:
		n = 1
	case packet.TypeSubscribe:
		m, n, refuse = pace.BySubscribes, 1, refuses
	}
	if refuse && (n == 0 || m == pace.BySubscribes) {
		return false // filters are refused one by one; nothing else can be
	}
	over, ok := c.pace.Packet(m, n, int64(len(frame)), w.loop.Steady())
	return !ok && w.isOver(c, over, refuse)
}

// isOver counts that the client is over a rate, and has the packet refused or makes
// it wait.
func (w *worker) isOver(c *client, e pace.Excess, refuse bool) (wait bool) {
	w.counts.overRate[e.Of][e.By]++
	if refuse {
		c.pace.Over = true
		return false
	}
	w.slow(c, e.When)
	return true
}

// refusedForRate refuses the message in hand when it is over a rate.
func (w *worker) refusedForRate(c *client, ev *session.Event) bool {
	if c.pace == nil || !c.pace.Over {
		return false
	}
	w.refusePublish(c, ev, fault.RateExceeded)
	return true
}

// refusePublish drops a message; who can be told is told.
func (w *worker) refusePublish(c *client, ev *session.Event, code fault.Code) {
	w.counts.dropped[code]++
	w.recordRefused(c, recorder.Client, &ev.Message, ev.PacketID, code)
	w.acknowledge(c, ev, session.Refusal(code))
}

// subscribesTooFast says whether one more filter is to be refused. Filters that
// came in one packet behind the first, which waited, are owed where they cannot.
func (w *worker) subscribesTooFast(c *client, first bool) bool {
	switch {
	case c.pace == nil:
	case c.door.zone.OverRate == Refuse:
		over, ok := c.pace.Take(pace.BySubscribes, 1, w.loop.Steady())
		return !ok && !w.isOver(c, over, true)
	case !first:
		c.pace.Owe(pace.BySubscribes, w.loop.Steady())
	}
	return false
}
