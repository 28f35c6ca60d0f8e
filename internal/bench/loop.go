package bench

import (
	"net"
	"runtime"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

const (
	// tick is how often a loop looks after what no event tells it.
	tick = 100 * time.Millisecond
	// dialsATurn bounds the connections opened before the loop looks at the others.
	dialsATurn = 64
)

// loop drives a part of the clients: one goroutine, which owns all of it but the
// fields under mu.
type loop struct {
	o      Options
	run    uint32 // tells this run's messages from another's
	number int
	to     *net.TCPAddr
	origin time.Time
	wire   wire
	meter  meter
	owners []*publisher // by lane, of all loops; fixed before anything is sent

	peers      []*peer
	publishers []*publisher
	subscribed []*subscriber
	collectors []*collector
	members    []*member
	ledger     ledger // what members got
	doubled    uint64 // of them
	disordered uint64
	dirty      []*peer
	calls      []*publisher // may send
	abroad     []*publisher // may send, in other loops
	publish    packet.Publish
	ack        packet.Ack

	dialing struct {
		queue   []*peer
		opening int
		pace    pace
		first   uint64 // of the pace: number of queue[0]
		step    uint64
		next    int // in queue
	}
	outage     outage
	ready      int // subscribers that may be sent to
	awaited    int // of them are to be, for the loop to have settled
	sending    bool
	collecting bool // collectors begin another round
	pace       pace
	cursor     uint64 // of the pace: the loop's next message
	pings      time.Duration
	pingAt     int64
	tickAt     int64
	leaving    bool
	over       bool
	trouble    error // the first that happened
	goal       func() bool
	achieved   chan struct{}

	// mu guards all below.
	mu     sync.Mutex
	posted []func()
	called []*publisher
}

func newLoop(o Options, run uint32, number int, to *net.TCPAddr, origin time.Time) (*loop, error) {
	l := &loop{o: o, run: run, number: number, to: to, origin: origin, meter: newMeter(), pings: o.KeepAlive / 2}
	w, err := newWire(l)
	l.wire = w
	return l, err
}

// now is nanoseconds since 1970, never backwards.
func (l *loop) now() int64 {
	return l.origin.UnixNano() + int64(l.o.Now().Sub(l.origin))
}

// work is the loop's goroutine; it ends after stop.
func (l *loop) work() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer l.wire.end()
	for !l.over {
		l.runPosted()
		now := l.now()
		l.keepTime(now)
		l.sendAll(now)
		l.flush()
		l.callAbroad()
		l.checkGoal()
		l.wire.wait(l.timeout(now))
	}
}

// post has the loop run f, from any goroutine.
func (l *loop) post(f func()) {
	l.mu.Lock()
	l.posted = append(l.posted, f)
	l.mu.Unlock()
	l.wire.wake()
}

func (l *loop) runPosted() {
	l.mu.Lock()
	posted, called := l.posted, l.called
	l.posted = nil
	l.calls = append(l.calls, called...)
	l.called = called[:0]
	l.mu.Unlock()
	for _, f := range posted {
		f()
	}
}

// until returns a channel that is closed once cond holds; one at a time.
func (l *loop) until(cond func() bool) <-chan struct{} {
	ch := make(chan struct{})
	l.post(func() { l.goal, l.achieved = cond, ch })
	return ch
}

func (l *loop) checkGoal() {
	if l.goal != nil && l.goal() {
		l.goal = nil
		close(l.achieved)
	}
}

// keepTime does what is due.
func (l *loop) keepTime(now int64) {
	l.redial(now)
	l.dial(now)
	if l.sending && l.pace.open() {
		l.owe(now)
	}
	if now < l.tickAt {
		return
	}
	l.tickAt = now + int64(tick)
	if l.sending && len(l.outage.fallen) == 0 {
		l.forgive(now)
	}
	if l.pings > 0 && now >= l.pingAt {
		l.pingAll(now)
	}
}

// owe tells publishers of the messages that have come due.
func (l *loop) owe(now int64) {
	n := uint64(len(l.publishers))
	for n > 0 {
		b := l.publishers[l.cursor%n]
		if l.pace.due(uint64(b.index)+l.cursor/n*uint64(b.total)) > now {
			return
		}
		b.due++
		l.cursor++
		l.call(b)
	}
}

func (l *loop) forgive(now int64) {
	for _, b := range l.publishers {
		if b.closed {
			b.forgive(now)
		}
	}
	for _, c := range l.collectors {
		c.forgive(now)
	}
}

func (l *loop) pingAll(now int64) {
	first := l.pingAt == 0
	l.pingAt = now + int64(l.pings)
	for _, p := range l.peers {
		if b, ok := p.role.(*publisher); ok && b.probing {
			continue // its probes keep it
		}
		if p.state == up && !first {
			p.ping()
		}
	}
}

// hurryPings keeps to a keep alive that the broker ordered.
func (l *loop) hurryPings(keepAlive time.Duration) {
	if l.pings == 0 || keepAlive/2 < l.pings {
		l.pings = keepAlive / 2
		l.pingAt = l.now() + int64(l.pings)
	}
}

// timeout is how long nothing is due.
func (l *loop) timeout(now int64) time.Duration {
	if len(l.dirty) > 0 || len(l.calls) > 0 || l.over {
		return 0
	}
	next := l.tickAt
	if l.sending && l.pace.open() && len(l.publishers) > 0 {
		n := uint64(len(l.publishers))
		b := l.publishers[l.cursor%n]
		next = min(next, l.pace.due(uint64(b.index)+l.cursor/n*uint64(b.total)))
	}
	if at, waiting := l.nextDial(); waiting {
		next = min(next, at)
	}
	if len(l.outage.fallen) > 0 {
		next = min(next, l.outage.again)
	}
	return time.Duration(max(0, next-now))
}

// call notes that the publisher, of whatever loop, may send.
func (l *loop) call(b *publisher) {
	switch {
	case b.called.Swap(true):
	case b.loop == l:
		l.calls = append(l.calls, b)
	default:
		l.abroad = append(l.abroad, b)
	}
}

// delivered tells a message's publisher that one more subscriber has it.
func (l *loop) delivered(lane uint32) {
	if lane >= uint32(len(l.owners)) {
		return
	}
	b := l.owners[lane]
	b.delivered.Add(1)
	if b.waiting.Load() && b.waiting.Swap(false) {
		l.call(b)
	}
}

func (l *loop) sendAll(now int64) {
	for _, b := range l.calls {
		b.called.Store(false)
		if l.sending {
			b.send(now)
		}
	}
	l.calls = l.calls[:0]
}

// callAbroad hands over the publishers of other loops, each loop woken once.
func (l *loop) callAbroad() {
	for _, b := range l.abroad {
		o := b.loop
		o.mu.Lock()
		first := len(o.called) == 0
		o.called = append(o.called, b)
		o.mu.Unlock()
		if first {
			o.wire.wake()
		}
	}
	l.abroad = l.abroad[:0]
}

func (l *loop) flush() {
	for i := 0; i < len(l.dirty); i++ {
		p := l.dirty[i]
		p.dirty = false
		if p.state != ended {
			l.wire.write(p)
			l.drained(p)
		}
	}
	l.dirty = l.dirty[:0]
}

// drained lets a publisher go on that stopped because too much waited.
func (l *loop) drained(p *peer) {
	if !p.stuck || l.wire.queued(p) >= maxQueued {
		return
	}
	p.stuck = false
	if b, ok := p.role.(*publisher); ok {
		l.call(b)
	}
}
