package broker

import (
	"net"
	"net/netip"

	"github.com/millrace/millrace/internal/broker/loop"
)

// fold lets go of what a durable session does not need while its client is away, now that
// it is written down that it is: there are many of those.
func (w *worker) fold(c *client) {
	c.session.Fold()
	if f := c.conn.Former(); f != nil && c.conn != w.nobody {
		c.enduring.former, c.conn = f, w.nobody
	}
}

// former is the connection that the client had last, where its conn is nobody's.
func (c *client) former() *loop.Former {
	if c.enduring == nil {
		return nil
	}
	return c.enduring.former
}

// unfold gives the client a connection that has ended in the place of nobody's.
func (c *client) unfold() {
	if f := c.former(); f != nil {
		c.conn, c.enduring.former = f.Gone(), nil
	}
}

// connID is the number of the client's connection, or of the last that it had.
func (c *client) connID() uint64 {
	if c.conn.ID == 0 {
		if f := c.former(); f != nil {
			return f.ID()
		}
	}
	return c.conn.ID
}

// remote is the address of the client's connection, or of the last that it had.
func (c *client) remote() net.Addr {
	if f := c.former(); f != nil {
		return f.Remote()
	}
	return c.conn.Remote()
}

// remoteAddrPort is remote without memory of its own.
func (c *client) remoteAddrPort() netip.AddrPort {
	if f := c.former(); f != nil {
		return f.RemoteAddrPort()
	}
	return c.conn.RemoteAddrPort()
}
