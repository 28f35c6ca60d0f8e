package loop

import (
	"net"
	"sync/atomic"
	"time"
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

	loop    *Loop
	net     net.Conn
	release func() // tells the listener that a place is free again
	handle  Handle
	due     int64 // when the wheel is to fire; 0 is never

	out     []byte // appended in this turn and not yet handed to a writer
	writing []byte // a writer has these
	left    []byte // read, and not yet used by the Handler
	held    []*event
	gate    chan struct{} // one token for each chunk the reader may read
	owed    int           // tokens kept back while paused
	write   func()        // the writer's body, made once
	written event

	draining atomic.Bool // the reader is to discard what still comes
	flags    connFlags
}

type connFlags struct {
	paused, ready, dirty bool
	isWriting            bool // a writer is under way
	closing              bool // ends when the output is out
	broken               bool // the socket is of no use
	readerGone           bool
	finished             bool
}

// Handle returns the connection's name within its loop.
func (c *Conn) Handle() Handle { return c.handle }

// Remote is the peer's address.
func (c *Conn) Remote() net.Addr { return c.net.RemoteAddr() }

// Output returns the turn's output so far. The caller appends to it and gives it
// back with [Conn.SetOutput] before it asks for another connection's.
func (c *Conn) Output() []byte {
	if c.out != nil {
		return c.out
	}
	if c.loop.spare == nil {
		c.loop.spare = c.loop.buffer()
	}
	return c.loop.spare
}

// SetOutput takes the appended output; the loop writes it at the end of the turn.
func (c *Conn) SetOutput(b []byte) {
	if len(b) == 0 {
		return
	}
	if c.out == nil {
		c.loop.spare = nil
	}
	c.out = b
	c.loop.touch(c)
}

// Buffered is how many bytes wait to be written.
func (c *Conn) Buffered() int { return len(c.out) + len(c.writing) }

// Open says whether bytes are still taken from the peer.
func (c *Conn) Open() bool { return !c.flags.closing && !c.flags.finished }

// Pause stops taking the peer's bytes; its reader waits soon after.
func (c *Conn) Pause() { c.flags.paused = true }

// Paused says whether Pause is in force.
func (c *Conn) Paused() bool { return c.flags.paused }

// Resume ends a Pause: what was held is taken later in this turn.
func (c *Conn) Resume() {
	if !c.flags.paused || c.flags.finished {
		return
	}
	c.flags.paused = false
	if !c.flags.ready {
		c.flags.ready = true
		c.loop.ready = append(c.loop.ready, c)
	}
}

// Faster lets the reader run two chunks ahead instead of one.
func (c *Conn) Faster() { c.owe() }

// Wake asks for [Handler.Due] at the given time, ns since 1970, or a little
// later; it takes the place of an earlier wish.
func (c *Conn) Wake(at int64) {
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
	c.flags.closing = true
	_ = c.net.SetWriteDeadline(time.Now().Add(closeGrace))
	if len(c.out) == 0 && !c.flags.isWriting {
		c.finish()
	}
}

// Abort ends the connection without another byte. The Handler hears no more of c.
func (c *Conn) Abort() {
	c.flags.closing, c.flags.broken = true, true
	_ = c.net.Close()
	if !c.flags.isWriting && !c.flags.finished {
		c.finish()
	}
}

// MoveTo gives the connection to another loop, with b as the first bytes its
// Handler sees, and leaves nothing here. It is for a connection's first packet:
// nothing may have been written and the reader must not run ahead. The caller's
// Handler must not touch c again.
func (c *Conn) MoveTo(to *Loop, b []byte) {
	c.loop.forget(c)
	c.left = nil
	c.out, c.due = nil, 0
	c.loop = to
	e := newEvent(bareClass, adopted, c)
	e.buf, e.n = append([]byte(nil), b...), len(b)
	e.class = 0
	to.post(e)
}
