package broker

// This file is the CONNACK of a session that is new and lasts: it waits until the session
// is written down, so that whoever was let in finds it after a crash; so does the CONNACK of
// who takes it over meanwhile. The client is read no further, and has no subscription by
// which anything could come.

// novelty is whether a durable session was written down before.
type novelty uint8

const (
	isWritten novelty = iota
	isNew             // it was not
	isHeld            // nor was its client told that it is in
)

// mustHold says whether the client's CONNACK has to wait.
func (w *worker) mustHold(c *client) bool {
	return c.enduring != nil && c.enduring.novelty == isNew && c.filters.len() == 0 && w.scribe.failed == nil
}

// holdAdmission keeps the CONNACK, which is what after has more than before.
func (w *worker) holdAdmission(c *client, before, after []byte) {
	c.enduring.novelty = isHeld
	c.conn.Pause()
	w.answerWritten(c, before, after)
}

func (c *client) held() bool {
	e := c.enduring
	return e != nil && e.novelty == isHeld
}

// drop forgets a CONNACK that is held.
func (n *novelty) drop() {
	if *n == isHeld {
		*n = isNew
	}
}

// sendAdmission sends the CONNACK that was kept.
func (w *worker) sendAdmission(c *client) {
	e, before := c.enduring, c.conn.Output()
	after := before
	if a := e.awaiting; a != nil {
		after = append(append(after, a.writing...), a.answers...)
	}
	e.awaiting = nil
	e.novelty.drop()
	w.send(c, before, after)
}

// letIn lets a client in whose CONNACK was kept: its session is written down, or cannot be
// now, which keeps nobody out.
func (w *worker) letIn(c *client) {
	if !c.held() || c.session.Away() || !c.conn.Open() {
		return
	}
	w.sendAdmission(c)
	w.entered(c)
	w.mayReadOn(c)
}
