package broker

import (
	"bytes"

	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

const (
	// filtersMost is how many filters of one SUBSCRIBE or UNSUBSCRIBE are taken before
	// others have their turn.
	filtersMost = 64
	// filterWork is how much work a filter is, in deliveries.
	filterWork = 8
)

// filters is a SUBSCRIBE or an UNSUBSCRIBE, whose filters can be taken in portions.
type filters interface {
	// count is how many there are.
	count() int
	// take takes some of them; the worker's reasons become longer by theirs.
	take(w *worker, c *client, from, to int)
	// answer is SUBACK or UNSUBACK, with the worker's reasons.
	answer(w *worker, c *client)
	// tell says below $SYS what has become of some of them.
	tell(w *worker, c *client, from, to int)
}

// takeFilters takes all filters in one turn.
func (w *worker) takeFilters(c *client, f filters) {
	w.reasons, w.refusedFilter = w.reasons[:0], nil
	f.take(w, c, 0, f.count())
	f.answer(w, c)
	f.tell(w, c, 0, f.count())
}

// takingFilters is a packet of many filters, of which some are taken in each turn. Its
// client is read no further until it has its answer, so the order of its packets stays.
type takingFilters struct {
	filters
	reasons []byte // of the filters so far
	refused error
}

// moreFilters stands in the inbox, behind what others have brought, for the client on
// that connection.
type moreFilters struct{ conn loop.Handle }

func (v moreFilters) on(w *worker) { w.takeMore(v.conn) }

// subscribeFor takes a client's SUBSCRIBE, decoded and as it came.
func (w *worker) subscribeFor(c *client, p *packet.Subscribe, frame []byte) {
	if len(p.Filters) <= filtersMost {
		w.takeFilters(c, subscribe{p})
		return
	}
	own := new(packet.Subscribe)
	w.beginFilters(c, subscribe{own}, own.Decode(bytes.Clone(frame), c.session.Version()))
}

// unsubscribeFor takes a client's UNSUBSCRIBE, decoded and as it came.
func (w *worker) unsubscribeFor(c *client, p *packet.Unsubscribe, frame []byte) {
	if len(p.Filters) <= filtersMost {
		w.takeFilters(c, unsubscribe{p})
		return
	}
	own := new(packet.Unsubscribe)
	w.beginFilters(c, unsubscribe{own}, own.Decode(bytes.Clone(frame), c.session.Version()))
}

// beginFilters takes the first filters of a packet that is the client's own copy.
func (w *worker) beginFilters(c *client, f filters, err error) {
	if err != nil {
		w.end(c, err) // cannot be: it was decoded before
		return
	}
	c.ownSeldom().filtersLeft = &takingFilters{filters: f}
	c.conn.Pause()
	w.takeSome(c)
}

// takeSome takes the next filters; behind the last one comes the answer.
func (w *worker) takeSome(c *client) {
	t := c.filtersLeft
	from := len(t.reasons)
	to := min(from+filtersMost, t.count())
	w.reasons, w.refusedFilter = append(w.reasons[:0], t.reasons...), t.refused
	t.take(w, c, from, to)
	t.reasons, t.refused = append(t.reasons, w.reasons[from:]...), w.refusedFilter
	w.work += (to - from) * filterWork
	if to < t.count() {
		w.loop.Post(moreFilters{c.conn.Handle()})
	} else {
		c.stopFilters()
		t.answer(w, c)
		w.mayReadOn(c)
	}
	t.tell(w, c, from, to)
}

// stopFilters forgets the packet in hand.
func (c *client) stopFilters() {
	if c.filtersLeft != nil {
		c.filtersLeft = nil
		c.mayShareSeldom()
	}
}

// takeMore goes on with the client on that connection, who may have gone.
func (w *worker) takeMore(h loop.Handle) {
	conn := w.loop.Conn(h)
	if conn == nil {
		return
	}
	if c := clientOf(conn); c.filtersLeft != nil {
		before := w.work
		w.takeSome(c)
		w.loop.Spend(w.work - before)
	}
}

// subscribe enters filters.
type subscribe struct{ *packet.Subscribe }

func (s subscribe) count() int { return len(s.Filters) }

func (s subscribe) take(w *worker, c *client, from, to int) {
	for i := from; i < to; i++ {
		if w.subscribesTooFast(c, i == 0) {
			w.refuseFilter(c, fault.RateExceeded)
		} else {
			w.reasons = append(w.reasons, w.ask(c, &s.Filters[i], s.SubscriptionID))
		}
		w.recordFilter(c, s.Filters[i].Filter, w.reasons[len(w.reasons)-1])
	}
}

func (s subscribe) answer(w *worker, c *client) { w.granted(c, s.Subscribe) }

func (s subscribe) tell(w *worker, c *client, from, to int) {
	w.tellSubscribed(c, s.Filters[from:to], w.reasons[from:])
}

// unsubscribe ends subscriptions.
type unsubscribe struct{ *packet.Unsubscribe }

func (u unsubscribe) count() int { return len(u.Filters) }

func (u unsubscribe) take(w *worker, c *client, from, to int) {
	for _, f := range u.Filters[from:to] {
		w.reasons = append(w.reasons, w.unsubscribe(c, f))
	}
}

func (u unsubscribe) answer(w *worker, c *client) {
	before := c.conn.Output()
	w.answerWritten(c, before, c.session.Ended(before, u.ID, w.reasons))
}

func (u unsubscribe) tell(w *worker, c *client, from, to int) {
	w.tellUnsubscribed(c, u.Filters[from:to], w.reasons[from:])
}
