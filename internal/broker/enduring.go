package broker

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/broker/cursor"
	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/record"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/msg"
)

// enduring is what a client has whose session survives the process (ADR 0007).
type enduring struct {
	cursors  []cursor.Cursor // by stream number less one
	awaiting *awaiting       // mostly nil
	user     string          // whose session it is, when somebody checked
	// firing is the will that was published, until the log has spoken of it.
	firing  *msg.Message
	former  *loop.Former    // while its client is away: its last connection
	filters *record.Changes // what of its filters is to be written; nil is nothing
	wrote   uint32          // when it was written down last, s since 1970
	place   int32           // in the loop's patrol
	trail   record.Trail    // what was written
	turn    uint8           // of its last writing
	altered bool            // its record is to be written
	listed  bool            // it is in scribe.dirty
	owes    bool            // a subscription of it does
	relist  bool            // it was recovered so
	novelty novelty
	turning uint16 // shared subscriptions whose turns its SUBACK waits for
}

// awaiting are SUBACKs and UNSUBACKs that wait until the session is written down; writing
// are those whose session is being written.
type awaiting struct{ answers, writing []byte }

func (a *awaiting) answered() bool { return a != nil && len(a.answers) > 0 }

func (e *enduring) answerLater(b []byte) {
	if e.awaiting == nil {
		e.awaiting = new(awaiting)
	}
	e.awaiting.answers = append(e.awaiting.answers, b...)
}

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

// endure makes the client's session one that survives the process, if it lasts.
func (w *worker) endure(c *client) {
	if w.broker.preserver == nil || c.session.Expiry() == 0 {
		w.alter(c) // it may have lasted before
		return
	}
	c.session.Endure()
	a := c.ownAfter()
	if a.enduring == nil {
		a.enduring = &enduring{wrote: uint32(w.loop.Now() / 1e9), novelty: isNew}
		if c.filters.len() > 0 {
			w.rewrite(c)
		}
		w.enlist(c)
		w.broker.feeds.start()
		for i, name := range w.broker.feeds.list() {
			next := msg.Position{Seq: w.broker.feeds.log.Newest(name).Seq + 1}
			*a.enduring.cursor(uint8(i + 1)) = cursor.From(next)
			w.needs(uint8(i+1), next)
		}
	}
	if c.identity != nil {
		a.enduring.user = c.identity.Username
	}
	if m, _ := c.session.KeptWill(); m != nil {
		m.Origin = msg.WillOrigin(rand.Uint64() >> 4)
		w.scribe.urgent = true
	}
	w.alter(c)
}

// alter has the client's record written: it came, left, or has other subscriptions.
func (w *worker) alter(c *client) {
	if e := c.enduring; e != nil {
		e.altered = true
		c.session.Touch()
		w.noteChanged(c)
	}
}

// rewrite has all written of the client, its filters too.
func (w *worker) rewrite(c *client) {
	if e := c.enduring; e != nil {
		e.filters = record.All()
		w.alter(c)
	}
}

// noteChanged has the client's session written down if it has changed.
func (w *worker) noteChanged(c *client) {
	if c.enduring != nil {
		w.noteEnduring(c, c.enduring)
	}
}

func (w *worker) noteEnduring(c *client, e *enduring) {
	if !e.altered && e.filters == nil && !c.session.Changed() {
		return
	}
	k := &w.scribe
	k.urgent = k.urgent || e.awaiting.answered() || c.session.Urgent()
	if !e.listed {
		e.listed = true
		k.dirty = append(k.dirty, c)
	}
}

