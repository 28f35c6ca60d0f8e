package loop

import (
	"net"
	"net/netip"
)

const (
	// readBytes is the most that is taken from one connection in one turn.
	readBytes = 64 << 10
	// littleBytes is that while too much is kept of reads.
	littleBytes = 4 << 10
	// headroom is how much of a partial packet can be put before what comes next;
	// a longer one is collected with its connection.
	headroom = 16 << 10
)

// poller is the event-driven transport of one loop: connections that are bare
// descriptors. All but wake is for the loop's goroutine.
type poller interface {
	// wait collects what has happened to the sockets; when that is nothing and the
	// loop is idle, it waits for it or for wake.
	wait(l *Loop)
	// look looks at the sockets once more, without waiting.
	look()
	// serve reads from the sockets that wait or look has found, but those of the crowd.
	serve(l *Loop)
	// gathered says whether wait or look has found somebody of the crowd, the busy
	// connections; serveCrowd reads from them.
	gathered() bool
	serveCrowd(l *Loop)
	// wake ends a wait. Any goroutine may call it.
	wake()
	// add begins to watch c, remove ends it.
	add(c *Conn) error
	remove(c *Conn)
	// flush writes what the socket takes of c's output, and watches for what c
	// needs next.
	flush(c *Conn)
	// endSoon bounds how long c, which is closing, may live.
	endSoon(c *Conn)
	// finish closes the sending side of c, whose output is out, and the rest once
	// the peer has closed, too.
	finish(c *Conn)
	// shut closes the socket.
	shut(c *Conn)
	// close gives up the poller's own descriptors.
	close()
}

// EventDriven makes the loop watch its sockets itself. Call it before Run, which
// gives the descriptors up that it takes. It fails where there is no epoll.
func (l *Loop) EventDriven() (err error) {
	l.poll, err = newPoller()
	return err
}

// AdoptFD is [Loop.Adopt] for the descriptor of a connected, non-blocking stream
// socket, for event-driven loops. The zero address is a Unix socket's.
func (l *Loop) AdoptFD(fd int, remote netip.AddrPort, id uint64, door Door) {
	l.adoptFD(fd, nil, remote, id, door)
}

func (l *Loop) adoptFD(fd int, codec Codec, remote netip.AddrPort, id uint64, door Door) {
	c := &Conn{ID: id, buffers: none, loop: l, door: door, rare: newRare(codec, remote), fd: int32(fd)}
	c.remote, _ = endpointOf(remote)
	l.conns.Add(1)
	l.post(newEvent(bareClass, adopted, c))
}

// show lets the Handler see what stands in buf behind the headroom, where it lies,
// and keeps what it does not use.
func (l *Loop) show(c *Conn, buf []byte) {
	k := len(c.left)
	if k > headroom {
		c.consume(buf[headroom:])
		return
	}
	b := buf[headroom-k:]
	copy(b, c.left)
	used := l.handler.Read(c, b)
	if c.loop != l || !c.Open() {
		return
	}
	if used < len(b) {
		c.keepLeft(b[used:])
	} else if k > 0 {
		c.nothingLeft()
	}
}

// remoteOf is the peer's address as AdoptFD takes it.
func remoteOf(nc net.Conn) netip.AddrPort {
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		ap := a.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}
