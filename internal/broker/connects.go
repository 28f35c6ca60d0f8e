package broker

import (
	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/broker/pace"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// tracked bounds the client identifiers whose connects are watched, in all.
const tracked = 20_000

// connectRate is why a client is refused that is over a rate of connects: whose rate it
// is, where it is set, and what to do. late says that the client waited for its turn until
// its time was over.
func (w *worker) connectRate(s pace.Scope, z *Zone, late bool) error {
	text := connectTexts[s]
	if late {
		text += " It waited for its turn for as long as mqtt.connect_timeout allows."
	}
	rate := [...]limit.Rate{z.Rates.Connects, z.ListenerRates.Connects, w.options.TotalRates.Connects}[s]
	return fault.New(fault.ConnectRate, text, rate.PerSecond)
}

var connectTexts = [...]string{
	pace.OfClient:   "The client connects more often than %d times a second (limits.client.connects). Let it wait longer before it connects again, see whether two devices have its identifier, or raise the rate.",
	pace.OfListener: "More than %d clients a second connect to this listener (limits.listener.connects). Let the client try again later, or raise the rate.",
	pace.OfTotal:    "More than %d clients a second connect to this node (mqtt.limits.total.connects). Let the client try again later, or raise the rate.",
}

// connectsTooFast holds a CONNECT against the rates of connects. wait says that it
// is to be read again later: the session has not seen it. It is asked on the loop
// where the client's session lives, so that it is counted once.
func (w *worker) connectsTooFast(c *client, id string) (wait bool, err error) {
	if w.stage == limit.Refuse {
		return false, errMemory
	}
	over, when, ok := w.gauges[c.door.place].Connect(w.connects, id, w.loop.Steady())
	if ok {
		return false, nil
	}
	w.counts.overRate[over][pace.ByConnects]++
	if c.door.zone.OverRate == Refuse {
		return false, w.connectRate(over, c.door.zone, false)
	}
	c.ownSeldom().over = over
	w.counts.packetsIn[packet.TypeConnect]--
	c.session = session.New(&c.door.limits)
	c.session.Count(&w.queues)
	w.slow(c, when)
	return true, nil
}

// refuse turns a client away with CONNACK.
func (w *worker) refuse(c *client, err error) {
	before := c.conn.Output()
	w.send(c, before, c.session.Refuse(before, err))
	w.gone(c, err)
	c.farewell(err)
	c.conn.Close()
}

// refuseFilter refuses one filter of a SUBSCRIBE.
func (w *worker) refuseFilter(c *client, code fault.Code) {
	w.counts.ungranted[code]++
	err := fault.New(code, "")
	w.noteRefused(err)
	w.reportRefusal(c, err)
	w.reasons = append(w.reasons, session.Reason(packet.TypeSuback, code))
}

// noteRefused keeps why the first filter of a SUBSCRIBE is refused, for its SUBACK.
func (w *worker) noteRefused(err error) {
	w.lastRefused = fault.CodeOf(err)
	if w.refusedFilter == nil {
		w.refusedFilter = err
	}
}
