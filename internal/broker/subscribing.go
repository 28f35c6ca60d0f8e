package broker

import (
	"bytes"

	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

const (
	// subscribeMost is how many filters of one SUBSCRIBE are entered before others have
	// their turn.
	subscribeMost = 64
	// filterWork is how much work a filter is, in deliveries.
	filterWork = 8
)

// subscribing is a SUBSCRIBE of many filters, of which some are entered in each turn. Its
// client is read no further until it has its answer, so the order of its packets stays.
type subscribing struct {
	packet  packet.Subscribe
	reasons []byte // of the filters so far
	refused error
}

// subscribeOn stands in the inbox, behind what others have brought, for the client on
// that connection.
type subscribeOn struct{ conn loop.Handle }

// subscribeFor takes a client's SUBSCRIBE, decoded and as it came.
func (w *worker) subscribeFor(c *client, p *packet.Subscribe, frame []byte) {
	if len(p.Filters) <= subscribeMost {
		w.subscribe(c, p)
		return
	}
	s := &subscribing{}
	if err := s.packet.Decode(bytes.Clone(frame), c.session.Version()); err != nil {
		w.end(c, err) // cannot be: it was decoded before
		return
	}
	c.ownSeldom().subscribing = s
	c.conn.Pause()
	w.subscribeSome(c)
}

// subscribeSome enters the next filters; behind the last one comes the answer.
func (w *worker) subscribeSome(c *client) {
	s := c.subscribing
	from := len(s.reasons)
	to := min(from+subscribeMost, len(s.packet.Filters))
	w.reasons, w.refusedFilter = w.reasons[:0], s.refused
	w.askAll(c, &s.packet, from, to)
	s.reasons, s.refused = append(s.reasons, w.reasons...), w.refusedFilter
	w.work += (to - from) * filterWork
	if to < len(s.packet.Filters) {
		w.loop.Post(subscribeOn{c.conn.Handle()})
		return
	}
	w.reasons = append(w.reasons[:0], s.reasons...)
	c.stopSubscribing()
	w.subscribed(c, &s.packet)
	w.mayReadOn(c)
}

// subscribeMore goes on with the client on that connection, who may have gone.
func (w *worker) subscribeMore(h loop.Handle) {
	conn := w.loop.Conn(h)
	if conn == nil {
		return
	}
	if c := clientOf(conn); c.subscribing != nil {
		before := w.work
		w.subscribeSome(c)
		w.loop.Spend(w.work - before)
	}
}

// stopSubscribing forgets the SUBSCRIBE in hand.
func (c *client) stopSubscribing() {
	if c.subscribing != nil {
		c.subscribing = nil
		c.mayShareSeldom()
	}
}
