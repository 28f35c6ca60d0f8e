package bench

import (
	"context"
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// plainSize is how much is unwrapped at a time: more than a TLS record holds.
const plainSize = 32 << 10

// layers are what stands between a socket of the loop and MQTT.
type layers struct {
	top    net.Conn
	sheath *sheath
}

// shake connects and shakes hands, in a goroutine of its own, and hands the socket
// to the loop.
func (e *epoll) shake(p *peer) {
	ctx, cancel := context.WithTimeout(e.life, e.loop.o.ConnectTimeout)
	defer cancel()
	fd, s, err := e.connect(ctx, p)
	e.loop.post(func() { e.shaken(p, fd, s, err) })
}

func (e *epoll) connect(ctx context.Context, p *peer) (fd int, s *layers, err error) {
	d := net.Dialer{}
	if p.source.IsValid() {
		d.LocalAddr = &net.TCPAddr{IP: p.source.AsSlice(), Zone: p.source.Zone()}
	}
	socket, err := d.DialContext(ctx, "tcp", e.loop.to.String())
	if err != nil {
		return 0, nil, err
	}
	defer socket.Close()
	s = &layers{sheath: &sheath{Conn: socket}}
	if s.top, err = e.loop.o.layer(ctx, s.sheath); err != nil {
		return 0, nil, err
	}
	raw, err := socket.(*net.TCPConn).SyscallConn()
	if err != nil {
		return 0, nil, err
	}
	failed := raw.Control(func(own uintptr) { fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) })
	s.sheath.loops = true
	return fd, s, errors.Join(failed, err)
}

// shaken takes a socket over.
func (e *epoll) shaken(p *peer, fd int, s *layers, err error) {
	switch {
	case err != nil:
		e.loop.gone(p, err)
		return
	case p.state != opening:
		unix.Close(fd)
		return
	}
	e.enter(p, fd)
	p.wire.layers = s
	if err := e.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN); err != nil {
		e.close(p)
		e.loop.gone(p, err)
		return
	}
	e.loop.opened(p)
	e.unwrap(p, nil) // what came with the handshake
}

// wrap moves the peer's output through the layers.
func (s *layers) wrap(p *peer) {
	if len(p.out) > 0 {
		_, _ = s.top.Write(p.out) // into memory
		if p.out = p.out[:0]; cap(p.out) > 2*maxQueued {
			p.out = nil
		}
	}
}

// unwrap moves what the socket brought through the layers to the peer.
func (e *epoll) unwrap(p *peer, b []byte) {
	if e.plain == nil {
		e.plain = make([]byte, plainSize)
	}
	s := p.wire.layers
	s.sheath.in = b
	for p.wire.layers == s {
		n, err := s.top.Read(e.plain)
		if n > 0 {
			e.loop.arrived(p, e.plain[:n])
		}
		if errors.Is(err, again{}) {
			break
		}
		if err != nil {
			e.close(p)
			e.loop.gone(p, errors.Join(errEnded, err))
			return
		}
	}
	if p.wire.layers == s && len(s.sheath.out) > 0 {
		p.touch() // an answer of the layers' own
	}
}
