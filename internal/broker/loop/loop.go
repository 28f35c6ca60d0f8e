package loop

import (
	"sync/atomic"
	"time"
)

const (
	// turnBytes ends a turn, so that no connection waits long for its output.
	turnBytes = 512 << 10
	// closeGrace bounds how long a closing connection may take to be written out,
	// and how long the peer's last bytes are awaited.
	closeGrace = time.Second
	// drainBytes bounds the peer's last bytes, which nobody sees.
	drainBytes = 4 << 20
)

// Handler gives the bytes their meaning. Its methods are called on the loop's
// goroutine alone and must not block.
type Handler interface {
	// Open says that c lives here now.
	Open(c *Conn)
	// Read takes b from the peer and returns how much of it was used; the rest is
	// shown again with what follows. b is valid until Read returns.
	Read(c *Conn, b []byte) (used int)
	// Closed says that the peer has gone; err is nil when it closed in order.
	Closed(c *Conn, err error)
	// Written says that output has left; there may be more.
	Written(c *Conn)
	// Due is called at the time Wake asked for.
	Due(c *Conn)
	// Message takes what somebody posted.
	Message(v any)
	// Turn ends a turn, before output is written.
	Turn()
}

// Ticker is a Handler that is to know of each Tick, after the timers have fired.
type Ticker interface{ Tick() }

// Loop is one event loop.
type Loop struct {
	handler Handler
	ticker  Ticker // the handler, when it is one
	now     func() time.Time
	born    time.Time
	clock   int64 // ns since 1970 at the start of this turn
	steady  int64 // the same, whoever has set the machine's clock since the loop was born
	lead    lead
	wheel   *wheel
	poll    poller // nil: goroutines read and write

	inbox    inbox
	readers  readers
	ticked   atomic.Bool
	sleeping atomic.Bool
	wakeup   chan struct{}
	done     chan struct{}
	stopping bool
	budget   int  // bytes left for this turn
	again    bool // the turn's end left something to do

	yielded    []*Conn // have used up their shares, and have more
	round      []*Conn // yielded, of the round before
	urgent     []*Conn // of attend
	attending  bool    // attend is at work: the turn does not end in it
	serving    bool    // the poller is at work: it looks at nothing else
	unattended int     // work since the sockets were looked at
	worked     int     // work since the start
	effort     effort

	table       []*Conn
	generations []uint32
	free        []uint32 // slots of the table
	dirty       []*Conn
	flushed     []*Conn // dirty, of the turn before
	ready       []*Conn
	spares      spares
	leftovers   spares       // for what is left of large reads
	held        []*buffers   // of connections that were busy
	spare       []byte       // what Output gave to a connection that had none
	waiting     int          // bytes of output of all connections
	input       int          // memory of what has come and was not used
	coding      atomic.Int64 // beside it, what the codecs of portable connections keep
	readMost    int          // bytes that one read takes at most
	plain       []byte       // what codecs decode into, behind headroom bytes of room

	// conns counts readers, connections that are not finished and descriptors. One
	// that moves is counted where it lives.
	conns living
}

// New returns a loop that runs when [Loop.Run] is called. now may be nil.
func New(h Handler, now func() time.Time) *Loop {
	if now == nil {
		now = time.Now
	}
	l := &Loop{handler: h, now: now, wakeup: make(chan struct{}, 1), done: make(chan struct{})}
	l.ticker, _ = h.(Ticker)
	l.readMost = readBytes
	l.born = now()
	l.readClock()
	l.wheel = newWheel(l.steady)
	return l
}

// Now is the time of this turn, ns since 1970, by the machine's clock, which may be set.
func (l *Loop) Now() int64 { return l.clock }

// Steady is the time of this turn, ns since 1970, for what lasts a while in this process:
// it goes on evenly when the machine's clock is set, and agrees with it until then. No
// other process knows it.
func (l *Loop) Steady() int64 { return l.steady }

// Wall is what Now shows at a time by Steady, to a millisecond; until the machine's clock
// is set, it shows the same each time.
func (l *Loop) Wall(steady int64) int64 { return steady + int64(l.lead) }

func (l *Loop) readClock() {
	now := l.now()
	l.clock, l.steady = now.UnixNano(), l.born.UnixNano()+int64(now.Sub(l.born))
	l.lead.see(l.clock, l.steady)
}

