package broker

import (
	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/broker/cursor"
	"github.com/millrace/millrace/internal/broker/feed"
	"github.com/millrace/millrace/internal/msg"
)

// cursor is where the session is in a stream.
func (e *enduring) cursor(stream uint8) *cursor.Cursor {
	for int(stream) > len(e.cursors) {
		e.cursors = append(e.cursors, cursor.Cursor{})
	}
	return &e.cursors[stream-1]
}

// fallBehind says that the client gets the stream from that place on later.
func (w *worker) fallBehind(c *client, stream uint8, at msg.Position) {
	k := c.enduring.cursor(stream)
	k.Fall(func() backlog.Tally { return w.totalOf(c, stream) })
	k.Move(at)
	if c.session.Away() {
		return
	}
	if w.behind == nil {
		w.behind = map[*client]struct{}{}
	}
	w.behind[c] = struct{}{}
}

// catchUp asks for what the client has missed, when there is room for it.
func (w *worker) catchUp(c *client) { w.askAgain(c, false) }

// askAgain is catchUp; comes says that the client has just come back.
func (w *worker) askAgain(c *client, comes bool) {
	e := c.enduring
	if e == nil || c.session.Away() || !c.conn.Open() {
		return
	}
	l := c.session.Limits()
	messages, bytes := c.session.Backlog()
	if messages > l.Queue/2 || bytes > l.QueueBytes/2 {
		return
	}
	most := min(max(l.Queue-messages, 1), feed.ChunkMessages)
	for i := range e.cursors {
		k := &e.cursors[i]
		if round, ok := k.Ask(); ok {
			w.broker.feeds.catcher.Ask(feed.Question{
				Loop: w.home, For: c, Stream: uint8(i + 1), Round: round, From: k.Next(), Most: most, Filters: c.loggedFilters(), Comes: comes,
			})
		}
	}
}

// askAnew lets answers that are under way go nowhere: they were asked for without a filter
// that the client has now.
func (w *worker) askAnew(c *client) {
	for i := range c.enduring.cursors {
		if k := &c.enduring.cursors[i]; k.Asked() {
			k.Unask()
		}
	}
}

func (c *client) loggedFilters() (filters []string) {
	for _, s := range c.filters.list() {
		if s.durable && s.number == 0 {
			filters = append(filters, s.matches())
		}
	}
	return filters
}

// takeAnswer takes what was read for a client or a group that is behind.
func (w *worker) takeAnswer(a *feed.Answer) {
	a.Taken()
	switch who := a.For.(type) {
	case *client:
		w.takeCaught(who, a)
	case *keptGroup:
		w.takeCaughtGroup(who, a)
	}
}

// takeCaught gives the client what was read for it. It follows the tail from the log's
// end on, or from what the loop remembers of the tail.
func (w *worker) takeCaught(c *client, a *feed.Answer) {
	if w.clients[c.id] != c || c.enduring == nil {
		return
	}
	k := c.enduring.cursor(a.Stream)
	if !k.Answered(a.Round, a.Part()) || c.session.Away() || !w.feedRun(c, a.Stream, &a.Run) {
		return
	}
	k.Move(a.Next)
	if a.Part() {
		return
	}
	if t := w.tail(a.Stream); a.End && t.Reaches(a.Next) {
		for p := range t.From(a.Next) {
			if !w.feedRun(c, a.Stream, &p.Run) {
				return
			}
		}
		k.Follow()
		w.wakes++
	}
	w.settleBehind(c)
	w.catchUp(c)
}

// feedRun gives the client its part of a run, from its cursor on; false says that there
// was no room for all.
func (w *worker) feedRun(c *client, stream uint8, p *feed.Run) (ok bool) {
	ok = true
	k := c.enduring.cursor(stream)
	var (
		name   string // the last topic, which is mostly that of the next message
		t      target
		wanted bool
	)
	p.Each(func(at msg.Position, m *msg.Message) bool {
		if at.Compare(k.Next()) < 0 {
			return true
		}
		if name == "" || name != string(m.Topic) {
			name = string(m.Topic)
			t, wanted = w.routes.grantOf(c, name)
		}
		if !wanted {
			return true
		}
		w.images.Reset()
		if !w.feed(&t, stream, at, m) {
			w.fallBehind(c, stream, at)
			ok = false
			return false
		}
		w.recordLogged(stream, at, m, nil)
		k.Passed(backlog.Tally{Messages: int64(t.matches), Bytes: int64(t.matches * m.Bytes())})
		return true
	})
	return ok
}

// settleBehind forgets a client that is behind nowhere.
func (w *worker) settleBehind(c *client) {
	for i := range c.enduring.cursors {
		if c.enduring.cursors[i].Behind() {
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
