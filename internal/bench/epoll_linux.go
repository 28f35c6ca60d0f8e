package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	readSize  = 256 << 10
	maxEvents = 1024
)

// epoll is the wire of Linux: non-blocking sockets, one read a socket and turn into
// one buffer, which the peer parses in place.
type epoll struct {
	loop   *loop
	fd     int
	bell   int // an eventfd
	coarse bool
	events [maxEvents]unix.EpollEvent
	table  []*peer // by descriptor
	buf    [readSize]byte
	plain  []byte // what layers have unwrapped

	// shaking are the goroutines that connect and shake hands; life ends them.
	shaking sync.WaitGroup
	life    context.Context
	kill    context.CancelFunc
}

func newWire(l *loop) (wire, error) {
	if l.o.Portable {
		return newStreams(l), nil
	}
	return newEpoll(l)
}

func newEpoll(l *loop) (*epoll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	bell, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("eventfd", err)
	}
	e := &epoll{loop: l, fd: fd, bell: bell}
	e.life, e.kill = context.WithCancel(context.Background())
	return e, os.NewSyscallError("epoll_ctl", e.watch(unix.EPOLL_CTL_ADD, bell, unix.EPOLLIN))
}

func (e *epoll) watch(op, fd int, events uint32) error {
	return unix.EpollCtl(e.fd, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

func (e *epoll) open(p *peer) {
	if e.loop.o.layered() {
		e.shaking.Go(func() { e.shake(p) })
		return
	}
	if err := e.dial(p); err != nil {
		e.close(p)
		e.loop.gone(p, err)
	}
}

func (e *epoll) dial(p *peer) error {
	to := e.loop.to.AddrPort()
	family := unix.AF_INET
	if to.Addr().Unmap().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return socketError(err)
	}
	e.enter(p, fd)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if p.source.IsValid() {
		// The port is chosen with the destination: 28,000 for each address.
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
		if err := unix.Bind(fd, sockaddr(p.source, 0)); err != nil {
			return fmt.Errorf("source address %s: %w", p.source, err)
		}
	}
	if err := unix.Connect(fd, sockaddr(to.Addr(), to.Port())); err != nil && err != unix.EINPROGRESS {
		return os.NewSyscallError("connect", err)
	}
	p.wire.armed = true
	return os.NewSyscallError("epoll_ctl", e.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN|unix.EPOLLOUT))
}

// enter puts a descriptor into the table.
func (e *epoll) enter(p *peer, fd int) {
	p.wire = handle{fd: fd}
	for fd >= len(e.table) {
		e.table = append(e.table, make([]*peer, len(e.table)+64)...)
	}
	e.table[fd] = p
}

func socketError(err error) error {
	if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) {
		return fmt.Errorf("too many connections for the limit of open files (ulimit -n): %w", err)
	}
	return os.NewSyscallError("socket", err)
}

func sockaddr(a netip.Addr, port uint16) unix.Sockaddr {
	if a = a.Unmap(); a.Is4() {
		return &unix.SockaddrInet4{Addr: a.As4(), Port: int(port)}
	}
	s := &unix.SockaddrInet6{Addr: a.As16(), Port: int(port)}
	if zone, err := net.InterfaceByName(a.Zone()); err == nil {
		s.ZoneId = uint32(zone.Index)
	}
	return s
}

func (e *epoll) close(p *peer) {
	if p.wire.fd > 0 {
		e.table[p.wire.fd] = nil
		unix.Close(p.wire.fd)
		p.wire = handle{}
	}
}

func (e *epoll) queued(p *peer) int {
	n := len(p.out) - p.wire.written
	if s := p.wire.layers; s != nil {
		n += len(s.sheath.out)
	}
	return n
}

