package broker

import (
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// deliver gives m to this loop's receivers on the route; from is the publishing
// client when it lives on this loop. It returns how many receivers there were.
func (w *worker) deliver(r *route, m *msg.Message, from *client) int {
	w.images.Reset()
	w.unlisted = m.QoS == 0
	n, receivers := 0, r.local
	if m.QoS > 0 && r.owed == len(r.local)-r.atOnce {
		n, receivers = r.owed, r.local[:r.atOnce] // the others get it from the log
	}
	for i := range receivers {
		t := &receivers[i]
		g := &t.grant
		if t.own != nil && t.client == from {
			g = t.own
		}
		if g.none {
			continue
		}
		n++
		if t.logged && m.QoS > 0 {
			continue // it comes from the log
		}
		w.deliverTo(t.client, g, m)
	}
	w.unlisted = false
	return n
}

func (w *worker) deliverTo(c *client, g *grant, m *msg.Message) {
	if outcome, code := w.try(c, w.imageFor(c, g, m), 0); outcome == session.Dropped {
		w.missed(c, code)
	}
}

// imageFor is the encoding of m for that client.
func (w *worker) imageFor(c *client, g *grant, m *msg.Message) *session.Image {
	return w.images.For(m, c.session.Version(), g.qos, m.Retain && g.asPublished, g.ids)
}

// try sends the image to the client or keeps it for it; share is the number of the
// shared subscription by which it comes, 0 is none. It counts what is sent, and
// leaves it to the caller what to do with one that can be neither.
func (w *worker) try(c *client, im *session.Image, share uint32) (outcome session.Outcome, code fault.Code) {
	outcome, code = w.attempt(c, im, share)
	if w.recorder != nil && !(w.unlisted && outcome == session.Sent) {
		w.recordOutcome(c, im, share, outcome, code)
	}
	return outcome, code
}

func (w *worker) attempt(c *client, im *session.Image, share uint32) (outcome session.Outcome, code fault.Code) {
	w.work += 1 + len(im.Bytes)/workBytes
	if c.session.Away() {
		_, outcome, code = c.session.DeliverShared(nil, im, share, w.loop.Now(), false)
	} else if !c.conn.Open() {
		if im.Logged.Stream != 0 {
			return session.Behind, 0
		}
		return session.Dropped, fault.NoSubscriber
	} else {
		room := c.conn.Buffered() < c.door.zone.OutputBuffer
		if room && !w.mayTake(c, len(im.Bytes)) {
			if im.QoS == 0 && !c.door.zone.QueueQoS0 {
				return w.missOutput(c)
			}
			room = false
			w.starve(c)
		}
		before := c.conn.Output()
		var out []byte
		out, outcome, code = c.session.DeliverShared(before, im, share, w.loop.Now(), room)
		c.conn.SetOutput(out)
		if outcome == session.Sent {
			w.countOut(c, out[len(before):])
			w.delivered(w.images.At())
			w.meterOut(im.QoS, outcome)
			return outcome, code
		}
	}
	w.meterOut(im.QoS, outcome)
	if n, why := c.session.Evicted(); n > 0 {
		w.lost(c, why, n)
	}
	if outcome == session.Dropped && code == fault.QueueOverrun {
		w.overrun = append(w.overrun, c)
	}
	return outcome, code
}

// pushWaiting sends what the client's session keeps back, as far as it may go.
func (w *worker) pushWaiting(c *client) {
	for c.session.Waiting() > 0 && c.conn.Buffered() < c.door.zone.OutputBuffer {
		if !w.mayTake(c, c.session.NextSize()) {
			w.starve(c)
			return
		}
		w.work++
		before := c.conn.Output()
		out, outcome, code := c.session.Next(before, w.loop.Now())
		c.conn.SetOutput(out)
		switch outcome {
		case session.Sent:
			w.countOut(c, out[len(before):])
			w.recordSent(c)
		case session.Dropped:
			w.missed(c, code)
		default:
			return
		}
	}
}

// endOverrun closes the connections whose queues were full, by policy.
func (w *worker) endOverrun() {
	for i, c := range w.overrun {
		w.end(c, errOverrun)
		w.overrun[i] = nil
	}
	w.overrun = w.overrun[:0]
}

var errOverrun = fault.New(fault.QueueOverrun, "More messages wait for the client than its queue may hold.")
