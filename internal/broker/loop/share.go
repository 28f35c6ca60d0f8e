package loop

// A turn is shared by what its work costs, not by its bytes alone: one small
// message may go to a thousand receivers. A connection that has used up its share
// yields, and goes on when all others that have something had theirs. As long as
// nobody else comes, the turn goes on, so that what one connection brings still
// leaves in few writes. Who has little to say is attended to meanwhile: read, and
// written before those whom the busy connections have written to.
const (
	// deliveryBytes is what one unit of work counts against a turn's budget. It is
	// little, so that of a burst to very many receivers each gets several messages in
	// one write: whoever else comes is attended to meanwhile.
	deliveryBytes = 4
	// attendWork is how much work may pass before the sockets are looked at again.
	attendWork = 512
	// readWork and writeWork are what a system call costs beside what it carries.
	readWork, writeWork = 32, 64
)

// Spend counts work against the turn: one unit for each delivery or so.
func (l *Loop) Spend(work int) {
	l.budget -= work * deliveryBytes
	l.unattended += work
	l.worked += work
}

// toil counts work of the loop itself, and attends to others when it is time.
func (l *Loop) toil(work int) {
	l.unattended += work
	if l.unattended >= attendWork && !l.serving && !l.attending {
		l.attend(false)
	}
}

// serve takes what the sockets have. What those bring who have little to say leaves
// before anything is taken from the others.
func (l *Loop) serve() {
	from := len(l.dirty)
	l.serveQuiet()
	crowd := l.poll != nil && l.poll.gathered()
	if !crowd && l.readers.crowd.n == 0 {
		return
	}
	l.hasten(from)
	if crowd {
		l.poll.serveCrowd(l)
	}
	l.serveBusyReaders()
}

// serveQuiet takes what the sockets of those have who have little to say.
func (l *Loop) serveQuiet() {
	l.serving = true
	l.serveReaders()
	if l.poll != nil {
		l.poll.serve(l)
	}
	l.serving = false
}

// Yield leaves what Read has not used for later: others come first. The Handler
// calls it in Read.
func (c *Conn) Yield() {
	if !c.flags.yielded {
		c.flags.yielded = true
		c.loop.yielded = append(c.loop.yielded, c)
	}
}

// share gives those that have yielded another share each, and attends to others
// in between, until the turn's budget is used up or everybody has had enough.
func (l *Loop) share() {
	for len(l.yielded) > 0 {
		l.round, l.yielded = l.yielded, l.round[:0]
		for i, c := range l.round {
			l.round[i] = nil
			c.flags.yielded = false
			l.budget -= 64
			if c.loop == l {
				c.takeHeld()
				l.toil(0)
			}
		}
		if l.budget <= 0 {
			return
		}
		if len(l.yielded) > 0 {
			l.attend(true)
		}
	}
}

// attend serves those who have come since the sockets were looked at last, and
// lets what that brought leave at once. Events of the inbox may be taken when none
// is in hand, since they stay in their order.
func (l *Loop) attend(inbox bool) {
	from := len(l.dirty)
	l.readClock()
	l.attending = true
	if inbox {
		l.takeInbox()
	}
	if l.poll != nil {
		l.poll.look()
	}
	l.serveQuiet()
	l.attending, l.unattended = false, 0
	l.again = true // between a turn's writes, its end for the Handler is over
	l.hasten(from)
}

// hasten lets the output leave of those who have become dirty since there were from.
func (l *Loop) hasten(from int) {
	if len(l.dirty) <= from {
		return
	}
	l.handler.Turn()
	l.urgent = append(l.urgent[:0], l.dirty[from:]...)
	clear(l.dirty[from:])
	l.dirty = l.dirty[:from]
	for _, c := range l.urgent {
		l.leave(c)
	}
	clear(l.urgent)
}

// leave lets a connection's output leave.
func (l *Loop) leave(c *Conn) {
	c.flags.dirty = false
	if c.portable != nil {
		c.startWrite()
	} else {
		l.poll.flush(c)
		c.rest()
	}
}

// takeInbox takes what has arrived.
func (l *Loop) takeInbox() {
	for e := l.inbox.take(); e != nil; {
		next, n := e.next, e.n
		l.handle(e)
		e = next
		l.spend(n+64, e != nil)
		l.toil(0)
	}
}
