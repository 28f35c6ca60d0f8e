package loop

import "net/netip"

// endpoint is a peer's address without a link's zone, 20 bytes with no pointer; its
// zero value is a peer that has no address.
type endpoint struct {
	ip     [16]byte
	port   uint16
	family family
}

type family uint8

const (
	noFamily family = iota
	ipv4
	ipv6
)

// endpointOf is a's; whole is false where something of a does not fit.
func endpointOf(a netip.AddrPort) (e endpoint, whole bool) {
	if !a.IsValid() {
		return e, true
	}
	e = endpoint{ip: a.Addr().As16(), port: a.Port(), family: ipv6}
	if a.Addr().Is4() {
		e.family = ipv4
	}
	return e, a.Addr().Zone() == ""
}

func (e *endpoint) addrPort() netip.AddrPort {
	switch e.family {
	case noFamily:
		return netip.AddrPort{}
	case ipv4:
		return netip.AddrPortFrom(netip.AddrFrom16(e.ip).Unmap(), e.port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(e.ip), e.port)
}

// rare is what few connections need: an idle one without it is a quarter smaller.
type rare struct {
	codec  Codec          // of a bare descriptor; may be nil
	remote netip.AddrPort // when it has a zone
	held   int            // by the codec, in Loop.input
}

// newRare is nil when there is nothing to keep.
func newRare(codec Codec, remote netip.AddrPort) *rare {
	_, whole := endpointOf(remote)
	switch {
	case whole && codec == nil:
		return nil
	case whole:
		remote = netip.AddrPort{}
	}
	return &rare{codec: codec, remote: remote}
}

// coder is the codec of a bare descriptor, mostly nil.
func (c *Conn) coder() Codec {
	if c.rare == nil {
		return nil
	}
	return c.rare.codec
}

// buffers are what a connection holds while it has something to read or to write.
type buffers struct {
	out     []byte // appended in this turn and not yet handed to the socket
	writing []byte // the socket, or a writer, has yet to take these
	left    []byte // read, and not yet used by the Handler
	counted int    // of out and writing, in Loop.waiting
	kept    int    // what left takes, in Loop.input
}

// none is what every connection holds that has nothing: it is only read.
var none = new(buffers)

// busy makes sure that the connection's buffers are its own before one is set.
func (c *Conn) busy() {
	if c.buffers != none {
		return
	}
	l := c.loop
	if n := len(l.held); n > 0 {
		c.buffers, l.held = l.held[n-1], l.held[:n-1]
		return
	}
	c.buffers = new(buffers)
}

// keepLeft keeps what the Handler has not used of a read. A connection that yields does
// so with each large read: those are kept in places of the loop's.
func (c *Conn) keepLeft(b []byte) {
	c.busy()
	if c.left == nil && len(b) >= largeLeft {
		c.left = c.loop.leftovers.takeFor(len(b))
	}
	c.left = append(c.left[:0], b...)
	c.accountLeft()
}

// nothingLeft is keepLeft's end.
func (c *Conn) nothingLeft() {
	if cap(c.left) >= largeLeft {
		c.loop.leftovers.give(c.left)
	}
	c.left = nil
	c.rest()
}

// used lets go of the first n bytes that were left. What a large packet has taken is not
// kept for a few bytes of the next.
func (c *Conn) used(n int) {
	old := c.left
	switch rest := len(old) - n; {
	case rest == 0:
		c.nothingLeft()
		return
	case cap(old) > roomyLeft && rest < cap(old)/4:
		c.left = append(make([]byte, 0, rest), old[n:]...)
		c.loop.leftovers.give(old)
	default:
		c.left = old[:copy(old, old[n:])]
	}
	c.accountLeft()
}

// accountLeft counts what is kept of reads now.
func (c *Conn) accountLeft() {
	if n := cap(c.left); n != c.kept {
		c.loop.input += n - c.kept
		c.kept = n
	}
}

// hold counts what the connection's codec keeps now.
func (c *Conn) hold(n int) {
	switch {
	case c.portable != nil:
		if d := c.portable.coded; d != nil && n == 0 {
			d.countIn(nil)
		}
	case c.rare != nil && c.rare.held != n:
		c.loop.input += n - c.rare.held
		c.rare.held = n
	}
}

// account counts what waits for the socket now.
func (c *Conn) account() {
	if n := len(c.out) + len(c.writing); n != c.counted {
		c.loop.waiting += n - c.counted
		c.counted = n
	}
}

// rest gives the buffers back when nothing is in them.
func (c *Conn) rest() {
	c.account()
	c.accountLeft()
	b := c.buffers
	if b == none || b.out != nil || b.writing != nil || b.left != nil {
		return
	}
	c.buffers = none
	if l := c.loop; len(l.held) < keepHeld {
		l.held = append(l.held, b)
	}
}

// empty is rest for whatever is in them.
func (c *Conn) empty() {
	c.hold(0)
	if c.buffers != none {
		*c.buffers = buffers{counted: c.counted, kept: c.kept}
		c.rest()
	}
}
