package broker

import "time"

// Who never acknowledges, and who does not read what it is sent, reports nothing: a
// loop has to look for them. It looks at all its clients again and again, a part of
// them at each tick.

const (
	// lookAgain is how long after the begin of one round the next one begins.
	lookAgain = int64(5 * time.Second)
	// lookWork bounds what one tick looks at: clients, and 64 places of messages under
	// way count as one.
	lookWork = 2048
)

// round is one look at every client of a loop.
type round struct {
	left  []*client // that are yet to be looked at
	begun int64
}

// lookRound goes on with the round, or begins one.
func (w *worker) lookRound() {
	r, now := &w.round, w.loop.Now()
	if len(r.left) == 0 {
		if now-r.begun < lookAgain {
			return
		}
		r.left, r.begun = w.everybody(), now
	}
	for work := 0; work < lookWork && len(r.left) > 0; r.left = r.left[1:] {
		work += 1 + w.lookAt(r.left[0], now)
	}
	if len(r.left) == 0 {
		r.left = nil
	}
}

// lookAt reports the client when it is late, and returns how much work that was.
func (w *worker) lookAt(c *client, now int64) (work int) {
	if w.clients[c.id] != c {
		return 0
	}
	c.session.Rest()
	if c.session.Away() {
		return 0
	}
	if w.options.Late == nil {
		return 0
	}
	if oldest, ok := c.session.Oldest(now); ok {
		w.options.Late(c.id, oldest.Topic, time.Duration(oldest.Took), time.Unix(0, now), 0)
	}
	w.lookAtDrops(c, now)
	return c.session.Inflight() / 64
}

// missUnread counts messages that were dropped because the client did not read.
func (t *troubles) missUnread(n int, now int64) {
	t.unread += uint64(n)
	if t.unreadSince == 0 {
		t.unreadSince = now
	}
}

// lookAtDrops reports a client whose messages were dropped because it did not read,
// and for how long that has been so.
func (w *worker) lookAtDrops(c *client, now int64) {
	t := &c.troubles
	switch {
	case t.unread > 0:
		w.options.Late(c.id, "", time.Duration(now-t.unreadSince), time.Unix(0, now), t.unread)
		t.unread = 0
	case t.unreadSince != 0:
		t.unreadSince = 0
	}
}
