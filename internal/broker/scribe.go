package broker

import (
	"context"
	"strconv"
	"time"

	"github.com/millrace/millrace/internal/broker/record"
	"github.com/millrace/millrace/internal/msg"
)

// scribe writes down the durable sessions of one loop: what has changed is collected, one
// flush is under way.
type scribe struct {
	buf     []byte
	dirty   []*client
	groups  []string  // shared subscriptions of which more is to be written
	ended   []string  // sessions that are no more, which is to be written
	ending  endings   // they, and those of which the will is on its way to the log
	flight  []*client // of the flush under way
	gone    []string
	index   record.Index
	begun   bool // the flush under way has a record of the index
	names   sumOfNames
	open    int // records of it that are not committed
	failed  error
	urgent  bool // somebody waits for the next flush
	due     bool // enough time has passed for the others
	armed   bool
	timer   *time.Timer
	bytes   int64 // written since the waiters asked
	waiters []*flushing
}

const (
	// flushAfter is how long what nobody waits for may wait to be written.
	flushAfter = 20 * time.Millisecond
	// flushAgain is the pause after the journal has refused records.
	flushAgain = time.Second
	// flushAtOnce bounds how many sessions one flush writes.
	flushAtOnce = 512
)

// stop ends the timer. The loop has ended.
func (k *scribe) stop() {
	if k.timer != nil {
		k.timer.Stop()
	}
}

// flushNow is posted when it is time to write what has changed.
type flushNow struct{}

func (flushNow) on(w *worker) { w.scribe.armed, w.scribe.due = false, true }

// flushing asks a loop to write down what has changed, or all.
type flushing struct {
	all  bool
	done chan<- flushed
}

func (v *flushing) on(w *worker) { w.startFlush(v) }

// flushed is the answer: the bytes of records since.
type flushed struct {
	bytes int64
	err   error
}

// flush writes down what has changed when it is time to; Turn calls it.
func (w *worker) flush() {
	k := &w.scribe
	if k.open > 0 {
		return
	}
	if len(k.dirty)+len(k.ended)+len(k.groups) == 0 && (len(k.waiters) == 0 || !k.index.Pending()) {
		w.tellFlushed(nil)
		return
	}
	if !k.urgent && !k.due && len(k.waiters) == 0 && len(k.ended) == 0 || k.failed != nil && !k.due && len(k.waiters) == 0 {
		w.flushIn(flushAfter)
		return
	}
	k.urgent, k.due, k.failed = false, false, nil
	w.writeIndex()
	w.writeEnded()
	w.writeGroups()
	if w.broker.feeds.unnamed.Load() {
		w.record(record.KindStreams, "", w.broker.feeds.namesRecord())
	}
	n := min(flushAtOnce, len(k.dirty))
	for _, c := range k.dirty[:n] {
		c.enduringWritten(w)
	}
	k.dirty = append(k.dirty[:0], k.dirty[n:]...)
	k.urgent = len(k.dirty) > 0
	clear(k.dirty[len(k.dirty):cap(k.dirty)])
}

func (w *worker) flushIn(d time.Duration) {
	k := &w.scribe
	if k.armed {
		return
	}
	k.armed = true
	k.timer = time.AfterFunc(d, func() { w.loop.Post(flushNow{}) })
}

// writeIndex begins a flush with what the one before has written, so that a start knows
// when that is gone.
func (w *worker) writeIndex() {
	k := &w.scribe
	k.begun = true
	k.buf = k.index.Append(k.buf[:0])
	w.record(record.KindIndex, loopName(w.home), k.buf)
}

func loopName(home int) string { return strconv.Itoa(home) }

// writeEnded writes down that sessions are no more.
func (w *worker) writeEnded() {
	k := &w.scribe
	for _, id := range k.ended {
		k.index.Ended(id, k.ending[id].turn)
		w.record(record.KindSession, id, nil)
		w.record(record.KindProgress, id, nil)
	}
	k.gone, k.ended = k.ended, k.gone[:0]
}

