package broker

import (
	"math/rand/v2"

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

func lower(a, b msg.Position) msg.Position {
	if b.Compare(a) < 0 {
		return b
	}
	return a
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