// Waiting is how many bytes of output wait on all of the loop's connections. It is for the
// loop's goroutine.
func (l *Loop) Waiting() int { return l.waiting }

// Input is how much memory what has come takes that the Handler has not used: parts of
// packets and records, and what waits for its turn. It is for the loop's goroutine.
func (l *Loop) Input() int { return l.input + int(l.coding.Load()) }

// ReadLess lets one read take little, or as much as ever: what a connection has to keep
// of it is no more.
func (l *Loop) ReadLess(less bool) {
	l.readMost = readBytes
	if less {
		l.readMost = littleBytes
	}
}

// Post gives v to the Handler. Any goroutine may call it; it never blocks.
func (l *Loop) Post(v any) {
	e := newEvent(bareClass, posted, nil)
	e.value = v
	l.post(e)
}

// Tick lets the loop look at its timers. Somebody calls it a few times a second.
func (l *Loop) Tick() {
	l.ticked.Store(true)
	l.rouse()
}

// Stop makes Run return once everything posted before is done. Connections that
// are left are aborted.
func (l *Loop) Stop() { l.post(newEvent(bareClass, stop, nil)) }

// Done is closed when Run has returned.
func (l *Loop) Done() <-chan struct{} { return l.done }

// WaitConns waits until every connection of the loop is finished and its goroutines
// have ended. Call it when no more are adopted and all loops that move connections
// here have ended.
func (l *Loop) WaitConns() { l.conns.Wait() }

// Conn finds a connection by its handle; nil when it has gone.
func (l *Loop) Conn(h Handle) *Conn {
	if c := l.find(h); c != nil && c.Open() {
		return c
	}
	return nil
}

// find is Conn for closing connections, too.
func (l *Loop) find(h Handle) *Conn {
	if i := h.slot(); i < len(l.table) {
		if c := l.table[i]; c != nil && c.handle == h {
			return c
		}
	}
	return nil
}

// Each calls f for every open connection.
func (l *Loop) Each(f func(*Conn)) {
	for _, c := range l.table {
		if c != nil && c.Open() {
			f(c)
		}
	}
}

// Run is the loop's goroutine; it returns after Stop.
func (l *Loop) Run() {
	defer close(l.done)
	for !l.stopping {
		l.await()
		l.turn()
	}
	l.end()
}

// await returns when there is something to do.
func (l *Loop) await() {
	switch {
	case l.poll != nil:
		l.poll.wait(l)
	case l.idle():
		l.sleep()
	}
}

// idle says whether nothing has arrived and nothing is left to do.
func (l *Loop) idle() bool {
	return l.inbox.empty() && l.readers.empty() && !l.ticked.Load() && !l.again && len(l.dirty) == 0 && len(l.ready) == 0 && len(l.yielded) == 0
}

func (l *Loop) post(e *event) {
	l.inbox.push(e)
	l.rouse()
}

// rouse wakes the loop when it sleeps: one send for however many posts.
func (l *Loop) rouse() {
	if !l.sleeping.Load() || !l.sleeping.CompareAndSwap(true, false) {
		return
	}
	if l.poll != nil {
		l.poll.wake()
		return
	}
	l.wakeup <- struct{}{}
}

func (l *Loop) sleep() {
	l.sleeping.Store(true)
	if l.idle() {
		<-l.wakeup
		return
	}
	if !l.sleeping.CompareAndSwap(true, false) {
		<-l.wakeup // somebody is sending
	}
}

func (l *Loop) turn() {
	ticked := l.ticked.Swap(false) // before the clock is read: a tick is not lost to an old time
	l.readClock()
	l.budget, l.again, l.unattended = turnBytes, false, 0
	l.takeInbox()
	l.serve()
	l.share()
	if ticked {
		l.spares.tick()
		l.leftovers.tick()
		l.wheel.advance(l.steady, l.fire)
		if l.ticker != nil {
			l.ticker.Tick()
		}
	}
	l.endTurn()
}

// spend takes n from the turn's budget; when that is used up and there is more
// to do, the turn ends early.
func (l *Loop) spend(n int, more bool) {
	if l.budget -= n; l.budget <= 0 && more && !l.attending {
		l.endTurn()
		l.budget = turnBytes
		l.readClock()
	}
}