// sumOfNames remembers the checksum of the streams' names. They become more, and no others.
type sumOfNames struct {
	count int
	sum   uint32
}

func (n *sumOfNames) of(names []string) uint32 {
	if n.count != len(names) {
		*n = sumOfNames{len(names), record.SumOfNames(names)}
	}
	return n.sum
}

// record gives one record to the journal, as a part of the flush.
func (w *worker) record(kind byte, id string, value []byte) {
	m := msg.Message{Topic: append([]byte{kind}, id...), Payload: value, Time: w.loop.Now()}
	w.scribe.open++
	w.scribe.bytes += int64(m.Bytes())
	w.keeping.AddRecord(&m)
}

// recordsKept takes the journal's word on records of the flush.
func (w *worker) recordsKept(records int, err error) {
	k := &w.scribe
	if k.open -= records; err != nil {
		k.failed = err
	}
	if k.open > 0 || records == 0 {
		return
	}
	k.indexed()
	flight := k.flight
	k.flight = nil
	for _, c := range flight {
		if c.enduring == nil || w.clients[c.id] != c {
			continue
		}
		if k.failed != nil {
			w.rewrite(c)
			w.letIn(c)
		} else {
			w.written(c)
		}
	}
	if k.failed == nil {
		w.broker.feeds.unnamed.Store(false)
		w.goneForGood()
	} else {
		k.ended = append(k.ended, k.gone...)
		w.notGone(k.failed)
		w.groups.touchAll(k)
		w.tellFlushed(k.failed)
		w.flushIn(flushAgain)
	}
	k.gone = k.gone[:0]
}

// indexed notes what has become of a flush with a record of the index.
func (k *scribe) indexed() {
	switch {
	case !k.begun:
	case k.failed != nil:
		k.index.Refused()
	default:
		k.index.Kept()
	}
	k.begun = false
}

// written sends what has waited for the client's records.
func (w *worker) written(c *client) {
	e := c.enduring
	if c.session.Away() || !c.conn.Open() {
		e.novelty = isWritten
		c.session.Written(nil)
		w.fold(c)
		return
	}
	w.letIn(c)
	e.novelty = isWritten
	before := c.conn.Output()
	after := c.session.Written(before)
	if a := e.awaiting; a != nil {
		if after, a.writing = append(after, a.writing...), nil; a.answers == nil {
			e.awaiting = nil
		}
	}
	w.send(c, before, after)
	w.goOn(c)
	w.noteChanged(c)
}

// tellFlushed answers those who wait for everything to be written.
func (w *worker) tellFlushed(err error) {
	k := &w.scribe
	if len(k.waiters) == 0 {
		return
	}
	a := flushed{k.bytes, err}
	for _, q := range k.waiters {
		q.done <- a
	}
	k.waiters, k.bytes = nil, 0
}

// startFlush begins to write down what has changed, or all, for somebody who waits.
func (w *worker) startFlush(q *flushing) {
	if len(w.scribe.waiters) == 0 {
		w.scribe.bytes = 0
	}
	w.scribe.waiters = append(w.scribe.waiters, q)
	if q.all {
		if w.home == 0 {
			w.record(record.KindStreams, "", w.broker.feeds.namesRecord())
		}
		for _, c := range w.clients {
			w.rewrite(c)
		}
		w.groups.touchAll(&w.scribe)
	}
}

// flushSessions has every loop write down its sessions. needed is the lowest place of the
// spare stream that a session has still to get, or may have to be sent again.
func (b *Broker) flushSessions(ctx context.Context, all bool) (bytes int64, needed msg.Position, err error) {
	done := make(chan flushed, len(b.workers))
	b.post(&flushing{all, done})
	needed.Seq = b.feeds.lowest(uint8(b.feeds.spare + 1))
	for range b.workers {
		select {
		case a := <-done:
			bytes += a.bytes
			if a.err != nil {
				err = a.err
			}
		case <-b.stopped:
			return 0, needed, errStopped
		case <-ctx.Done():
			return 0, needed, ctx.Err()
		}
	}
	return bytes, needed, err
}
