// Package listener accepts the broker's clients.
//
// It listens on one TCP address, keeps the number of connections below a limit
// and hands each socket on. Nobody gets in by default: without a way to tell who
// a client is, only a loopback address may be listened on.
//
// One goroutine accepts; it ends with [Listener.Close].
package listener

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// DefaultAddress is where a broker listens when nothing is said: for programs on
// the same machine.
const DefaultAddress = "127.0.0.1:1883"

// DefaultMaxConnections is the limit when none is given.
const DefaultMaxConnections = 100_000

// Options say where to listen and who takes the sockets.
type Options struct {
	// Address is host:port; empty is DefaultAddress. Port 0 picks a free one.
	Address string
	// Authenticated says that clients are asked who they are. Without it only
	// loopback addresses are allowed.
	Authenticated bool
	// MaxConnections bounds the open connections; 0 is DefaultMaxConnections.
	MaxConnections int
	// Accept takes a socket; who took it calls Release when its connection has ended.
	Accept func(nc net.Conn)
	// AcceptFD takes the place of Accept on Linux: what it takes is a connected,
	// non-blocking descriptor that nobody else knows.
	AcceptFD func(fd int, remote netip.AddrPort)
	// Refused is told of each socket that is closed at once; it may be nil.
	Refused func(code fault.Code, remote net.Addr)
	// Log may be nil.
	Log *slog.Logger
}

// Listener is one listening address.
type Listener struct {
	o       Options
	address net.Addr
	closer  io.Closer // of the listening socket
	open    atomic.Int64
	done    chan struct{}
	tasks   sync.WaitGroup
	once    sync.Once
}

// New checks the options; nothing listens yet.
func New(o Options) (*Listener, error) {
	if o.Address == "" {
		o.Address = DefaultAddress
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = DefaultMaxConnections
	}
	if o.Refused == nil {
		o.Refused = func(fault.Code, net.Addr) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Accept == nil && o.AcceptFD == nil {
		return nil, fault.New(fault.Invalid, "A listener needs somebody who takes its connections.")
	}
	if _, _, err := net.SplitHostPort(o.Address); err != nil {
		return nil, fault.Wrap(fault.Invalid, "listener", err, "The MQTT address %q is not host:port, such as %s.", o.Address, DefaultAddress)
	}
	return &Listener{o: o, done: make(chan struct{})}, nil
}

// Start listens and accepts until Close.
func (l *Listener) Start(ctx context.Context) error {
	if err := l.permitted(ctx); err != nil {
		return err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", l.o.Address)
	if err != nil {
		return explain(l.o.Address, err)
	}
	if l.o.AcceptFD != nil {
		if err := l.startDescriptors(ln.(*net.TCPListener)); err != nil {
			return fault.Wrap(fault.Unavailable, "listener", err, "Cannot listen for MQTT on %s.", l.o.Address)
		}
		return nil
	}
	l.address, l.closer = ln.Addr(), ln
	l.tasks.Add(1)
	go l.accept(func() error { return l.acceptConn(ln) })
	return nil
}

// permitted refuses an address that others than this machine can reach, unless
// clients are asked who they are.
func (l *Listener) permitted(ctx context.Context) error {
	if l.o.Authenticated {
		return nil
	}
	host, _, err := net.SplitHostPort(l.o.Address)
	if err != nil {
		return fmt.Errorf("listener: %w", err)
	}
	addresses, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if host != "" && err != nil {
		return fault.Wrap(fault.Invalid, "listener", err, "The host of the MQTT address %q has no address.", l.o.Address)
	}
	loopback := len(addresses) > 0
	for _, a := range addresses {
		loopback = loopback && a.IP.IsLoopback()
	}
	if loopback {
		return nil
	}
	return fault.New(fault.Invalid, "The MQTT address %s can be reached from other machines, and no authentication is configured, "+
		"so everybody could publish. Configure authentication, or listen on a loopback address such as %s.", l.o.Address, DefaultAddress)
}

func explain(address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fault.Wrap(fault.Unavailable, "listener", err, "The MQTT address %s is in use. Stop the program that uses it, or choose another address.", address)
	}
	return fault.Wrap(fault.Unavailable, "listener", err, "Cannot listen for MQTT on %s.", address)
}

// Addr is the address that is listened on; nil before Start.
func (l *Listener) Addr() net.Addr {
	return l.address
}

// Release tells the listener that a connection has ended.
func (l *Listener) Release() { l.open.Add(-1) }

// Open is how many connections are open.
func (l *Listener) Open() int { return int(l.open.Load()) }

// Close stops accepting. Connections that were handed on stay open.
func (l *Listener) Close() {
	l.once.Do(func() { close(l.done) })
	if l.closer != nil {
		_ = l.closer.Close()
	}
	l.tasks.Wait()
}

// accept is the listener's goroutine; next waits for a socket and hands it on.
func (l *Listener) accept(next func() error) {
	defer l.tasks.Done()
	pause := time.Duration(0)
	for {
		err := next()
		switch {
		case err == nil:
			pause = 0
		case errors.Is(err, net.ErrClosed):
			return
		default:
			// Out of descriptors, mostly: wait until some are free again.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			l.o.Log.Error("cannot accept an MQTT connection", "error", err, "retry_in_ms", pause.Milliseconds())
			if !l.wait(pause) {
				return
			}
		}
	}
}

func (l *Listener) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.done:
		return false
	}
}

func (l *Listener) acceptConn(ln net.Listener) error {
	nc, err := ln.Accept()
	if err != nil {
		return err
	}
	if !l.admit() {
		l.o.Refused(fault.ConnectionLimit, nc.RemoteAddr())
		_ = nc.Close()
		return nil
	}
	l.o.Accept(nc)
	return nil
}

// admit counts one connection more, unless the limit is reached.
func (l *Listener) admit() bool {
	if l.open.Add(1) > int64(l.o.MaxConnections) {
		l.open.Add(-1)
		return false
	}
	return true
}
