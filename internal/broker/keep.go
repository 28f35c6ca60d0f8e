package broker

import (
	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// Keeper is the log, as the broker needs it.
type Keeper interface {
	// Route says which stream keeps the topic. It is called for every message: it
	// takes no lock and allocates nothing.
	Route(topic []byte) (stream int, ok bool)
	// Keep takes the batch over and never blocks. committed is called exactly
	// once, from any goroutine, in order per stream: with nil when every message
	// of the batch is kept, else when none of them is promised.
	Keep(stream int, b *msg.Batch, committed func(b *msg.Batch, err error))
}

const (
	// batchBytes hands a batch over before the turn has ended: about one log entry.
	batchBytes = 224 << 10
	// keepBatch and keepBatches bound the memory of the batches kept for reuse.
	keepBatch   = 320 << 10
	keepBatches = 64
)

// keeping is one loop's side of the log: the batches it fills, and how many bytes
// it has handed over that are not committed.
type keeping struct {
	keeper    Keeper
	filling   []*msg.Batch // by stream; nil while the turn has nothing for it
	touched   []int        // streams with a batch
	pool      []*msg.Batch
	committed func(b *msg.Batch, err error)
	journal   int                           // the stream of records, -1 is none
	recorded  func(b *msg.Batch, err error) // committed, for that stream

	bytes   int // in batches that are filling or under way
	limit   int
	flights int           // batches under way
	handed  uint64        // batches, ever
	later   later         // messages in them that are routed when they come back
	paused  []loop.Handle // publishers that are not read until bytes is below half of limit
	inside  []*publishing // from inside the node, which wait for the same
	// stopped is since when somebody waits so, answered when the log last had something
	// to say, by the loop's steady clock.
	stopped, answered int64
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

// add puts the message into the stream's batch of this turn.
func (k *keeping) add(stream int, m *msg.Message, token uint64) {
	k.put(k.fillingFor(stream), stream, m, token)
}

// addLater is add for a message that is routed when the log has it; from is whose
// it is.
func (k *keeping) addLater(stream int, m *msg.Message, token uint64, from loop.Handle) {
	b := k.fillingFor(stream)
	b.Later = append(b.Later, msg.Later{Place: uint32(b.Count()), From: uint64(from)})
	k.later.add(m, 1)
	k.put(b, stream, m, token)
}

// fillingFor is the stream's batch of this turn.
func (k *keeping) fillingFor(stream int) *msg.Batch {
	for stream >= len(k.filling) {
		k.filling = append(k.filling, nil)
	}
	b := k.filling[stream]
	if b == nil {
		b = k.batch()
		k.filling[stream] = b
		k.touched = append(k.touched, stream)
	}
	return b
}

func (k *keeping) put(b *msg.Batch, stream int, m *msg.Message, token uint64) {
	before := len(b.Records)
	b.Add(m, token)
	k.bytes += len(b.Records) - before
	if len(b.Records) >= batchBytes {
		k.handOver(stream)
	}
}

func (k *keeping) batch() *msg.Batch {
	if n := len(k.pool); n > 0 {
		b := k.pool[n-1]
		k.pool = k.pool[:n-1]
		return b
	}
	return new(msg.Batch)
}

func (k *keeping) handOver(stream int) {
	b := k.filling[stream]
	if b == nil || b.Count() == 0 {
		return
	}
	k.filling[stream] = nil
	k.flights++
	k.handed++
	b.Number = k.handed
	answer := k.committed
	if stream == k.journal && k.recorded != nil {
		answer = k.recorded
	}
	k.keeper.Keep(stream, b, answer)
}

// endTurn hands over what the turn has filled.
func (k *keeping) endTurn() {
	for _, stream := range k.touched {
		k.handOver(stream)
	}
	k.touched = k.touched[:0]
}

// returned takes a batch back.
func (k *keeping) returned(b *msg.Batch) {
	k.flights--
	k.bytes -= len(b.Records)
	b.Reset(keepBatch)
	if len(k.pool) < keepBatches {
		k.pool = append(k.pool, b)
	}
}

// shrink lets go of a batch while nothing is under way: after a burst only one stays.
func (k *keeping) shrink() {
	if n := len(k.pool); n > 1 && k.flights == 0 {
		k.pool[n-1] = nil
		k.pool = k.pool[:n-1]
	}
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
	w.keeping.answered = w.loop.Steady()
	w.turnBack(c.batch.Number)
	w.keeping.returned(c.batch)
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
