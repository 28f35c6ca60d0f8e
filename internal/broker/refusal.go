package broker

import (
	"net"
	"net/netip"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Refusal is why somebody was turned away, closed, or not allowed something.
type Refusal struct {
	At time.Time
	// Client is the identifier it came with, cut when it is long; empty before
	// CONNECT. User is its user name or, when it is not let in, the one it came with.
	Client, User string
	// Address is where it came from; not valid for a Unix socket.
	Address netip.Addr
	// Listener is the name of the one it came in by.
	Listener string
	// Admitted says that it had been let in, and was closed or not allowed something later.
	Admitted bool
	Code     fault.Code
	// Text is for people.
	Text string
}

// reportRefusal tells whoever keeps them that the client was refused something, and keeps
// it as the client's last error.
func (w *worker) reportRefusal(c *client, err error) {
	c.ownSeldom().troubles.failed(fault.CodeOf(err), w.loop.Now())
	if w.options.Refused == nil {
		return
	}
	w.options.Refused(Refusal{
		At: time.Unix(0, w.loop.Now()), Client: c.name, User: c.user(), Address: c.conn.RemoteAddrPort().Addr().Unmap(),
		Listener: c.door.name, Admitted: c.wasIn(err), Code: fault.CodeOf(err), Text: fault.UserMessage(err),
	})
}

// refuse tells of somebody who was turned away before it said a word.
func (d *door) refuse(remote net.Addr, err error) {
	if f := d.broker.options.Refused; f != nil {
		f(Refusal{At: d.broker.options.Now(), Address: ipOf(remote), Listener: d.name, Code: fault.CodeOf(err), Text: fault.UserMessage(err)})
	}
}

// ipOf is the address without its port; not valid for a Unix socket's.
func ipOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
