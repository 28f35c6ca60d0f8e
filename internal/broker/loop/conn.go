package loop

import (
	"net"
	"net/netip"
	"syscall"

	"github.com/millrace/millrace/internal/fault"
)

// Handle names a connection of one loop by its place in the loop's table and the
// place's generation, so that a late answer finds its connection or none. It
// takes 48 bits and is never 0.
type Handle uint64

// HandleBits is how many low bits of a Handle are in use.
const HandleBits = 48

func handle(slot, generation uint32) Handle {
	return Handle(slot)<<24 | Handle(generation&0xFF_FFFF)
}

func (h Handle) slot() int { return int(h >> 24) }

// Conn is one connection. Every method is for its loop's goroutine.
type Conn struct {
	// Data is the Handler's own, for as long as the connection lives on one loop.
	Data any
	// ID is the number it was adopted with; it stays when the connection moves.
	ID uint64

	*buffers
	loop     *Loop
	portable *portable // nil for a connection that is a bare descriptor
	door     Door      // where it came in; may be nil
	rare     *rare     // mostly nil
	handle   Handle
	due      int64 // when the wheel is to fire, 0 is never; of a closing one when it is cut off, as the poller counts

	spent   spent    // until it is closed, then bytes are discarded
	fd      int32    // -1 when it is closed, or the connection is portable
	remote  endpoint // none is a Unix socket's
	watched watched  // the poller's own
	flags   connFlags
}

type connFlags struct {
	paused, ready, dirty bool
	closing              bool // ends when the output is out
	ended                bool // the codec has said its farewell
	broken               bool // the socket is of no use
	mute                 bool // the peer takes nothing more; what it has sent is yet to be taken
	yielded              bool // its share of the turn is used up
	busy                 bool // one of the crowd
	readerGone           bool // the peer sends nothing more
	finished             bool
}

// Door is where a connection came in: the Handler's own, which the loop tells when
// the connection's place is free again.
type Door interface {
	// Release is called once for each connection, on its loop.
	Release(c *Conn)
}

// Handle returns the connection's name within its loop.
func (c *Conn) Handle() Handle { return c.handle }

// Door is where the connection came in, as it was adopted with; it may be nil.
func (c *Conn) Door() Door { return c.door }

// Remote is the peer's address.
func (c *Conn) Remote() net.Addr {
	switch a := c.RemoteAddrPort(); {
	case a.IsValid():
		return net.TCPAddrFromAddrPort(a)
	case c.portable != nil:
		return c.portable.net.RemoteAddr()
	}
	return &net.UnixAddr{Net: "unix"}
}

// RemoteAddrPort is Remote without memory of its own; it is not valid for a peer
// that has no such address.
func (c *Conn) RemoteAddrPort() netip.AddrPort {
	var a netip.AddrPort
	switch {
	case c.coder() != nil:
		a = c.rare.codec.Remote()
	case c.portable != nil && c.portable.coded != nil:
		a = c.portable.coded.remote()
	}
	if a.IsValid() {
		return a
	}
	return c.Origin()
}

// Origin is the address that the connection was adopted with, whatever its codec
// has learnt since.
func (c *Conn) Origin() netip.AddrPort {
	if c.rare != nil && c.rare.remote.IsValid() {
		return c.rare.remote
	}
	return c.remote.addrPort()
}

// Output returns the turn's output so far. The caller appends to it and gives it
// back with [Conn.SetOutput] before it asks for another connection's.
func (c *Conn) Output() []byte {
	if c.out != nil {
		return c.out
	}
	return c.loop.room()
}

// SetOutput takes the appended output; the loop writes it at the end of the turn.
func (c *Conn) SetOutput(b []byte) {
	if len(b) == 0 {
		return
	}
	if c.out == nil {
		c.loop.spare = nil
		c.busy()
	}
	c.out = b
	c.account()
	c.loop.touch(c)
}

// Buffered is how many bytes wait to be written.
func (c *Conn) Buffered() int { return len(c.out) + len(c.writing) }

// Input is how much memory what has come takes that the Handler has not used.
func (c *Conn) Input() int {
	n := cap(c.left)
	switch {
	case c.portable == nil && c.rare != nil:
		n += c.rare.held
	case c.portable != nil:
		n += c.portable.coded.heldNow()
		for _, e := range c.portable.held {
			n += len(e.buf)
		}
	}
	return n
}

// Open says whether bytes are still taken from the peer.
func (c *Conn) Open() bool { return !c.flags.closing && !c.flags.finished }

// Pause stops taking the peer's bytes; the socket is read no further soon after.
func (c *Conn) Pause() {
	c.flags.paused = true
	c.review()
}

// Paused says whether Pause is in force.
func (c *Conn) Paused() bool { return c.flags.paused }

// Resume ends a Pause: what was held is taken later in this turn.
func (c *Conn) Resume() {
	if !c.flags.paused || c.flags.finished {
		return
	}
	c.flags.paused = false
	c.review()
	if !c.flags.ready {
		c.flags.ready = true
		c.loop.ready = append(c.loop.ready, c)
	}
}

