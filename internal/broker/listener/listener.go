// Package listener accepts the broker's clients.
//
// A [Listener] listens on one address and hands each connection on, together with
// what stands between its bytes and MQTT: TLS, WebSocket. It keeps connections
// below limits: at one time, from one address, new ones a second. Nobody gets in by
// default: without a way to tell who a client is, only a loopback address or a Unix
// socket may be listened on.
//
// Plain connections are handed on at once. Where a PROXY header or a TLS handshake
// comes first, each has a goroutine of its own until that is done; they are bounded
// in number and time, and at most half of the processor's cores work on them.
//
// One goroutine accepts, one watches files; both end with [Listener.Close], which
// also ends handshakes that are under way.
package listener

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/broker/certs"
	"github.com/millrace/millrace/internal/broker/secure"
	"github.com/millrace/millrace/internal/broker/websocket"
	"github.com/millrace/millrace/internal/fault"
)

// DefaultAddress is where a broker listens when nothing is said: for programs on
// the same machine.
const DefaultAddress = "127.0.0.1:1883"

// The limits when none are given.
const (
	DefaultMaxConnections   = 100_000
	DefaultHandshakeTimeout = 10 * time.Second
	DefaultHandshakes       = 512
)

// Options say where to listen and who takes the connections.
type Options struct {
	// Address is host:port, or the path of a Unix socket; empty is DefaultAddress.
	// Port 0 picks a free one.
	Address string
	// Unix says that Address is a path. SocketMode is the file's; 0 is 0660.
	Unix       bool
	SocketMode uint32
	// Anonymous says that clients may come in unknown, from wherever they are.
	Anonymous bool
	// Authenticated says that clients are asked who they are. Without it and without
	// Anonymous, only addresses of this machine are allowed.
	Authenticated bool
	// TLS is nil for connections in the clear.
	TLS *certs.Options
	// WebSocket is nil for MQTT without it.
	WebSocket *websocket.Options
	// ProxyProtocol says that each connection begins with a PROXY header; then only
	// Proxies may connect, and whoever may open a Unix socket.
	ProxyProtocol bool
	// Proxies are whose PROXY header and X-Forwarded-For are believed.
	Proxies []netip.Prefix
	// MaxConnections bounds the open connections; 0 is DefaultMaxConnections.
	MaxConnections int
	// MaxPerAddress bounds the open connections from one address, or from one /64 of
	// IPv6; 0 is no limit.
	MaxPerAddress int
	// AcceptRate bounds new connections a second, AcceptBurst how many may come at
	// once (0: as many as in a second); those beyond wait. 0 is no limit.
	AcceptRate, AcceptBurst int
	// HandshakeTimeout bounds the time of the PROXY header and the TLS handshake; 0 is
	// DefaultHandshakeTimeout.
	HandshakeTimeout time.Duration
	// Handshakes bounds those under way; 0 is DefaultHandshakes. When there are that
	// many, slow ones are cut off.
	Handshakes int
	// Accept takes a connection; who took it calls Release when it has ended.
	Accept func(Arrival)
	// AcceptFD takes the place of Accept on Linux where nothing comes before MQTT:
	// what it takes is a connected, non-blocking descriptor that nobody else knows.
	AcceptFD func(fd int, remote netip.AddrPort)
	// Barred says why nobody may connect from an address; nil lets all of them try.
	// It is asked before a TLS handshake, and again about who a PROXY header names.
	Barred func(from netip.Addr) error
	// Refused is told of each connection that does not get as far; it may be nil.
	Refused func(err error, remote net.Addr)
	// Log may be nil.
	Log *slog.Logger
}

// Arrival is a connection that is handed on.
type Arrival struct {
	Conn net.Conn
	// Remote is whom the connection is from: who has connected, or whom a proxy speaks
	// for; not valid for Unix sockets.
	Remote netip.AddrPort
	// Secure and WebSocket are what the bytes pass, the first nearer to the socket;
	// nil where there is none.
	Secure    *secure.Codec
	WebSocket *websocket.Codec
	// CommonName is that of the client certificate which a proxy has verified.
	CommonName string
}

// Listener is one listening address.
type Listener struct {
	o       Options
	store   *certs.Store
	open    atomic.Int64
	sources sources
	rate    bucket
	shakes  *handshakes
	counts  Counts
	ctx     context.Context // ends with the listening; tasks read it
	end     context.CancelFunc
	tasks   sync.WaitGroup

	mu      sync.Mutex
	address net.Addr  // guarded by mu
	closer  io.Closer // guarded by mu: of the listening socket; nil when none is open
}

