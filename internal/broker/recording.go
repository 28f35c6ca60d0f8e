package broker

import (
	"encoding/binary"

	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// This file is what a loop tells its flight recorder. Every message costs one record of its
// own, or a count of the one before; one of QoS 1 or 2, or that went otherwise than to the
// connection at once, another for each such receiver. Without a recorder, a nil check each.

// recorderBytes is what each loop may record.
func (o *Options) recorderBytes() int { return int(o.RecorderBytes) / o.Loops }

// newRecorder is nil when nothing is to be recorded. Numbers of messages begin where no
// earlier run has come to.
func (o *Options) newRecorder() *recorder.Ring {
	if o.RecorderBytes < 0 {
		return nil
	}
	now := o.Now()
	return recorder.New(o.recorderBytes(), uint64(now.Unix())<<20, now.UnixNano())
}

// connOf is how the recorder knows a client: by its connection, or the last that it had.
func connOf(c *client) uint32 { return uint32(c.connID()) }

// recordOutcome notes what became of the message in hand for a client.
func (w *worker) recordOutcome(c *client, im *session.Image, share uint32, outcome session.Outcome, code fault.Code) {
	o, detail := recorder.Outcome(outcome), uint16(code)
	if outcome == session.Sent && im.QoS > 0 {
		detail = binary.BigEndian.Uint16(im.Bytes[im.IDAt:])
	}
	if share > 0 {
		o |= recorder.Shared
	}
	w.recorder.Outcome(connOf(c), o, detail)
}

// recordDropped notes that the client, nil for nobody in particular, does not get the
// message in hand.
func (w *worker) recordDropped(c *client, o recorder.Outcome, code fault.Code) {
	if w.recorder == nil {
		return
	}
	conn := uint32(0)
	if c != nil {
		conn = connOf(c)
	}
	w.recorder.Outcome(conn, o, uint16(code))
}

// heading is what is noted of a message that goes to so many receivers, or to nobody;
// stream is that which it was given to, less than 0 for none.
func heading(from recorder.From, m *msg.Message, id uint16, stream, receivers int) recorder.Head {
	h := recorder.Heading(from, m, id, uint8(stream+1))
	if receivers == 0 && stream < 0 {
		h = h.Because(fault.NoSubscriber)
	}
	return h
}

// recordPublish notes a client's message that was routed, or given to the log to be routed
// later.
func (w *worker) recordPublish(c *client, m *msg.Message, id uint16, r *route, stream, receivers int) {
	if w.recorder != nil {
		w.recorder.Message(w.loop.Now(), m, heading(recorder.Client, m, id, stream, receivers), connOf(c), uint32(receivers), &r.mark)
	}
}

// recordRefused notes a client's message that goes nowhere.
func (w *worker) recordRefused(c *client, from recorder.From, m *msg.Message, id uint16, code fault.Code) {
	if w.recorder != nil {
		w.recorder.Message(w.loop.Now(), m, recorder.Heading(from, m, id, 0).Because(code), connOf(c), 0, nil)
	}
}

// recordDelayed notes a client's message that waits for its time.
func (w *worker) recordDelayed(c *client, m *msg.Message, id uint16) {
	if w.recorder != nil {
		w.recorder.Message(w.loop.Now(), m, recorder.Heading(recorder.Delayed, m, id, 0), connOf(c), 0, nil)
	}
}

// recordOwn notes a message that no connection of this loop has sent.
func (w *worker) recordOwn(m *msg.Message, r *route, stream, receivers int) {
	if w.recorder == nil {
		return
	}
	from := recorder.Inside
	if _, delayed := m.Origin.Delayed(); delayed {
		from = recorder.Due
	} else if m.Origin.Will() || w.leaving {
		from = recorder.Will
	}
	w.recorder.MessageBy(w.loop.Now(), m, heading(from, m, 0, stream, receivers), uint32(receivers), &r.mark)
}

// recordRouted notes a message that came to this loop by another way than its publisher,
// when there are outcomes, or receivers that are not listed.
func (w *worker) recordRouted(from recorder.From, m *msg.Message, r *route, receivers int) {
	switch {
	case w.recorder == nil || w.recorder.Open() == 0 && receivers == 0:
	case r == nil:
		w.recorder.Message(w.loop.Now(), m, recorder.Heading(from, m, 0, 0), 0, uint32(receivers), nil)
	default:
		w.recorder.Message(w.loop.Now(), m, heading(from, m, 0, 0, receivers), 0, uint32(receivers), &r.mark)
	}
}

// recordLogged notes a message that the log has brought, when there are outcomes.
func (w *worker) recordLogged(stream uint8, at msg.Position, m *msg.Message, mark *recorder.Mark) {
	if w.recorder != nil && w.recorder.Open() > 0 {
		w.recorder.Logged(w.loop.Now(), m, stream, at, mark)
	}
}

// recordUnkept notes every message of a batch that the log has refused.
func (w *worker) recordUnkept(b *msg.Batch, code fault.Code) {
	if w.recorder == nil {
		return
	}
	var m msg.Message
	for place := range uint32(b.Count()) {
		if _, err := msg.ReadRecord(b.Record(place), &m, b.Base); err != nil {
			return // cannot be: the records were written by this process
		}
		w.recorder.MessageBy(w.loop.Now(), &m, recorder.Heading(recorder.Unkept, &m, 0, 0).Because(code), 0, nil)
	}
}

// recordAcked notes that the client is done with a message.
func (w *worker) recordAcked(c *client, id uint16) {
	if w.recorder != nil {
		w.recorder.Acked(w.loop.Now(), connOf(c), id)
	}
}

// recordSent notes that the client was sent a message that had waited.
func (w *worker) recordSent(c *client) {
	if w.recorder != nil {
		w.recorder.Sent(w.loop.Now(), connOf(c), w.queues.SentID, w.queues.SentSince)
	}
}

// recordLost notes that the client does not get n messages that are not known by name.
func (w *worker) recordLost(c *client, code fault.Code, n int) {
	if w.recorder != nil {
		w.recorder.Lost(w.loop.Now(), connOf(c), code, n, nil, 0)
	}
}

// lostFromQueue notes that a message went out of a client's queue, but not to it.
func (w *worker) lostFromQueue(id, topic []byte, share uint32, since int64, code fault.Code) {
	c := w.removed
	if c == nil {
		c = w.clients[string(id)]
	}
	if c == nil {
		return
	}
	if s := c.shared(share); s != nil {
		s.group.drops.add(code, 1)
	}
	if w.recorder != nil {
		w.recorder.Lost(w.loop.Now(), connOf(c), code, 1, topic, since)
	}
}

// recordEvent notes what happened to a client.
func (w *worker) recordEvent(c *client, what recorder.What, text string, code fault.Code) {
	if w.recorder != nil {
		w.recorder.Event(w.loop.Now(), connOf(c), what, []byte(text), code)
	}
}

// recordFilter notes that a subscription was granted, or why not.
func (w *worker) recordFilter(c *client, filter []byte, reason byte) {
	switch {
	case w.recorder == nil:
	case reason <= 2 && w.renewed:
		w.recorder.Event(w.loop.Now(), connOf(c), recorder.Renewed, filter, 0)
	case reason <= 2:
		w.recorder.Event(w.loop.Now(), connOf(c), recorder.Subscribed, filter, 0)
	default:
		w.recorder.Event(w.loop.Now(), connOf(c), recorder.Refused, filter, w.lastRefused)
	}
}
