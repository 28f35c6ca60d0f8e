package broker

// A client that does not read what it is sent, and goes on sending what has to be
// answered, is read no further: its answers are bounded, too. They may fill the
// output twice as far as messages may, so that a client that is merely slow in
// taking messages can go on publishing.

func (w *worker) mayClog(c *client) {
	if c.clogged || c.conn.Buffered() < 2*c.door.zone.OutputBuffer || !c.conn.Open() {
		return
	}
	c.clogged = true
	w.counts.clogged++
	w.counts.cloggedTotal++
	c.conn.Pause()
	w.debug(c, "the client is read no further: it does not take its answers")
}

// mayUnclog lets the client be read again when half of its output has left.
func (w *worker) mayUnclog(c *client) {
	if c.clogged && c.conn.Buffered() < c.door.zone.OutputBuffer {
		w.unclog(c)
		w.mayReadOn(c)
	}
}

func (w *worker) unclog(c *client) {
	if c.clogged {
		c.clogged = false
		w.counts.clogged--
	}
}