// New checks the options and reads the TLS files; nothing listens yet.
func New(o Options) (*Listener, error) {
	o.defaults()
	if o.Accept == nil && o.AcceptFD == nil {
		return nil, fault.New(fault.Invalid, "A listener needs somebody who takes its connections.")
	}
	if _, _, err := net.SplitHostPort(o.Address); err != nil && !o.Unix {
		return nil, fault.Wrap(fault.Invalid, "listener", err, "The MQTT address %q is not host:port, such as %s.", o.Address, DefaultAddress)
	}
	l := &Listener{o: o, rate: newBucket(o.AcceptRate, o.AcceptBurst)}
	l.sources.most = o.MaxPerAddress
	l.shakes = newHandshakes(o.Handshakes)
	if o.WebSocket != nil {
		l.o.WebSocket = o.WebSocket.WithDefaults()
		l.o.WebSocket.Trusted, l.o.WebSocket.Enter, l.o.WebSocket.Leave = l.trusted, l.enter, l.leave
	}
	if o.TLS == nil {
		return l, nil
	}
	var err error
	l.store, err = certs.New(*o.TLS)
	return l, err
}

func (o *Options) defaults() {
	set(&o.Address, DefaultAddress)
	set(&o.MaxConnections, DefaultMaxConnections)
	set(&o.HandshakeTimeout, DefaultHandshakeTimeout)
	set(&o.Handshakes, DefaultHandshakes)
	set(&o.SocketMode, 0o660)
	if o.Refused == nil {
		o.Refused = func(error, net.Addr) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

func set[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}

// Addr is the address that is listened on; nil before Start.
func (l *Listener) Addr() net.Addr {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.address
}

// Listening says whether connections are accepted.
func (l *Listener) Listening() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closer != nil
}

// Certificates are the TLS settings in force; nil without TLS.
func (l *Listener) Certificates() *certs.Store { return l.store }

// Release tells the listener that a connection from that address has ended.
func (l *Listener) Release(from netip.Addr) {
	l.open.Add(-1)
	l.leave(from)
}

// enter counts one connection more from an address, unless it has as many as it may.
// Whoever speaks for many is not one of them.
func (l *Listener) enter(from netip.Addr) error {
	if !l.trusted(from) && !l.sources.enter(from) {
		return errAddressFull
	}
	return nil
}

func (l *Listener) leave(from netip.Addr) {
	if !l.trusted(from) {
		l.sources.leave(from)
	}
}

// MaxConnections is how many connections there may be.
func (l *Listener) MaxConnections() int { return l.o.MaxConnections }

// Open is how many connections are open.
func (l *Listener) Open() int { return int(l.open.Load()) }

// Close stops accepting and ends the handshakes under way. Connections that were
// handed on stay open. Start listens again, at the same address.
func (l *Listener) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closer == nil {
		return
	}
	l.end()
	_ = l.closer.Close()
	l.shakes.end()
	l.tasks.Wait()
	l.closer = nil
}

// accept is the listener's goroutine; next waits for a socket and hands it on.
func (l *Listener) accept(next func() error) {
	pause := time.Duration(0)
	for l.wait(l.rate.take(time.Now())) {
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

// wait returns false when the listener is closed first.
func (l *Listener) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.ctx.Done():
		return false
	}
}

func (l *Listener) acceptConn(ln net.Listener) error {
	nc, err := ln.Accept()
	if err != nil {
		return err
	}
	l.counts.Accepted.Add(1)
	remote := remoteOf(nc)
	switch {
	case l.o.ProxyProtocol && !l.o.Unix && !l.trusted(remote.Addr()):
		l.refuse(nc, fault.New(fault.ProxyUntrusted, "The source is none of the trusted proxies."))
	case l.shakesHands() && l.barred(remote.Addr()) != nil:
		l.refuse(nc, l.barred(remote.Addr()))
	case l.shakesHands():
		l.begin(nc, remote)
	default:
		l.hand(nc, Arrival{Conn: nc, Remote: remote})
	}
	return nil
}

// hand hands a connection on, if the limits let it in.
func (l *Listener) hand(nc net.Conn, a Arrival) {
	if err := l.admit(a.Remote.Addr()); err != nil {
		l.refuse(nc, err)
		return
	}
	if l.o.WebSocket != nil {
		a.WebSocket = websocket.New(l.o.WebSocket, a.Remote.Addr())
	}
	l.o.Accept(a)
}

func (l *Listener) barred(from netip.Addr) error {
	if l.o.Barred == nil || !from.IsValid() {
		return nil
	}
	return l.o.Barred(from)
}

// admit counts one connection more, unless a limit is reached.
func (l *Listener) admit(from netip.Addr) error {
	if err := l.barred(from); err != nil {
		return err
	}
	if l.open.Add(1) > int64(l.o.MaxConnections) {
		l.open.Add(-1)
		return errFull
	}
	err := l.enter(from)
	if err != nil {
		l.open.Add(-1)
	}
	return err
}

var (
	errFull        = fault.New(fault.ConnectionLimit, "The listener has as many connections as it may (max_connections).")
	errAddressFull = fault.New(fault.AddressLimit, "The address has as many connections as it may (max_per_address of the listener).")
)

func (l *Listener) refuse(nc net.Conn, err error) {
	remote := nc.RemoteAddr()
	_ = nc.Close()
	l.o.Refused(err, remote)
}

// remoteOf is the peer's address; not valid for a Unix socket's.
func remoteOf(nc net.Conn) netip.AddrPort {
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		ap := a.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}
