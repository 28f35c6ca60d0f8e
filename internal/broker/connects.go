package broker

import (
	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// tracked bounds the client identifiers whose connects are watched, in all.
const tracked = 20_000

var (
	errConnectRate    = fault.New(fault.ConnectRate, "Too many clients connect at this moment.")
	errOwnConnectRate = fault.New(fault.ConnectRate, "The client connects too often.")
)

// connectsTooFast holds a CONNECT against the rates of connects. wait says that it
// is to be read again later: the session has not seen it. It is asked on the loop
// where the client's session lives, so that it is counted once.
func (w *worker) connectsTooFast(c *client, id string) (wait bool, err error) {
	if w.stage == limit.Refuse {
		return false, errMemory
	}
	g := w.gauges[c.door.place]
	now := w.loop.Now()
	over, when, ok := w.mayConnect(g, id, now)
	if ok {
		return false, nil
	}
	w.counts.overRate[over][byConnects]++
	if g.zone.OverRate == Refuse {
		if over == ofClient {
			return false, errOwnConnectRate
		}
		return false, errConnectRate
	}
	w.counts.packetsIn[packet.TypeConnect]--
	c.session = session.New(&c.door.limits)
	c.session.Count(&w.queues)
	w.slow(c, when)
	return true, nil
}

// mayConnect takes a token of every rate of connects, or none.
func (w *worker) mayConnect(g *gauge, id string, now int64) (over scope, when int64, ok bool) {
	own := g.zone.Rates.Connects
	if !own.Limited() {
		return g.take(byConnects, 1, now)
	}
	b := w.connects.At(id, now)
	if b == nil {
		return g.take(byConnects, 1, now) // the table is full of others
	}
	if !b.Take(own, 1, now) {
		return ofClient, b.When(own, 1, now), false
	}
	if over, when, ok = g.take(byConnects, 1, now); !ok {
		b.Return(own, 1)
	}
	return over, when, ok
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
	if w.refusedFilter == nil {
		w.refusedFilter = err
	}
}
