package listener

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// watchEvery is how often the TLS files are looked at.
const watchEvery = 5 * time.Second

// Start listens and accepts until Close. ctx covers the start alone.
func (l *Listener) Start(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closer != nil {
		return nil
	}
	ln, err := l.listen(ctx)
	if err != nil {
		return err
	}
	l.ctx, l.end = context.WithCancel(context.Background())
	l.shakes.begin()
	accept := func() error { return l.acceptConn(ln) }
	l.closer = ln
	if tcp, ok := ln.(*net.TCPListener); ok && l.o.AcceptFD != nil && l.bare() {
		if l.closer, accept, err = l.descriptors(tcp); err != nil {
			l.closer = nil
			l.end()
			return fault.Wrap(fault.Unavailable, "listener", err, "Cannot listen for MQTT on %s.", l.o.Address)
		}
	}
	l.address = ln.Addr()
	l.o.Address = l.address.String() // whatever port that was: the same next time
	l.run(accept)
	return nil
}

// run begins the listener's tasks.
func (l *Listener) run(accept func() error) {
	ctx := l.ctx
	l.tasks.Go(func() { l.accept(accept) })
	if l.store != nil {
		l.tasks.Go(func() { l.store.Watch(ctx, watchEvery) })
	}
}

// bare says that MQTT is all that is spoken here.
func (l *Listener) bare() bool {
	return l.store == nil && l.o.WebSocket == nil && !l.o.ProxyProtocol
}

func (l *Listener) listen(ctx context.Context) (net.Listener, error) {
	if l.o.Unix {
		return l.listenUnix(ctx)
	}
	if err := l.permitted(ctx); err != nil {
		return nil, err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", l.o.Address)
	if err != nil {
		return nil, explain(l.o.Address, err)
	}
	return ln, nil
}

// listenUnix takes the place of a socket that nobody listens on any more.
func (l *Listener) listenUnix(ctx context.Context) (net.Listener, error) {
	if nc, err := net.DialTimeout("unix", l.o.Address, time.Second); err == nil {
		_ = nc.Close()
		return nil, explain(l.o.Address, syscall.EADDRINUSE)
	}
	if info, err := os.Lstat(l.o.Address); err == nil && info.Mode().Type() == os.ModeSocket {
		_ = os.Remove(l.o.Address)
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "unix", l.o.Address)
	if err != nil {
		return nil, explain(l.o.Address, err)
	}
	if err := os.Chmod(l.o.Address, os.FileMode(l.o.SocketMode)); err != nil {
		_ = ln.Close()
		return nil, explain(l.o.Address, err)
	}
	return ln, nil
}

// permitted refuses an address that others than this machine can reach, unless
// clients are asked who they are or may be anybody.
func (l *Listener) permitted(ctx context.Context) error {
	if l.o.Authenticated || l.o.Anonymous {
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
	if fault.AddressInUse(err) {
		return fault.Wrap(fault.Unavailable, "listener", err, "The MQTT address %s is in use. Stop the program that uses it, or choose another address.", address)
	}
	return fault.Wrap(fault.Unavailable, "listener", err, "Cannot listen for MQTT on %s.", address)
}
