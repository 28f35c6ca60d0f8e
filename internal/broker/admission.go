package broker

// This file is the CONNACK of a session that is new and lasts: it waits until the session
// is written down, so that whoever was let in finds it after a crash. Meanwhile the client
// is read no further, and has no subscription by which anything could come.

// holdAdmission keeps the CONNACK, which is what after has more than before.
func (w *worker) holdAdmission(c *client, before, after []byte) {
	c.enduring.held = true
	c.conn.Pause()
	w.answerWritten(c, before, after)
}

func (c *client) held() bool {
	e := c.enduring
	return e != nil && e.held
}

// sendAdmission sends the CONNACK that was kept.
func (w *worker) sendAdmission(c *client) {
	e, before := c.enduring, c.conn.Output()
	after := before
	if a := e.awaiting; a != nil {
		after = append(append(after, a.writing...), a.answers...)
	}
	e.awaiting, e.held = nil, false
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
