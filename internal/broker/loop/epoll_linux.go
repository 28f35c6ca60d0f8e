package loop

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// gathering is the event data of the crowd's descriptor: the generation 0 is nobody's.
const gathering = Handle(1 << 24)

// epoll is the poller of Linux. Busy connections are watched by a descriptor of their
// own, the crowd, which the first one watches: so a look at those who have little to say
// costs the same however many others have something.
type epoll struct {
	fd      int
	crowdFD int
	gate    gate // the sleep until fd has something
	events  [lookMost]unix.EpollEvent
	crowd   [lookMost]unix.EpollEvent
	found   int
	crowded bool // somebody of the crowd has something
	buf     []byte
	born    time.Time
	ends    []ending // of closing connections, the next one first
}

// watched is what the poller knows of a connection.
type watched struct {
	events uint8 // what it is watched for: EPOLLIN, EPOLLOUT
}

// ending is when a closing connection is cut off.
type ending struct {
	conn *Conn
	at   int64 // ns since the poller was born
}

func newPoller() (poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("loop: epoll: %w", err)
	}
	crowdFD, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("loop: epoll: %w", err)
	}
	p := &epoll{fd: fd, crowdFD: crowdFD, buf: make([]byte, headroom+readBytes), born: time.Now()}
	if err = p.gate.build(fd, func() bool { p.look(); return p.found > 0 }); err == nil {
		err = control(fd, unix.EPOLL_CTL_ADD, crowdFD, unix.EPOLLIN, gathering)
	}
	if err != nil {
		p.close()
		return nil, fmt.Errorf("loop: epoll: %w", err)
	}
	return p, nil
}

func control(set, op, fd int, events uint32, h Handle) error {
	e := unix.EpollEvent{Events: events, Fd: int32(uint32(h)), Pad: int32(uint32(h >> 32))}
	return unix.EpollCtl(set, op, fd, &e)
}

// control is control in the set that c is watched in.
func (p *epoll) control(op int, c *Conn, events uint32) error {
	set := p.fd
	if c.flags.busy {
		set = p.crowdFD
	}
	return control(set, op, int(c.fd), events, c.handle)
}

func handleOf(e *unix.EpollEvent) Handle {
	return Handle(uint32(e.Fd)) | Handle(uint32(e.Pad))<<32
}

// wait is poller's. While the gate is open, the sleep begins with a look.
func (p *epoll) wait(l *Loop) {
	if !p.gate.open || !l.idle() {
		if p.look(); p.found > 0 || !l.idle() {
			p.gate.passed()
			return
		}
	}
	p.gate.prepare(p.untilNext())
	l.sleeping.Store(true)
	if l.idle() {
		p.gate.sleep()
	}
	l.sleeping.Store(false)
}

