package broker

import (
	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/outbox"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// keeping is one loop's side of the log, and who waits for it to have less under way.
type keeping struct {
	outbox.Outbox
	paused []loop.Handle // publishers that are not read
	inside []*publishing // from inside the node
}

// committal is what comes back from the log.
type committal struct {
	batch   *msg.Batch
	err     error
	records bool // not messages
}

// token finds a publisher again: its connection and the place of its answer. 0
// is nobody; without a connection it is a waiter inside the node.
func token(h loop.Handle, p session.Place) uint64 { return uint64(h)<<16 | uint64(p) }

func fromToken(t uint64) (loop.Handle, session.Place) {
	return loop.Handle(t >> 16), session.Place(t)
}

// committed answers the publishers of a batch, and lets those be read again that
// waited for it.
func (w *worker) committed(c *committal) {
	answer := session.Answer{}
	if c.err != nil {
		code := fault.CodeOf(c.err)
		answer = session.Refusal(code)
		w.counts.dropped[code] += uint64(c.batch.Count())
		w.refusals.log("the log refused messages", "error", c.err, "messages", c.batch.Count())
		if !c.records {
			w.recordUnkept(c.batch, code)
		}
		if c.records {
			w.unheld(c.batch)
		}
	}
	if c.records {
		w.recordsKept(len(c.batch.Later), c.err)
	} else {
		w.routeLater(c)
	}
	for _, t := range c.batch.Tokens {
		if t != 0 {
			w.answer(t, answer, c.err)
		}
	}
	w.turnBack(c.batch.Number)
	w.keeping.Returned(c.batch, w.loop.Steady())
	w.readOn()
}

func (w *worker) answer(t uint64, a session.Answer, err error) {
	handle, place := fromToken(t)
	if handle == 0 {
		w.publishes.answer(uint16(place), err)
		return
	}
	conn := w.loop.Conn(handle)
	if conn == nil {
		w.settleOwed(handle, place, a, err)
		return // the client repeats what was not acknowledged
	}
	c := clientOf(conn)
	if err != nil && !c.session.CanRefuse() {
		c.session.Withdraw(place)
		w.end(c, err)
		return
	}
	before := conn.Output()
	after := c.session.Settle(before, place, a)
	w.send(c, before, after)
	w.noteChanged(c)
	if c.full != notFull && !c.session.Full() {
		w.unhold(c)
	}
	w.mayReadOn(c)
}

// mayReadOn lets the client be read again when nothing holds it any more.
func (w *worker) mayReadOn(c *client) {
	if c.full != holding && !c.held() && !c.clogged && !c.waits && !c.slowed && c.filtersLeft == nil && !w.draining {
		c.conn.Resume()
	}
}
