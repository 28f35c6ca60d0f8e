package loop

// lookMost is how many sockets one look is about.
const lookMost = 512

// readers is what the goroutines of portable connections have brought. As with watched
// sockets, those who have little to say come before the crowd, and between its members.
type readers struct {
	inbox inbox  // what nobody has looked at
	taken *event // out of the inbox, oldest first
	crowd fifo   // of busy connections
}

// fifo is a list of events in the order in which they came.
type fifo struct {
	first, last *event
	n           int
}

func (q *fifo) push(e *event) {
	if e.next = nil; q.first == nil {
		q.first = e
	} else {
		q.last.next = e
	}
	q.last = e
	q.n++
}

// pop is for a list that has something.
func (q *fifo) pop() *event {
	e := q.first
	q.first = e.next
	q.n--
	return e
}

func (r *readers) empty() bool { return r.inbox.empty() && r.taken == nil && r.crowd.n == 0 }

// next is the oldest that nobody has looked at; nil is none.
func (r *readers) next() *event {
	if r.taken == nil {
		r.taken = r.inbox.take()
	}
	e := r.taken
	if e != nil {
		r.taken = e.next
	}
	return e
}

// all calls f for everything that there is.
func (r *readers) all(f func(*event)) {
	for r.crowd.n > 0 {
		f(r.crowd.pop())
	}
	for e := r.next(); e != nil; e = r.next() {
		f(e)
	}
}

// arrive hands over what a reader or a writer has. It is for their goroutines.
func (l *Loop) arrive(e *event) {
	l.readers.inbox.push(e)
	l.rouse()
}

// serveReaders takes what those have brought who have little to say, and puts aside what
// is the crowd's. What one connection brings stays in its order.
func (l *Loop) serveReaders() {
	for range lookMost {
		e := l.readers.next()
		if e == nil {
			return
		}
		if c := e.conn; c.flags.busy || c.portable.aside > 0 {
			c.portable.aside++
			l.readers.crowd.push(e)
			continue
		}
		l.fromSocket(e, l.readers.taken != nil)
	}
}

// serveBusyReaders takes what was put aside; others are attended to in between.
func (l *Loop) serveBusyReaders() {
	for n := min(l.readers.crowd.n, lookMost); n > 0; n-- {
		e := l.readers.crowd.pop()
		e.conn.portable.aside--
		l.fromSocket(e, n > 1)
		l.toil(readWork)
	}
}

// fromSocket takes what a reader or a writer has; more says that it is not the last.
func (l *Loop) fromSocket(e *event, more bool) {
	n := e.n
	if e.kind == flushed {
		e.conn.wrote(e.err)
	} else {
		l.fromReader(e.conn, e)
	}
	l.spend(n+64, more)
}