func look(set int, events *[lookMost]unix.EpollEvent) int {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(set), uintptr(unsafe.Pointer(&events[0])), lookMost, 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// untilNext is when the next connection must be cut off; zero is never.
func (p *epoll) untilNext() time.Time {
	if len(p.ends) == 0 {
		return time.Time{}
	}
	return p.born.Add(time.Duration(p.ends[0].at))
}

// serve is poller's.
func (p *epoll) serve(l *Loop) {
	for i := range p.events[:p.found] {
		e := &p.events[i]
		switch c := l.find(handleOf(e)); {
		case c != nil:
			l.spend(p.happened(l, c, e.Events), i+1 < p.found)
		case handleOf(e) == gathering:
			p.crowded = true
		}
	}
	p.found = 0
	if len(p.ends) > 0 {
		p.cutOff()
	}
}

// look is poller's.
func (p *epoll) look() { p.found = look(p.fd, &p.events) }

// gathered is poller's.
func (p *epoll) gathered() bool { return p.crowded }

// serveCrowd is poller's.
func (p *epoll) serveCrowd(l *Loop) {
	p.crowded = false
	found := look(p.crowdFD, &p.crowd)
	for i := range p.crowd[:found] {
		e := &p.crowd[i]
		if c := l.find(handleOf(e)); c != nil {
			l.spend(p.happened(l, c, e.Events), i+1 < found)
			l.toil(readWork)
		}
	}
}

// happened takes what a socket has; it returns what that costs of the turn.
func (p *epoll) happened(l *Loop, c *Conn, events uint32) int {
	if events&^unix.EPOLLIN != 0 {
		l.touch(c) // there is room to write, or writing tells what is wrong
	}
	if events&^unix.EPOLLOUT == 0 || c.behind() || wanted(c)&unix.EPOLLIN == 0 {
		return 64
	}
	return 64 + p.read(l, c)
}

// read takes what one read may bring from c. The socket tells again when there is more.
func (p *epoll) read(l *Loop, c *Conn) int {
	n, errno := receive(c.fd, p.buf[headroom:headroom+l.readMost])
	before := l.worked
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return 0
	case errno != 0 || n == 0:
		p.peerGone(l, c, errno)
		return 0
	case c.flags.closing:
		p.discard(c, n)
	case c.coder() != nil:
		l.decode(c, p.buf[headroom:headroom+n])
	default:
		l.show(c, p.buf[:headroom+n])
	}
	if c.loop == l && c.Open() {
		p.judge(l, c, l.worked-before)
	}
	return n
}

// judge has c watched in the set where it belongs, after it has made that much work.
func (p *epoll) judge(l *Loop, c *Conn, work int) {
	busy := l.effort.busy(c, work, l.steady)
	if busy == c.flags.busy {
		return
	}
	p.remove(c)
	c.flags.busy = busy
	if err := p.watch(c); err != nil {
		p.lost(c, err)
	}
}

// peerGone takes the end of what the peer sends.
func (p *epoll) peerGone(l *Loop, c *Conn, errno syscall.Errno) {
	var err error
	if errno != 0 {
		err = os.NewSyscallError("read", errno)
	}
	closing := c.flags.closing
	c.flags.readerGone = true
	switch {
	case !closing:
		c.peerGone(err)
	case err != nil || c.flags.finished:
		c.Abort()
	}
	if c.fd >= 0 {
		l.touch(c) // its output goes on
	}
}

// discard counts what a closing connection still brings.
func (p *epoll) discard(c *Conn, n int) {
	if c.spent += spent(n); c.spent > drainBytes {
		c.Abort()
	}
}

// add is poller's.
func (p *epoll) add(c *Conn) error { return p.watch(c) }

// remove is poller's.
func (p *epoll) remove(c *Conn) {
	if c.watched.events != 0 {
		_ = p.control(unix.EPOLL_CTL_DEL, c, 0)
		c.watched.events = 0
	}
}

// wanted is what c is to be watched for. A connection that wants nothing is not
// watched at all: a hang-up would be told again and again.
func wanted(c *Conn) (events uint32) {
	if !c.flags.readerGone && (!c.flags.paused || c.flags.closing) {
		events = unix.EPOLLIN
	}
	if len(c.writing) > 0 {
		events |= unix.EPOLLOUT
	}
	return events
}

// watch tells the kernel what c wants, when that has changed.
func (p *epoll) watch(c *Conn) (err error) {
	want := wanted(c)
	switch {
	case uint8(want) == c.watched.events:
		return nil
	case want == 0:
		err = p.control(unix.EPOLL_CTL_DEL, c, 0)
	case c.watched.events == 0:
		err = p.control(unix.EPOLL_CTL_ADD, c, want)
	default:
		err = p.control(unix.EPOLL_CTL_MOD, c, want)
	}
	c.watched.events = uint8(want)
	return os.NewSyscallError("epoll_ctl", err)
}

