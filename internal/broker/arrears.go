package broker

import (
	"context"
	"slices"
	"time"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/broker/feed"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// Backlog bounds what durable sessions have still to get from the log; 0 is no bound.
type Backlog struct {
	// Messages, Bytes and Age are the bounds of one session.
	Messages, Bytes int64
	Age             time.Duration
	// BytesAll is how much the built-in stream may hold for all sessions, and how much
	// more than its own bound a stream may hold that waits for them.
	BytesAll int64
	// Losing is told when sessions begin to lose messages by these bounds, how many there
	// were since it was told last, and with 0 when there were none for some time. It may
	// be nil.
	Losing func(messages uint64)
}

func (b *Backlog) bounds() *backlog.Bounds {
	return &backlog.Bounds{Messages: b.Messages, Bytes: b.Bytes, Age: b.Age}
}

// patrol is a loop's look at all its durable sessions, a part of them at each tick: how
// much they have before them, whether that is too much, and what they need of the log.
type patrol struct {
	sessions []*client
	next     int // of them is looked at next
	needed   []msg.Position
	behind   backlog.Tally
	rounds   uint64 // that are over
}

// patrolTicks is how many ticks one patrol takes; patrolLeast is how many sessions a tick
// looks at if there are so many.
const (
	patrolTicks = 8
	patrolLeast = 256
)

// enlist has patrols look at the client.
func (w *worker) enlist(c *client) {
	p := &w.patrol
	c.enduring.place = int32(len(p.sessions))
	p.sessions = append(p.sessions, c)
}

// strikeOff ends that. The last takes its place; who is passed over by it is looked at now.
func (w *worker) strikeOff(c *client) {
	p := &w.patrol
	last := len(p.sessions) - 1
	moved, place := p.sessions[last], c.enduring.place
	p.sessions[place], p.sessions[last] = moved, nil
	p.sessions = p.sessions[:last]
	moved.enduring.place = place
	if moved != c && int(place) < p.next && last >= p.next {
		w.lookInto(moved)
	}
	p.next = min(p.next, last)
}

// goOnPatrol looks at the next sessions, and publishes what was found behind the last.
func (w *worker) goOnPatrol() {
	f, p := w.broker.feeds, &w.patrol
	if w.broker.preserver == nil {
		return
	}
	if p.needed == nil {
		p.begin(len(f.list()))
	}
	for i := range f.list() {
		w.meet(uint8(i + 1))
	}
	to := min(p.next+max(len(p.sessions)/patrolTicks, patrolLeast), len(p.sessions))
	for ; p.next < to; p.next++ {
		w.lookInto(p.sessions[p.next])
	}
	if p.next < len(p.sessions) {
		return
	}
	w.lookIntoGroups()
	for i, at := range p.needed {
		f.needed[w.home][i].Store(at.Seq)
	}
	w.counts.backlog = p.behind
	p.rounds++
	p.begin(len(f.list()))
}

// Patrol has every loop look at its durable sessions now: then [Broker.Needed] knows of all
// that the stream held when it was called.
func (b *Broker) Patrol(ctx context.Context, stream string) error {
	i := slices.Index(b.feeds.list(), stream)
	if b.preserver == nil || i < 0 || b.lasting.Load() == 0 {
		return nil
	}
	if err := b.feeds.see(ctx, i); err != nil {
		return err
	}
	return b.ask(ctx, b.workers, func(int) func(*worker) bool {
		over := uint64(0)
		return func(w *worker) (goesOn bool) {
			if over == 0 {
				over = w.patrol.rounds + 1
				w.patrol.begin(len(b.feeds.list()))
			}
			w.goOnPatrol()
			return w.patrol.rounds < over
		}
	})
}

// seeAgain is how often it is looked how far a tail's reader is.
const seeAgain = 5 * time.Millisecond

// see waits until the reader of the stream's tail has come to where the stream ends now.
func (f *feeds) see(ctx context.Context, stream int) error {
	for newest := f.log.Newest(f.list()[stream]).Seq; f.seen[stream].Load() < newest; {
		select {
		case <-time.After(seeAgain):
		case <-f.ctx.Done():
			return errStopped
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (p *patrol) begin(streams int) {
	p.next, p.behind, p.needed = 0, backlog.Tally{}, p.needed[:0]
	for range streams {
		p.needed = append(p.needed, msg.Position{Seq: 1<<64 - 1})
	}
}

// lookInto looks at one session.
func (w *worker) lookInto(c *client) {
	for i := range c.enduring.cursors {
		w.trim(c, uint8(i+1))
	}
	w.refresh(c)
	p := &w.patrol
	p.behind = p.behind.Plus(w.waitingFor(c))
	for i := range p.needed {
		p.needed[i] = lower(p.needed[i], w.neededBy(c, uint8(i+1)))
	}
}

// needs says at once that somebody needs the stream from that place on: what patrols have
// found is of others.
func (w *worker) needs(stream uint8, at msg.Position) {
	if found := &w.broker.feeds.needed[w.home][stream-1]; at.Seq < found.Load() {
		found.Store(at.Seq)
	}
}

// neededBy is the lowest place of a stream that the session has still to get, or may have
// to be sent again, as far as the stream may hold it. It never steps back.
func (w *worker) neededBy(c *client, stream uint8) msg.Position {
	at := w.cursorAt(c.enduring.cursor(stream), stream)
	oldest, ok := c.session.OldestPlace(stream)
	if floor := w.floor(stream); ok && oldest.Compare(at) < 0 {
		at = oldest
		if at.Compare(floor) < 0 {
			at = floor // it is under way: a start would not find it, a client that stays gets it
		}
	}
	return at
}

// floor is the place before which sessions get nothing any more.
func (w *worker) floor(stream uint8) msg.Position {
	return msg.Position{Seq: w.broker.feeds.floors[stream-1].Load()}
}

// filtersOf are the counts of the client's filters, until the next call.
func (w *worker) filtersOf(c *client) []*backlog.Filter {
	all := w.sums[:0]
	for _, s := range c.filters.list() {
		if s.sums != nil {
			all = append(all, s.sums)
		}
	}
	w.sums = all
	return all
}

// totalOf is what the client's filters have come to in a stream.
func (w *worker) totalOf(c *client, stream uint8) backlog.Tally {
	return backlog.Total(w.filtersOf(c), stream)
}

// waitingFor is what the log has for the client that is not in its queue.
func (w *worker) waitingFor(c *client) (sum backlog.Tally) {
	if c.enduring == nil {
		return sum
	}
	for i := range c.enduring.cursors {
		if k := &c.enduring.cursors[i]; k.Counted() {
			sum = sum.Plus(k.Waiting(w.totalOf(c, uint8(i+1))))
		}
	}
	return sum
}

// trim lets the client's oldest messages go that are beyond the bounds.
func (w *worker) trim(c *client, stream uint8) {
	k, now := c.enduring.cursor(stream), w.loop.Now()
	floor := w.floor(stream)
	w.forgoQueued(c, stream, floor, now)
	if to := w.tail(stream).Next(); c.session.Away() && k.Unsurveyed() && k.Next().Compare(to) <= 0 {
		w.broker.feeds.survey.Ask(w.surveyFor(c, stream, to))
	}
	if !k.Counted() {
		return
	}
	filters, base := w.filtersOf(c), k.Base()
	if c.session.Waiting() > 0 {
		n, bytes := c.session.WaitingFrom(stream)
		base = base.Minus(backlog.Tally{Messages: int64(n), Bytes: int64(bytes)})
	}
	to, sum, ok := w.ledger.Cut(stream, filters, k.Next(), base, floor, w.tail(stream).Mark(), w.options.Backlog.bounds(), now)
	if !ok {
		return
	}
	c.session.Forgo(stream, to, 0)
	k.Skip(to, sum)
	w.gaveUp(c, sum.Minus(base).Messages)
	w.catchUp(c)
}

// forgoQueued lets go of what waits in the client's queue and lies before floor or is
// too old. It is there still if the client comes back, but not after a restart.
func (w *worker) forgoQueued(c *client, stream uint8, floor msg.Position, now int64) {
	if c.session.Waiting() == 0 {
		return
	}
	oldest := int64(0)
	if age := w.options.Backlog.Age; age > 0 {
		oldest = now - int64(age)
	}
	w.gaveUp(c, int64(c.session.Forgo(stream, floor, oldest)))
}

// gaveUp counts messages that the client does not get for want of retention.
func (w *worker) gaveUp(c *client, n int64) {
	if n <= 0 {
		return
	}
	c.session.Lose(uint64(n), fault.Retention)
	w.lost(c, fault.Retention, int(n))
	c.session.Touch()
	w.noteChanged(c)
}

// refreshAfter is how long what is written of a session's places may be out of date when
// nothing came for it: a start reads the log from there on.
const refreshAfter = 5 * time.Minute

// refresh has the places of a quiet session written down now and then.
func (w *worker) refresh(c *client) {
	e, now := c.enduring, uint32(w.loop.Now()/1e9)
	if now-e.wrote < uint32(refreshAfter/time.Second) {
		return
	}
	e.wrote = now
	c.session.Touch()
	w.noteChanged(c)
}

// countLogged adds the message to the sums of the filters of the route.
func (w *worker) countLogged(r *route, stream uint8, m *msg.Message) {
	for _, f := range r.counts {
		w.ledger.Count(f, stream, m.Bytes())
	}
}

// track has what matches the subscription counted, as it was for old in whose place it
// comes; untrack ends it. What a client subscribes to while it is behind has sums of its
// own, which begin at nothing.
func (w *worker) track(c *client, s, old *subscription) {
	switch {
	case !s.logged() || s.number != 0:
	case old != nil && old.sums != nil:
		s.sums, old.sums = old.sums, nil
	default:
		s.sums = w.ledger.Use(s.matches(), c.isBehind())
	}
}

func (w *worker) untrack(c *client, s *subscription) {
	if s.sums == nil {
		return
	}
	one := []*backlog.Filter{s.sums}
	for i := range c.enduring.cursors {
		if k := &c.enduring.cursors[i]; k.Behind() {
			k.Unfilter(w.ledger.At(uint8(i+1), one, k.Next()))
		}
	}
	w.uncount(s)
}

// uncount lets go of what comes to the subscription.
func (w *worker) uncount(s *subscription) {
	if s.sums != nil {
		w.ledger.Drop(s.sums)
		s.sums = nil
	}
}

func (c *client) isBehind() bool {
	for i := range c.enduring.cursors {
		if c.enduring.cursors[i].Behind() {
			return true
		}
	}
	return false
}

// SessionsReader is what durable sessions are called that read streams ([SessionLog.Hold]).
const SessionsReader = "sessions"

// bound tells the log what it has to keep for sessions, and sessions what has to go, since
// a stream holds more than it may.
func (f *feeds) bound() {
	most := f.workers[0].options.Backlog.BytesAll
	for i, name := range f.list() {
		f.log.Hold(name, SessionsReader, f.lowest(uint8(i+1)))
		if most > 0 {
			f.floors[i].Store(f.log.Beyond(name, most))
		}
	}
}

// losses tells of messages that are given up, once a minute at most.
type losses struct {
	known uint64 // messages
	quiet int    // rounds since the last
	told  bool
}

// losingFor is how many rounds it takes until nothing more is lost.
const losingFor = 60

// tellLosses is called every second.
func (b *Broker) tellLosses() {
	tell, l := b.options.Backlog.Losing, &b.losses
	if tell == nil {
		return
	}
	n := uint64(0)
	for _, w := range b.workers {
		c := w.published.get()
		n += c.dropped[fault.Retention]
	}
	l.quiet++
	switch {
	case n > l.known && (!l.told || l.quiet >= losingFor):
		tell(n - l.known)
		*l = losses{known: n, told: true}
	case l.told && l.quiet >= losingFor:
		tell(0)
		l.told = false
	}
}

// lowest is the lowest entry of the stream that a session needs.
func (f *feeds) lowest(stream uint8) uint64 {
	seq := uint64(1<<64 - 1)
	for i := range f.needed {
		seq = min(seq, f.needed[i][stream-1].Load())
	}
	return seq
}

// markBacklog takes a mark before the run where the tail reader wants one.
func (w *worker) markBacklog(p *feed.Piece) {
	if p.Marked {
		w.ledger.Mark(p.Stream, p.At, p.Mark)
		w.ledger.Forget(p.Stream, msg.Position{Seq: p.Forget})
	}
}
