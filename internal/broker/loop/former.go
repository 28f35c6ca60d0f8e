package loop

import (
	"net"
	"net/netip"
)

// Former is what is remembered of a connection that has ended, for as long as somebody may
// ask: a Conn is four times as large.
type Former struct {
	id     uint64
	remote endpoint
}

// Former is nil for a connection that has not ended, or whose address is a longer one.
func (c *Conn) Former() *Former {
	remote, whole := endpointOf(c.RemoteAddrPort())
	if !c.flags.finished || !whole {
		return nil
	}
	return &Former{c.ID, remote}
}

// NeverWas is nobody's, under a number for those who never had a connection.
func NeverWas(id uint64) *Former { return &Former{id: id} }

// ID is the connection's.
func (f *Former) ID() uint64 { return f.id }

// RemoteAddrPort is what the connection's was.
func (f *Former) RemoteAddrPort() netip.AddrPort { return f.remote.addrPort() }

// Remote is what the connection's was.
func (f *Former) Remote() net.Addr {
	if a := f.RemoteAddrPort(); a.IsValid() {
		return net.TCPAddrFromAddrPort(a)
	}
	return &net.UnixAddr{Net: "unix"}
}

// Gone returns a connection that has ended, with what is remembered of it.
func (f *Former) Gone() *Conn {
	c := Gone()
	c.ID, c.remote = f.id, f.remote
	return c
}
