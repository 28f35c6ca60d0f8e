package listener

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// descriptors accepts bare descriptors: net.Listener would register each socket
// with the runtime, for nobody.
type descriptors struct {
	raw  syscall.RawConn // of the listening socket; the runtime waits for it
	fd   int             // accepted last, and
	from unix.Sockaddr
	err  error
}

// descriptors takes the listening socket over from ln: what closes it, and what
// accepts from it. What is set on it now, the accepted sockets inherit.
func (l *Listener) descriptors(ln *net.TCPListener) (io.Closer, func() error, error) {
	defer ln.Close()
	file, err := ln.File()
	if err != nil {
		return nil, nil, err
	}
	raw, err := file.SyscallConn()
	if err == nil {
		err = inherit(raw)
	}
	if err != nil {
		_ = file.Close()
		return nil, nil, err
	}
	d := &descriptors{raw: raw}
	return file, func() error { return d.accept(l) }, nil
}

// inherit sets what net sets on every connection: no delay, and keep-alive.
func inherit(raw syscall.RawConn) (err error) {
	failed := raw.Control(func(fd uintptr) {
		for _, o := range [][3]int{
			{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
			{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
			{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15},
			{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15},
		} {
			err = errors.Join(err, unix.SetsockoptInt(int(fd), o[0], o[1], o[2]))
		}
	})
	return errors.Join(failed, os.NewSyscallError("setsockopt", err))
}

// accept waits for a socket and hands it on.
func (d *descriptors) accept(l *Listener) error {
	if err := d.raw.Read(d.next); err != nil {
		return net.ErrClosed
	}
	if d.err != nil {
		return os.NewSyscallError("accept4", d.err)
	}
	l.takeFD(d.fd, addrPort(d.from))
	return nil
}

// next accepts one socket; false is to wait for it.
func (d *descriptors) next(listening uintptr) bool {
	for {
		d.fd, d.from, d.err = unix.Accept4(int(listening), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch {
		case errors.Is(d.err, unix.EAGAIN):
			return false
		case errors.Is(d.err, unix.ECONNABORTED) || errors.Is(d.err, unix.EINTR):
			continue // that client has gone
		}
		return true
	}
}

func (l *Listener) takeFD(fd int, remote netip.AddrPort) {
	l.counts.Accepted.Add(1)
	if err := l.admit(remote.Addr()); err != nil {
		_ = unix.Close(fd)
		l.o.Refused(err, net.TCPAddrFromAddrPort(remote))
		return
	}
	l.o.AcceptFD(fd, remote)
}

// addrPort is the address as net shows it.
func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		a := netip.AddrFrom16(sa.Addr).Unmap()
		if sa.ZoneId != 0 && a.Is6() {
			a = a.WithZone(zone(int(sa.ZoneId)))
		}
		return netip.AddrPortFrom(a, uint16(sa.Port))
	}
	return netip.AddrPort{}
}

// zone is the name of a link's interface.
func zone(index int) string {
	if i, err := net.InterfaceByIndex(index); err == nil {
		return i.Name
	}
	return strconv.Itoa(index)
}