func (e *epoll) write(p *peer) {
	if p.state == opening || p.wire.armed {
		return
	}
	out := &p.out
	if s := p.wire.layers; s != nil {
		s.wrap(p)
		out = &s.sheath.out
	}
	for p.wire.written < len(*out) {
		n, errno := call(unix.SYS_WRITE, p.wire.fd, (*out)[p.wire.written:])
		switch errno {
		case 0:
			p.wire.written += n
			e.loop.meter.bytesOut += uint64(n)
		case unix.EINTR:
		case unix.EAGAIN:
			e.keep(p, out)
			return
		default:
			e.close(p)
			e.loop.gone(p, os.NewSyscallError("write", errno))
			return
		}
	}
	*out, p.wire.written = (*out)[:0], 0
	if cap(*out) > 2*maxQueued {
		*out = nil
	}
}

// keep holds what the socket does not take until it does.
func (e *epoll) keep(p *peer, out *[]byte) {
	*out = (*out)[:copy(*out, (*out)[p.wire.written:])]
	p.wire.written, p.wire.armed = 0, true
	_ = e.watch(unix.EPOLL_CTL_MOD, p.wire.fd, unix.EPOLLIN|unix.EPOLLOUT)
}

// call reads or writes. The sockets never block, so the scheduler need not know.
func call(trap uintptr, fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}

func (e *epoll) wait(d time.Duration) {
	n := e.poll(d)
	for i := range max(n, 0) {
		ev := &e.events[i]
		if int(ev.Fd) == e.bell {
			var b [8]byte
			_, _ = unix.Read(e.bell, b[:])
			continue
		}
		if p := e.table[ev.Fd]; p != nil {
			e.handle(p, ev.Events)
		}
	}
}

// poll is epoll_wait to the nanosecond where the kernel has that (5.11).
func (e *epoll) poll(d time.Duration) int {
	if !e.coarse {
		at := unix.NsecToTimespec(int64(d))
		n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(e.fd), uintptr(unsafe.Pointer(&e.events[0])), maxEvents, uintptr(unsafe.Pointer(&at)), 0, 0)
		if errno != unix.ENOSYS && errno != unix.EPERM {
			return int(n)
		}
		e.coarse = true
	}
	n, _ := unix.EpollWait(e.fd, e.events[:], int((d+time.Millisecond-1)/time.Millisecond))
	return n
}

func (e *epoll) handle(p *peer, events uint32) {
	if events&(unix.EPOLLOUT|unix.EPOLLERR|unix.EPOLLHUP) != 0 && !e.writable(p) {
		return
	}
	if events&^uint32(unix.EPOLLOUT) != 0 {
		e.read(p)
	}
}

// writable goes on with a connection that opened or takes bytes again; false when it
// has ended.
func (e *epoll) writable(p *peer) bool {
	if !p.wire.armed {
		return true
	}
	if p.state == opening {
		if errno, err := unix.GetsockoptInt(p.wire.fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil || errno != 0 {
			e.close(p)
			e.loop.gone(p, os.NewSyscallError("connect", unix.Errno(errno)))
			return false
		}
		e.loop.opened(p)
	}
	p.wire.armed = false
	_ = e.watch(unix.EPOLL_CTL_MOD, p.wire.fd, unix.EPOLLIN)
	e.write(p)
	e.loop.drained(p)
	return p.state != ended
}

func (e *epoll) read(p *peer) {
	n, errno := call(unix.SYS_READ, p.wire.fd, e.buf[:])
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
	case errno != 0:
		e.close(p)
		e.loop.gone(p, os.NewSyscallError("read", errno))
	case n == 0:
		e.close(p)
		e.loop.gone(p, errEnded)
	case p.wire.layers != nil:
		e.unwrap(p, e.buf[:n])
	default:
		e.loop.arrived(p, e.buf[:n])
	}
}

func (e *epoll) wake() {
	one := [8]byte{0: 1}
	_, _ = unix.Write(e.bell, one[:])
}

func (e *epoll) end() {
	e.kill()
	e.shaking.Wait()
	e.loop.runPosted()
	for _, p := range e.table {
		if p != nil {
			e.close(p)
		}
	}
	unix.Close(e.fd)
	unix.Close(e.bell)
}