// behind says whether what was read before is yet to be shown: until then nothing more
// is taken from the peer, not its end either.
func (c *Conn) behind() bool { return c.flags.yielded || c.flags.ready }

// silence drops the output of a peer that takes nothing more, and says so as if it had
// left: who waits for room goes on.
func (c *Conn) silence() {
	c.flags.mute = true
	if c.Buffered() == 0 {
		return
	}
	c.loop.spares.give(c.out)
	c.loop.spares.give(c.writing)
	c.out, c.writing = nil, nil
	c.rest()
	c.loop.again = true
	c.loop.handler.Written(c)
}

// deaf says whether a failed write says no more than that the peer takes nothing: what
// it has sent before lies with the system yet.
func deaf(err error) bool { return fault.PeerGone(err) }

// review lets the end of the turn see what the poller is to watch for.
func (c *Conn) review() {
	if c.portable == nil {
		c.loop.touch(c)
	}
}

// Faster lets a reader run two chunks ahead instead of one, where there is one.
func (c *Conn) Faster() {
	if c.portable != nil {
		c.owe()
	}
}

// Wake asks for [Handler.Due] at the given time, by [Loop.Steady], or a little
// later; it takes the place of an earlier wish.
func (c *Conn) Wake(at int64) {
	if !c.Open() {
		return
	}
	c.due = at
	if at != 0 {
		c.loop.wheel.add(c.handle, at)
	}
}

// Close takes no more bytes from the peer, writes what is buffered, tells the
// peer by closing the sending side and ends. The Handler hears no more of c.
func (c *Conn) Close() {
	if c.flags.closing || c.flags.finished {
		return
	}
	c.flags.closing, c.spent = true, 0
	if c.left != nil {
		c.left = nil // nobody will see it
		c.accountLeft()
	}
	c.hold(0)
	c.setEnd()
	switch {
	case c.Buffered() > 0:
	case c.coder() != nil:
		c.loop.touch(c) // there is a farewell to say
	default:
		c.finish()
	}
}

// setEnd bounds how long a closing connection's output may take.
func (c *Conn) setEnd() {
	if c.portable != nil {
		c.portable.setEnd()
		return
	}
	c.loop.poll.endSoon(c)
}

// Abort ends the connection without another byte. The Handler hears no more of c.
func (c *Conn) Abort() {
	c.flags.closing, c.flags.broken = true, true
	switch {
	case c.portable != nil:
		c.portable.abort(c)
	case !c.flags.finished:
		c.finish()
	default:
		c.loop.poll.shut(c)
	}
}

// finish gives up the connection's place with the listener: its output is out, or
// nobody will have it. The socket may yet wait for the peer's last bytes.
func (c *Conn) finish() {
	c.flags.finished = true
	c.loop.spares.give(c.out)
	c.loop.spares.give(c.writing)
	c.empty()
	if c.door != nil {
		c.door.Release(c)
	}
	if c.portable == nil {
		c.loop.poll.finish(c)
		return
	}
	c.portable.finish(c)
	c.loop.conns.Done()
}

// peerGone ends the connection from outside; err is nil when the peer closed in
// order.
func (c *Conn) peerGone(err error) {
	c.flags.readerGone = true
	if err == nil && c.flags.mute {
		err = syscall.EPIPE
	}
	if !c.flags.closing {
		c.loop.handler.Closed(c, err)
	}
	if err != nil {
		c.Abort()
		return
	}
	c.Close()
}

// consume shows b, behind what was left before, to the Handler.
func (c *Conn) consume(b []byte) {
	if !c.Open() || len(b) == 0 && len(c.left) == 0 {
		return
	}
	l := c.loop
	if len(c.left) == 0 {
		used := l.handler.Read(c, b)
		if c.loop == l && c.Open() && used < len(b) {
			c.keepLeft(b[used:])
		}
		return
	}
	c.left = append(c.left, b...)
	used := l.handler.Read(c, c.left)
	if c.loop != l || !c.Open() {
		return
	}
	c.used(used)
}

// MoveTo gives the connection to another loop, with b as the first bytes its
// Handler sees, and leaves nothing here. It is for a connection's first packet:
// the Handler may have written nothing, the connection may not be paused and a
// reader must not run ahead. Both loops are of one kind. The caller's Handler must not
// touch c again.
func (c *Conn) MoveTo(to *Loop, b []byte) {
	if c.portable == nil {
		c.loop.poll.remove(c)
	}
	c.loop.untouch(c)
	c.loop.forget(c)
	c.empty()
	c.due, c.flags.busy = 0, false
	to.conns.Add(1)
	c.loop.conns.Done()
	c.loop = to
	e := newEvent(bareClass, adopted, c)
	e.buf, e.n = append([]byte(nil), b...), len(b)
	e.class = 0
	to.post(e)
}

// Gone returns a connection that has ended, for those who never had one.
func Gone() *Conn {
	c := &Conn{buffers: none}
	c.flags.finished = true
	return c
}