// answerWritten sends the client an answer when its session is written down.
func (w *worker) answerWritten(c *client, before, after []byte) {
	if c.enduring == nil {
		w.send(c, before, after)
		return
	}
	c.enduring.answerLater(after[len(before):])
	c.session.Touch()
	w.noteChanged(c)
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

// enduringWritten gives the client's records to the journal.
func (c *client) enduringWritten(w *worker) {
	e := c.enduring
	if e == nil || w.clients[c.id] != c {
		return
	}
	k := &w.scribe
	e.listed = false
	if e.altered {
		e.altered = false
		s := c.recorded(w.wall(c.leftAt))
		k.buf = s.Write(k.buf, &e.trail)
		w.record(record.KindSession, c.id, k.buf)
		c.session.Touch()
	}
	if e.filters != nil {
		k.buf = e.filters.Write(k.buf, &e.trail, c.filters, record.Part, func(b []byte) { w.record(record.KindFilters, c.id, b) })
		e.filters = nil
		c.session.Touch()
	}
	if c.session.Changed() {
		w.writeProgress(c)
	}
	if a := e.awaiting; a != nil && e.turning == 0 {
		a.writing, a.answers = append(a.writing, a.answers...), nil
	}
	k.flight = append(k.flight, c)
}

// writeProgress gives how far the session is to the journal, behind what else is written.
func (w *worker) writeProgress(c *client) {
	k, e := &w.scribe, c.enduring
	e.wrote, e.turn = uint32(w.loop.Now()/1e9), record.NextTurn(e.turn)
	next := w.progressOf(c)
	k.buf = e.trail.Seal(k.buf[:0], e.turn, k.names.of(w.broker.feeds.list()[:len(next)]))
	k.buf = c.session.Write(k.buf, next)
	w.record(record.KindProgress, c.id, k.buf)
	k.index.Wrote(c.id, e.turn)
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

// progressOf is, by stream, the first place that the session has not taken in.
func (w *worker) progressOf(c *client) []session.Logged {
	e := c.enduring
	next := make([]session.Logged, len(w.broker.feeds.list()))
	for i := range next {
		stream := uint8(i + 1)
		next[i] = session.Logged{Stream: stream, At: w.cursorAt(e.cursor(stream), stream)}
	}
	c.session.Places(func(l session.Logged, waits bool) bool {
		if i := int(l.Stream) - 1; waits && l.At.Compare(next[i].At) < 0 {
			next[i].At = l.At
		}
		return true
	})
	return next
}

// cursorAt is where the cursor stands.
func (w *worker) cursorAt(k *cursor.Cursor, stream uint8) msg.Position {
	return k.At(w.tail(stream).Next())
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

func lower(a, b msg.Position) msg.Position {
	if b.Compare(a) < 0 {
		return b
	}
	return a
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

// leaves takes a durable session whose client leaves from the tail of the streams of which
// something waits: what is not sent is in the log, where it costs no memory.
func (w *worker) leaves(c *client) {
	e := c.enduring
	if e == nil {
		return
	}
	e.awaiting = nil
	e.novelty.drop()
	delete(w.behind, c)
	for _, l := range w.progressOf(c) {
		k := e.cursor(l.Stream)
		if l.At.Compare(w.cursorAt(k, l.Stream)) < 0 {
			k.Fall(func() backlog.Tally { return w.totalOf(c, l.Stream) })
		}
		if k.Behind() {
			k.Move(l.At)
		}
	}
	c.session.Unqueue(func(l session.Logged, bytes int) {
		e.cursor(l.Stream).Again(backlog.Tally{Messages: 1, Bytes: int64(bytes)})
	})
	w.unask(c)
}

// unask lets answers that are under way go nowhere: the client has left.
func (w *worker) unask(c *client) {
	for i := range c.enduring.cursors {
		c.enduring.cursors[i].Unask()
	}
}

// returns brings a durable session back to the tail.
func (w *worker) returns(c *client) {
	e := c.enduring
	if e == nil {
		return
	}
	for i := range e.cursors {
		if k := &e.cursors[i]; k.Behind() {
			w.fallBehind(c, uint8(i+1), k.Next())
		}
	}
	w.askAgain(c, true)
}

// begins says where a subscription begins that has just been entered in the place of old.
func (w *worker) begins(s, old *subscription) {
	if !s.durable {
		return
	}
	if old != nil && old.logged() {
		s.begins = old.begins
		return
	}
	f := w.broker.feeds
	s.begins = make([]msg.Position, len(f.list()))
	for i, name := range f.list() {
		s.begins[i] = f.log.Newest(name)
	}
	w.askAnew(s.client)
}