// endTurn lets the turn's output leave. What writing brings forth is for the next.
func (l *Loop) endTurn() {
	l.goOn()
	l.handler.Turn()
	l.dirty, l.flushed = l.flushed, l.dirty
	for _, c := range l.flushed {
		l.leave(c)
		l.toil(writeWork)
	}
	clear(l.flushed)
	l.flushed = l.flushed[:0]
}

func (l *Loop) handle(e *event) {
	c := e.conn
	switch e.kind {
	case adopted:
		if c.portable != nil && c.portable.coded != nil {
			c.portable.coded.countIn(&l.coding)
		}
		l.adopt(c)
		c.take(e)
		if c.loop == l && c.coder() != nil && c.Open() {
			l.decode(c, nil) // what the codec has already
		}
		return
	case posted:
		l.handler.Message(e.value)
	case stop:
		l.stopping = true
	}
	recycle(e)
}

// goOn takes what resumed connections have held back. It may resume others.
func (l *Loop) goOn() {
	for i := 0; i < len(l.ready); i++ {
		c := l.ready[i]
		l.ready[i] = nil
		c.flags.ready = false
		c.takeHeld()
	}
	l.ready = l.ready[:0]
}

func (l *Loop) fire(t timer) {
	if c := l.Conn(t.handle); c != nil && c.due == t.due {
		c.due = 0
		l.handler.Due(c)
	}
}

// adopt gives c, whose loop is l already, a place in the table.
func (l *Loop) adopt(c *Conn) {
	var slot uint32
	if n := len(l.free); n > 0 {
		slot, l.free = l.free[n-1], l.free[:n-1]
	} else {
		slot = uint32(len(l.table))
		l.table = append(l.table, nil)
		l.generations = append(l.generations, 0)
	}
	g := &l.generations[slot]
	if *g++; *g&0xFF_FFFF == 0 {
		*g++
	}
	c.handle = handle(slot, *g)
	l.table[slot] = c
	l.handler.Open(c)
	if c.portable == nil && c.Open() {
		if err := l.poll.add(c); err != nil {
			c.peerGone(err)
		}
	}
}

// forget takes c out of the table; its handle finds nothing from now on.
func (l *Loop) forget(c *Conn) {
	slot := c.handle.slot()
	if slot < len(l.table) && l.table[slot] == c {
		l.table[slot] = nil
		l.free = append(l.free, uint32(slot))
	}
}

// room is a buffer for the output of a connection that has none.
func (l *Loop) room() []byte {
	if l.spare == nil {
		l.spare = l.spares.take()
	}
	return l.spare
}

func (l *Loop) touch(c *Conn) {
	if !c.flags.dirty {
		c.flags.dirty = true
		l.dirty = append(l.dirty, c)
	}
}

// untouch takes c, which leaves, out of what the end of the turn looks at. Only the
// last ones can be meant, so that is where the search begins.
func (l *Loop) untouch(c *Conn) {
	if !c.flags.dirty {
		return
	}
	c.flags.dirty = false
	for i := len(l.dirty) - 1; i >= 0; i-- {
		if l.dirty[i] == c {
			l.dirty = append(l.dirty[:i], l.dirty[i+1:]...)
			return
		}
	}
}

// end aborts what is left and what comes too late, and waits for the writers
// that are under way: their sockets are closed.
func (l *Loop) end() {
	writers := 0
	for _, c := range l.table {
		if c == nil {
			continue
		}
		c.Abort()
		if c.portable != nil && c.portable.isWriting {
			writers++
		}
	}
	l.dirty, l.ready, l.again = nil, nil, false
	for writers -= l.refuse(); writers > 0; writers -= l.refuse() {
		l.ticked.Store(false)
		l.await()
	}
	if l.poll != nil {
		l.poll.close()
	}
}

// refuse answers what arrives at a loop that has ended; it returns how many
// writers did.
func (l *Loop) refuse() (writers int) {
	for e := l.inbox.take(); e != nil; e = e.next {
		if e.kind == adopted {
			e.conn.Abort()
		}
	}
	l.readers.all(func(e *event) {
		switch e.kind {
		case readerEnd:
			_ = e.conn.portable.net.Close()
		case flushed:
			e.conn.wrote(e.err)
			writers++
		}
	})
	return writers
}
