package broker

import (
	"bytes"
	"strconv"
	"time"

	"github.com/millrace/millrace/internal/broker/delay"
	"github.com/millrace/millrace/internal/broker/preserve"
	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// due is a delayed message whose time has come, on its way to a loop.
type due struct{ entry delay.Entry }

func (v due) on(w *worker) { w.publishDue(&v.entry) }

// Delayed is a message that waits for its time.
type Delayed struct {
	ID, Topic, Publisher string
	QoS                  byte
	Retain               bool
	// Bytes is the size of its payload.
	Bytes int
	// Arrived and Due are when it came and when it is to be published.
	Arrived, Due time.Time
}

// Delayed lists the delayed messages, the first that is due first.
func (b *Broker) Delayed() []Delayed {
	entries := b.delays.List()
	list := make([]Delayed, len(entries))
	for i, e := range entries {
		m := e.Message
		list[i] = Delayed{
			ID: strconv.FormatUint(e.ID, 36), Topic: string(m.Topic), Publisher: string(m.Publisher),
			QoS: m.QoS, Retain: m.Retain, Bytes: len(m.Payload), Arrived: time.Unix(0, m.Time), Due: time.Unix(0, e.Due),
		}
	}
	return list
}

// RemoveDelayed takes a delayed message away, so that it is never published.
func (b *Broker) RemoveDelayed(id string) error {
	n, err := strconv.ParseUint(id, 36, 64)
	if err != nil || !b.delays.Remove(n) {
		return fault.New(fault.NotFound, "There is no delayed message %q: it has been published or removed.", id)
	}
	return nil
}

// fireDelayed hands the messages whose time has come to the loops; those of one
// topic keep their order.
func (b *Broker) fireDelayed() {
	now := b.options.Now().UnixNano()
	for e, ok := b.delays.Take(now); ok; e, ok = b.delays.Take(now) {
		b.workers[shardOf(e.Message.Topic)%uint32(len(b.workers))].loop.Post(due{e})
	}
}

// publishDue publishes a delayed message: it was counted when it came, and has the
// time of its publication. In the log it bears its number, so that it is published once.
func (w *worker) publishDue(e *delay.Entry) {
	c := *e.Message
	c.Time, c.Origin = w.loop.Now(), msg.DelayedOrigin(e.ID)
	w.passOn(&c, 0)
}

// delayed holds a client's message for $delayed/SECONDS/TOPIC; PUBACK or PUBREC
// says that it is held.
func (w *worker) delayed(c *client, ev *session.Event) {
	m := &ev.Message
	at, inner, err := delay.Parse(m.Topic, w.loop.Now())
	var id uint64
	if err == nil {
		m.Topic = inner
		id, err = w.broker.delays.Add(m, at)
	}
	if err != nil {
		w.turnDown(c, ev, err)
		return
	}
	w.counts.delayed++
	w.recordDelayed(c, m, ev.PacketID)
	if w.broker.preserver == nil {
		w.acknowledge(c, ev, session.Answer{})
		return
	}
	r := preserve.Delayed(delay.Entry{ID: id, Due: at, Message: m})
	w.keepAs(c, w.options.Durable.Journal.Index(), &r, m.QoS, ev.PacketID)
}

// delayInside is delayed for a message from inside the node: token is who waits for the
// journal, 0 is nobody. held says that the journal is to have it.
func (w *worker) delayInside(m *msg.Message, token uint64) (held bool, err error) {
	at, inner, err := delay.Parse(m.Topic, w.loop.Now())
	if err != nil {
		return false, err
	}
	m.Topic = inner
	if err := w.broker.publishable(m); err != nil {
		return false, err
	}
	id, err := w.broker.delays.Add(m, at)
	if err != nil || w.broker.preserver == nil {
		return false, err
	}
	r := preserve.Delayed(delay.Entry{ID: id, Due: at, Message: m})
	w.keeping.Add(w.options.Durable.Journal.Index(), &r, token)
	return true, nil
}

// unheld takes delayed messages out whose records the journal has refused: their
// publishers are told.
func (w *worker) unheld(b *msg.Batch) {
	for place := range uint32(b.Count()) {
		var r msg.Message
		if _, err := msg.ReadRecord(b.Record(place), &r, b.Base); err != nil {
			return // cannot be: the records were written by this process
		}
		if id, ok := preserve.DelayedID(&r); ok {
			w.broker.delays.Remove(id)
		}
	}
}

// doneDelayed ends the way of a delayed message, or has it published anew when the log has
// refused its publication.
func (w *worker) doneDelayed(m *msg.Message, err error) {
	id, ok := m.Origin.Delayed()
	switch {
	case !ok:
	case err == nil:
		w.broker.delays.Done(id)
	default:
		own := m.Clone()
		w.broker.delays.Restore(delay.Entry{ID: id, Due: w.loop.Now() + delayAgain, Message: &own})
	}
}

// delayAgain is how long a delayed message waits that the log has refused, ns.
const delayAgain = 5e9

// loseDelayed counts and names what ends with the broker's memory.
func (b *Broker) loseDelayed() {
	n, bytes := b.delays.Len()
	if b.preserver != nil || n == 0 {
		return
	}
	b.lostDelayed.Store(uint64(n))
	b.options.Log.Warn("delayed messages end with the broker", "messages", n, "bytes", bytes)
}

func isDelayed(name []byte) bool { return bytes.HasPrefix(name, []byte(topic.Delayed)) }

// turnDown refuses a client's message. Before MQTT 5 no acknowledgement can say so:
// what the client may not do is acknowledged and goes nowhere [MQTT-3.3.5-2]; what
// it may do later closes the connection, so that it repeats it.
func (w *worker) turnDown(c *client, ev *session.Event, err error) {
	code := fault.CodeOf(err)
	if code == fault.TooMany && ev.Message.QoS > 0 && !c.session.CanRefuse() {
		w.counts.dropped[code]++
		w.recordRefused(c, recorder.Client, &ev.Message, ev.PacketID, code)
		w.end(c, err)
		return
	}
	w.refusePublish(c, ev, code)
}

// acknowledge answers a message of QoS 1 or 2 at once.
func (w *worker) acknowledge(c *client, ev *session.Event, a session.Answer) {
	if ev.Message.QoS > 0 {
		before := c.conn.Output()
		w.send(c, before, c.session.Acknowledge(before, ev.PacketID, ev.Message.QoS, a))
	}
}
