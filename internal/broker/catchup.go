package broker

import (
	"errors"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// catchers is how many clients' messages are read back at one time.
const catchers = 4

// A chunk that is read for one client ends with so many messages, or their bytes, or when
// so many were looked at.
const (
	chunkMessages = 500
	chunkBytes    = 256 << 10
	chunkLooks    = 200_000
)

// catchUp asks for what a client that is behind missed in a stream, from a place on.
type catchUp struct {
	worker  *worker
	client  *client
	stream  uint8
	round   uint32 // of the cursor when it was asked
	from    msg.Position
	most    int // messages
	filters []string
}

// caught is the answer: the next messages, and whether the log ended with them.
type caught struct {
	catchUp
	fed
	end bool
}

// catcher holds the questions, and answers them on goroutines of its own.
type catcher struct {
	feeds *feeds
	mu    sync.Mutex // guards asked
	wake  *sync.Cond
	asked []catchUp
}

func (k *catcher) ask(q catchUp) {
	k.mu.Lock()
	k.asked = append(k.asked, q)
	k.mu.Unlock()
	k.wake.Signal()
}

// next waits for a question; false comes when the feeds stop.
func (k *catcher) next() (q catchUp, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.asked) == 0 && k.feeds.ctx.Err() == nil {
		k.wake.Wait()
	}
	if k.feeds.ctx.Err() != nil {
		return q, false
	}
	q = k.asked[0]
	k.asked[0] = catchUp{}
	k.asked = k.asked[1:]
	return q, true
}

func (k *catcher) run() {
	for q, ok := k.next(); ok; q, ok = k.next() {
		a := &caught{catchUp: q}
		for k.read(a) != nil && k.feeds.ctx.Err() == nil {
			k.feeds.pause(time.Second)
		}
		q.worker.loop.Post(a)
	}
}

// read fills the answer.
func (k *catcher) read(a *caught) error {
	name := k.feeds.names[a.catchUp.stream-1]
	newest := k.feeds.log.Newest(name)
	a.fed = fed{stream: a.catchUp.stream, next: a.from}
	looked := 0
	err := k.feeds.log.Replay(k.feeds.ctx, name, before(a.from), func(at msg.Position, ms []msg.Message) error {
		for i := range ms {
			here := msg.Position{Seq: at.Seq, Index: at.Index + uint32(i)}
			if a.wants(&ms[i]) {
				if len(a.places) == 0 {
					a.base = ms[i].Time
				}
				a.add(here, &ms[i])
			}
			a.next = behindOf(here)
			if looked++; len(a.places) >= a.most || len(a.records) >= chunkBytes || looked >= chunkLooks {
				return errFed
			}
		}
		return nil
	})
	switch {
	case errors.Is(err, errFed):
		return nil
	case err != nil:
		return err
	}
	a.end = true
	if end := (msg.Position{Seq: newest.Seq + 1}); a.next.Compare(end) < 0 {
		a.next = end
	}
	return nil
}

func (q *catchUp) wants(m *msg.Message) bool {
	if m.QoS == 0 {
		return false
	}
	for _, f := range q.filters {
		if topic.Match(f, string(m.Topic)) {
			return true
		}
	}
	return false
}

// behindOf is the place that follows, before the one that is passed to a reader so that it
// begins there.
func behindOf(p msg.Position) msg.Position { return msg.Position{Seq: p.Seq, Index: p.Index + 1} }

func before(p msg.Position) msg.Position {
	switch {
	case p.Index > 0:
		return msg.Position{Seq: p.Seq, Index: p.Index - 1}
	case p.Seq > 0:
		return msg.Position{Seq: p.Seq - 1, Index: ^uint32(0)}
	}
	return p
}

// cursor is where a durable session is in one stream: it has taken all before next, or
// follows the tail from there on; behind says that it does not.
type cursor struct {
	next   msg.Position
	round  uint32 // answers to an earlier one are of no use
	behind bool
	asked  bool
}

func (e *enduring) cursor(stream uint8) *cursor {
	for int(stream) > len(e.cursors) {
		e.cursors = append(e.cursors, cursor{})
	}
	return &e.cursors[stream-1]
}

// fallBehind says that the client gets the stream from that place on later.
func (w *worker) fallBehind(c *client, stream uint8, at msg.Position) {
	k := c.enduring.cursor(stream)
	k.behind, k.next, k.asked = true, at, false
	k.round++
	if c.session.Away() {
		return
	}
	if w.behind == nil {
		w.behind = map[*client]struct{}{}
	}
	w.behind[c] = struct{}{}
}

// catchUp asks for what the client has missed, when there is room for it.
func (w *worker) catchUp(c *client) {
	e := c.enduring
	if e == nil || c.session.Away() || !c.conn.Open() {
		return
	}
	l := c.session.Limits()
	messages, bytes := c.session.Backlog()
	if messages > l.Queue/2 || bytes > l.QueueBytes/2 {
		return
	}
	most := min(max(l.Queue-messages, 1), chunkMessages)
	for i := range e.cursors {
		if k := &e.cursors[i]; k.behind && !k.asked {
			k.asked = true
			w.broker.feeds.catcher.ask(catchUp{w, c, uint8(i + 1), k.round, k.next, most, c.loggedFilters()})
		}
	}
}

func (c *client) loggedFilters() (filters []string) {
	for _, s := range c.filters {
		if s.durable {
			filters = append(filters, s.matches())
		}
	}
	return filters
}

// takeCaught gives the client what was read for it. It follows the tail from the log's
// end on, or from what the loop remembers of the tail.
func (w *worker) takeCaught(a *caught) {
	c := a.client
	if w.clients[c.id] != c || c.enduring == nil {
		return
	}
	k := c.enduring.cursor(a.catchUp.stream)
	if k.round != a.round || !k.behind {
		return
	}
	k.asked = false
	if c.session.Away() || !w.feedRun(c, &a.fed) {
		return
	}
	t := w.tail(a.catchUp.stream)
	if k.next = a.next; a.end && k.next.Compare(t.since) >= 0 {
		for _, p := range t.recent {
			if p.next.Compare(k.next) > 0 && !w.feedRun(c, p) {
				return
			}
		}
		k.behind = false
	}
	w.settleBehind(c)
	w.catchUp(c)
}

// feedRun gives the client its part of a run, from its cursor on; false says that there
// was no room for all.
func (w *worker) feedRun(c *client, p *fed) (ok bool) {
	ok = true
	k := c.enduring.cursor(p.stream)
	p.each(func(at msg.Position, m *msg.Message) bool {
		if at.Compare(k.next) < 0 {
			return true
		}
		t, wanted := w.routes.grantOf(c, string(m.Topic))
		if !wanted {
			return true
		}
		w.images.reset()
		if !w.feed(&t, p.stream, at, m) {
			w.fallBehind(c, p.stream, at)
			ok = false
		}
		return ok
	})
	return ok
}

// settleBehind forgets a client that is behind nowhere.
func (w *worker) settleBehind(c *client) {
	for i := range c.enduring.cursors {
		if c.enduring.cursors[i].behind {
			return
		}
	}
	delete(w.behind, c)
}

// lookBehind asks for those who had no room: it may have come by the end of others.
func (w *worker) lookBehind() {
	for c := range w.behind {
		if w.clients[c.id] != c || c.session.Away() {
			delete(w.behind, c)
			continue
		}
		w.catchUp(c)
	}
}
