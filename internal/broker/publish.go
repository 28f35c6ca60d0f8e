package broker

import (
	"context"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// publishing is a message from inside the node on its way to a loop.
type publishing struct {
	message msg.Message
	answer  chan verdict
}

func (v *publishing) on(w *worker) { w.publishInside(v) }

// verdict is the answer to one publishing.
type verdict struct {
	kept bool
	err  error
}

// Publish sends a message from inside the node as a client would, from any
// goroutine; messages on one topic keep their order. With QoS 1 it waits until
// the log has the message, when a stream takes its topic, and says so by kept;
// with QoS 0 kept says that a stream takes it. The message is copied.
func (b *Broker) Publish(ctx context.Context, m *msg.Message) (kept bool, err error) {
	if !isDelayed(m.Topic) {
		if err := b.publishable(m); err != nil {
			return false, err
		}
	}
	p := &publishing{message: m.Clone(), answer: make(chan verdict, 1)}
	if p.message.Time == 0 {
		p.message.Time = b.options.Now().UnixNano()
	}
	b.workers[shardOf(m.Topic)%uint32(len(b.workers))].loop.Post(p)
	select {
	case a := <-p.answer:
		return a.kept, a.err
	case <-b.stopped:
		return false, fault.New(fault.Unavailable, "The broker has stopped.")
	case <-ctx.Done():
		return false, fault.Wrap(fault.Timeout, "broker: publish", ctx.Err(), "The log did not keep the message in time; it may still do so.")
	}
}

func (b *Broker) publishable(m *msg.Message) error {
	if err := topic.ValidName(m.Topic); err != nil {
		return err
	}
	if err := b.options.Zone.Topics.Name(m.Topic); err != nil {
		return err
	}
	switch {
	case m.Topic[0] == '$':
		return fault.New(fault.Forbidden, "Topics that begin with $ are the server's own: choose another topic.")
	case m.QoS > 1:
		return fault.New(fault.QoSUnsupported, "QoS 2 is for MQTT clients: use 0 or 1.")
	case len(m.Topic)+len(m.Payload)+len(m.Properties) > b.options.Zone.MaxPacketSize:
		return fault.New(fault.PacketTooLarge, "The message is larger than the %d bytes that a packet may have.", b.options.Zone.MaxPacketSize)
	}
	return nil
}

// waiters are those inside the node whose message is on its way into the log. A
// batch's token names a waiter by its number.
type waiters struct {
	waiting map[uint16]chan verdict
	last    uint16
}

func (k *waiters) add(answer chan verdict) (number uint16, ok bool) {
	if len(k.waiting) == 1<<16-1 {
		return 0, false
	}
	if k.waiting == nil {
		k.waiting = map[uint16]chan verdict{}
	}
	for {
		if k.last++; k.last != 0 && k.waiting[k.last] == nil {
			k.waiting[k.last] = answer
			return k.last, true
		}
	}
}

func (k *waiters) answer(number uint16, err error) {
	if answer := k.waiting[number]; answer != nil {
		delete(k.waiting, number)
		answer <- verdict{kept: err == nil, err: err}
	}
}

func (w *worker) publishInside(p *publishing) {
	if w.draining {
		p.answer <- verdict{err: errShutdown}
		return
	}
	m, delayed := &p.message, isDelayed(p.message.Topic)
	_, kept := w.streamFor(m, w.routes.find(m.Topic))
	if (kept || delayed) && w.awaitsLogInside(p) {
		return
	}
	var token uint64
	if m.QoS > 0 && (kept || delayed && w.broker.preserver != nil) {
		number, ok := w.publishes.add(p.answer)
		if !ok {
			p.answer <- verdict{err: fault.New(fault.TooMany, "Too many messages wait for the log.")}
			return
		}
		token = uint64(number)
	}
	var err error
	if delayed {
		kept, err = w.delayInside(m, token)
	} else {
		w.publishOwn(m, token)
	}
	switch {
	case err != nil:
		delete(w.publishes.waiting, uint16(token))
		p.answer <- verdict{err: err}
	case token == 0:
		p.answer <- verdict{kept: kept}
	}
}

// publishOwn routes a message that no connection of this loop has sent: one from
// inside the node or a will.
func (w *worker) publishOwn(m *msg.Message, token uint64) {
	w.counts.messagesIn[m.QoS]++
	w.passOn(m, token)
}

// passOn is publishOwn for a message that has been counted. One for the log that is
// of QoS 2, or to be published once whatever happens, or of a publisher or topic of which
// a message waits to be routed, is routed when the log has it.
func (w *worker) passOn(m *msg.Message, token uint64) {
	r := w.routes.find(m.Topic)
	stream, kept := w.streamFor(m, r)
	if kept && m.QoS > 0 && w.turns.list != nil && w.turns.concern(m.Topic) {
		w.turns.held = append(w.turns.held, heldMessage{m.Clone(), token})
		return
	}
	if kept && (m.QoS == 2 || m.Origin != 0 || w.keeping.HoldsLike(m)) {
		w.keeping.AddLater(stream, m, token, 0)
		w.recordOwn(m, r, stream, 0)
		return
	}
	receivers := w.route(r, m, nil)
	if !kept {
		stream = -1
	}
	w.recordOwn(m, r, stream, receivers)
	if kept {
		w.keeping.Add(stream, m, token)
		return
	}
	w.doneDelayed(m, nil)
	if receivers == 0 {
		w.counts.dropped[fault.NoSubscriber]++
	}
}
