package broker

import (
	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// pendingRetained is a retained message on its way to a new subscription.
type pendingRetained struct {
	message *msg.Message
	grant   grant
}

var errRetainedAhead = fault.New(fault.TooMany, "Too many retained messages wait for the client already.")

// retain puts a message that was published with RETAIN into the store; from is
// its client when it lives on this loop.
func (w *worker) retain(m *msg.Message, from *client) {
	if err := w.broker.store(m); err != nil {
		w.counts.dropped[fault.CodeOf(err)]++
		w.recordDropped(nil, recorder.NotRetained, fault.CodeOf(err))
		const text = "a retained message was not stored"
		if from == nil || from.session.Away() {
			w.refusals.log(text, "client", shown(m.Publisher), "error", err)
			return
		}
		w.reportRefusal(from, err)
		w.refusals.log(text, about(from, "error", err)...)
	}
}

// offerRetained lines up the retained messages for a subscription that was just
// entered. existed says that it replaced one of the same filter.
func (w *worker) offerRetained(c *client, s *subscription, handling byte, existed bool) {
	if handling == 2 || handling == 1 && existed { // [MQTT-3.3.1-10] [MQTT-3.3.1-11]
		return
	}
	if s.group != nil { // a shared subscription gets none (section 3.8.3.1)
		return
	}
	w.found = retainedOn(w.broker, s.matches()).Match(w.found[:0], s.matches())
	g := grant{none: true}
	g.add(s)
	g.asPublished = true // RETAIN is set whatever the subscription says [MQTT-3.3.1-8]
	for _, m := range w.found {
		c.ownSeldom().retained = append(c.retained, pendingRetained{m, g})
	}
	if s.logged() && len(w.found) > 0 {
		s.owes, c.enduring.owes = true, true
	}
	clear(w.found)
}

// relist lines up once more what a recovered client had not acknowledged when the process
// ended: the retained messages as they are now.
func (w *worker) relist(c *client) {
	if c.enduring == nil || !c.enduring.relist {
		return
	}
	c.enduring.relist = false
	for _, s := range c.filters.list() {
		if s.owes {
			w.offerRetained(c, s, 0, false)
		}
	}
}

// paidOff notes that the client has acknowledged the retained messages of its
// subscriptions: after a crash they are not sent again.
func (w *worker) paidOff(c *client) {
	if !c.enduring.owes || len(c.retained) > 0 || c.session.Unlogged() {
		return
	}
	c.enduring.owes = false
	for _, s := range c.filters.list() {
		if s.owes {
			s.owes = false
			w.noteFilter(c, s.filter)
		}
	}
}

// pushRetained sends what is lined up, as far as the output has room. A message
// that was replaced meanwhile is left out: the client got the newer one live.
func (w *worker) pushRetained(c *client) {
	if c.retained == nil {
		return
	}
	n := 0
	for n < len(c.retained) && w.roomFor(c, c.retained[n].message) {
		p := &c.retained[n]
		n++
		m, ok := w.current(p)
		if !ok {
			continue
		}
		w.images.Reset()
		w.deliverTo(c, &p.grant, &m)
		w.recordRouted(recorder.Retained, p.message, nil, 0)
	}
	clear(c.retained[:n])
	if c.retained = c.retained[n:]; len(c.retained) == 0 {
		c.stopRetained()
	}
}

// current is a lined up message as it is to be sent now; false says that it was
// replaced or has expired, which the sweep counts.
func (w *worker) current(p *pendingRetained) (msg.Message, bool) {
	if retainedOn(w.broker, p.message.Topic).Get(p.message.Topic) != p.message {
		return msg.Message{}, false
	}
	return aged(p.message, w.loop.Now())
}

// aged returns the message with what is left of its expiry interval [MQTT-3.3.2-6].
func aged(m *msg.Message, now int64) (msg.Message, bool) {
	c := *m
	c.Retain, c.Time = true, now // it goes out now: that it stood here is no delay
	if !m.Expires() {
		return c, true
	}
	gone := max(now-m.Time, 0) / 1e9
	if gone >= int64(m.Expiry) {
		return c, false
	}
	c.Expiry -= uint32(gone)
	return c, true
}

// granted answers a SUBSCRIBE, then sends the retained messages.
func (w *worker) granted(c *client, p *packet.Subscribe) {
	before := c.conn.Output()
	w.answerWritten(c, before, c.session.Granted(before, p.ID, w.reasons, w.refusedFilter))
	w.catchUp(c) // with the new filters
	w.pushRetained(c)
}

// sweep asks the first loop to remove retained messages that have expired.
type sweep struct{}

func (sweep) on(w *worker) { w.sweep() }

// sweepMost is how many retained messages are removed in one turn: publishers wait
// for the store meanwhile.
const sweepMost = 256

// sweepRetained asks for a sweep when there is something to remove.
func (b *Broker) sweepRetained() {
	if b.retained.Overdue(b.options.Now().UnixNano()) {
		b.workers[0].loop.Post(sweep{})
	}
}

// sweep removes what has expired, counts it, and goes on in the next turn when
// there is more.
func (w *worker) sweep() {
	gone := w.broker.retained.Expire(w.loop.Now(), sweepMost)
	w.counts.dropped[fault.Expired] += uint64(gone)
	if gone == sweepMost {
		w.loop.Post(sweep{})
	}
}