// flush is poller's.
func (p *epoll) flush(c *Conn) {
	if c.fd < 0 {
		return
	}
	var wrote bool
	var err error
	if !c.flags.mute || c.flags.closing {
		wrote, err = p.write(c)
	}
	switch {
	case c.Open() && (c.flags.mute || deaf(err)):
		c.silence()
	case err != nil:
		p.lost(c, err)
		return
	case c.flags.finished:
	case c.flags.closing:
		if c.Buffered() == 0 && !c.unsaid() {
			c.finish()
		}
	case wrote:
		c.loop.handler.Written(c)
	}
	if c.fd < 0 {
		return
	}
	if err := p.watch(c); err != nil {
		p.lost(c, err)
	}
}

// write hands over what the socket takes: one call, unless output has waited.
func (p *epoll) write(c *Conn) (wrote bool, err error) {
	for {
		if len(c.writing) == 0 {
			if !c.unsaid() {
				return wrote, nil
			}
			if c.coder() != nil {
				c.encode()
				continue
			}
			c.writing, c.out = c.out, nil
		}
		n, errno := send(c.fd, c.writing)
		switch {
		case errno == unix.EAGAIN:
			return wrote, nil
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return wrote, os.NewSyscallError("write", errno)
		}
		wrote = true
		if n < len(c.writing) {
			c.writing = c.writing[n:]
			return wrote, nil // the socket is full
		}
		c.loop.spares.give(c.writing)
		c.writing = nil
	}
}

// lost ends a connection whose socket fails. The Handler may have something to
// say to others, for which the turn has ended: it goes on with another.
func (p *epoll) lost(c *Conn, err error) {
	if !c.flags.closing {
		c.loop.again = true
		c.loop.handler.Closed(c, err)
	}
	c.Abort()
}

// endSoon is poller's.
func (p *epoll) endSoon(c *Conn) {
	c.due = int64(time.Since(p.born) + closeGrace)
	p.ends = append(p.ends, ending{c, c.due})
}

// cutOff ends connections that took too long to, and lets go of those that have ended.
func (p *epoll) cutOff() {
	now, n := int64(time.Since(p.born)), 0
	for n < len(p.ends) && (p.ends[n].at <= now || p.ends[n].conn.fd < 0) {
		e := p.ends[n]
		p.ends[n] = ending{}
		n++
		if e.conn.fd >= 0 && e.conn.due == e.at {
			e.conn.Abort()
		}
	}
	if p.ends = p.ends[n:]; len(p.ends) == 0 {
		p.ends = nil
	}
}

// finish is poller's.
func (p *epoll) finish(c *Conn) {
	if c.flags.readerGone || c.flags.broken {
		p.shut(c)
		return
	}
	_ = unix.Shutdown(int(c.fd), unix.SHUT_WR)
	p.endSoon(c)
	c.loop.touch(c)
}

// shut is poller's. Closing a descriptor ends its being watched, too.
func (p *epoll) shut(c *Conn) {
	if c.fd < 0 {
		return
	}
	_ = unix.Close(int(c.fd))
	c.fd = -1
	c.loop.forget(c)
	c.loop.conns.Done()
}

// wake is poller's.
func (p *epoll) wake() { p.gate.wake() }

// close is poller's.
func (p *epoll) close() {
	p.gate.close()
	_ = unix.Close(p.crowdFD)
	_ = unix.Close(p.fd)
}

func receive(fd int32, b []byte) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

func send(fd int32, b []byte) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}

// takeDescriptor takes the socket out of nc, which is closed. It is for plain
// sockets; of any other nc, nothing is touched.
func takeDescriptor(nc net.Conn) (fd int, ok bool) {
	var raw syscall.RawConn
	var err error
	switch s := nc.(type) {
	case *net.TCPConn:
		raw, err = s.SyscallConn()
	case *net.UnixConn:
		raw, err = s.SyscallConn()
	default:
		return -1, false
	}
	if err != nil {
		return -1, false
	}
	fd = -1
	if raw.Control(func(own uintptr) { fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) }) != nil || err != nil {
		return -1, false
	}
	_ = nc.Close()
	return fd, true
}
