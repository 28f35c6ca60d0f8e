package broker

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/broker/certs"
	"github.com/millrace/millrace/internal/broker/listener"
	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/pace"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/broker/websocket"
	"github.com/millrace/millrace/internal/fault"
)

// Listener is one way in.
type Listener struct {
	// Name is for people; empty is "default".
	Name string
	// Address is where to listen; empty is 127.0.0.1:1883.
	Address string
	// Unix says that Address is the path of a Unix socket. SocketMode is the file's; 0
	// is 0660.
	Unix       bool
	SocketMode uint32
	// Anonymous says that clients may come in unknown, from wherever they are. Without
	// it an Authenticator refuses them; and where there is none, only clients of this
	// machine may come in.
	Anonymous bool
	// AnonymousLocal says the same of clients whose own address is one of this machine, or
	// that come by a Unix socket; behind a proxy it says nothing.
	AnonymousLocal bool
	// TLS is nil for connections in the clear.
	TLS *certs.Options
	// WebSocket is nil for MQTT without it.
	WebSocket *websocket.Options
	// ProxyProtocol says that each connection begins with a PROXY header; then only
	// Proxies may connect.
	ProxyProtocol bool
	// Proxies are whose PROXY header and X-Forwarded-For are believed.
	Proxies []netip.Prefix
	// MaxConnections bounds the open connections; 0 is 100,000.
	MaxConnections int
	// MaxPerAddress bounds those from one address, or one /64 of IPv6; 0 is no limit.
	MaxPerAddress int
	// AcceptRate bounds new connections a second, AcceptBurst how many may come at
	// once; those beyond wait. 0 is no limit.
	AcceptRate, AcceptBurst int
	// HandshakeTimeout bounds the PROXY header and the TLS handshake; 0 is 10 s.
	HandshakeTimeout time.Duration
	// Zone is the settings of its clients; nil is Options.Zone.
	Zone *Zone
	// CertificateName is what of a client's certificate is its user name; empty is
	// nothing. CertificateAlone takes it without a password.
	CertificateName  CertificateName
	CertificateAlone bool
}

// Kind names what is spoken: tcp, tls, ws, wss or unix.
func (l *Listener) Kind() string {
	switch {
	case l.Unix:
		return "unix"
	case l.WebSocket != nil && l.TLS != nil:
		return "wss"
	case l.WebSocket != nil:
		return "ws"
	case l.TLS != nil:
		return "tls"
	}
	return "tcp"
}

// door is a listener at work: every connection knows the one it came in by.
type door struct {
	broker   *Broker
	name     string
	kind     string
	zone     *Zone
	limits   session.Limits // of the sessions that come in here
	place    int            // among the doors
	rates    pace.Shared
	proxied  bool // proxies may speak for clients
	listener *listener.Listener

	turnedAway [codes]atomic.Uint64 // by reason
	refusals   sharedLog
	admission  admission
}

func (b *Broker) newDoor(l Listener) (*door, error) {
	d := &door{broker: b, name: l.Name, kind: l.Kind(), zone: l.Zone, place: len(b.doors), admission: l.admission(b.options.Authenticator != nil)}
	set(&d.name, "default")
	d.proxied = len(l.Proxies) > 0
	if d.zone == nil {
		d.zone = &b.options.Zone
	}
	d.zone.defaults()
	if m := b.options.Memory.Limit; m > 0 {
		d.zone.withinMemory(int(min(m, 1<<62)))
	}
	d.limits = d.zone.limits()
	if b.options.Slow != nil {
		d.limits.Slow = int64(b.options.SlowAfter)
	}
	d.refusals.limited = limitedLog{to: b.options.Log, now: b.options.Now}
	d.rates = pace.NewShared(&d.zone.ListenerRates, b.options.Loops)
	if err := d.zone.OverRate.check(); err != nil {
		return nil, err
	}
	o := listener.Options{
		Address: l.Address, Unix: l.Unix, SocketMode: l.SocketMode,
		Anonymous: l.Anonymous, Authenticated: b.options.Authenticator != nil,
		TLS: l.TLS, WebSocket: l.WebSocket, ProxyProtocol: l.ProxyProtocol, Proxies: l.Proxies, HandshakeTimeout: l.HandshakeTimeout,
		MaxConnections: l.MaxConnections, MaxPerAddress: l.MaxPerAddress, AcceptRate: l.AcceptRate, AcceptBurst: l.AcceptBurst,
		Accept: d.adopt, Barred: b.barred, Refused: d.refused, Log: b.options.Log,
	}
	if b.options.Transport == Epoll {
		o.AcceptFD = d.adoptFD
	}
	var err error
	d.listener, err = listener.New(o)
	return d, err
}

// openDoors listens everywhere or, with an error, nowhere.
func (b *Broker) openDoors(ctx context.Context) error {
	for _, d := range b.doors {
		if err := d.open(ctx); err != nil {
			b.closeDoors()
			return err
		}
	}
	return nil
}

func (d *door) open(ctx context.Context) error {
	if err := d.listener.Start(ctx); err != nil {
		return err
	}
	b := d.broker
	b.options.Log.Info("MQTT listener is open", "listener", d.name, "kind", d.kind, "address", addressText(d.listener.Addr()),
		"loops", len(b.workers), "transport", string(b.options.Transport))
	return nil
}

func (b *Broker) closeDoors() {
	for _, d := range b.doors {
		d.listener.Close()
	}
}

// Addr is the address of the first listener, once started.
func (b *Broker) Addr() net.Addr { return b.doors[0].listener.Addr() }

// adopt gives a new connection to the loop whose turn it is.
func (d *door) adopt(a listener.Arrival) {
	n := d.broker.accepted.Add(1)
	var by loop.Door = d
	if a.CommonName != "" || a.WebSocket != nil && d.proxied {
		by = &guest{d, a.CommonName, a.WebSocket}
	}
	d.broker.workers[n%uint64(len(d.broker.workers))].loop.AdoptThrough(a.Conn, codec(a), a.Remote, n, by)
}

// codec is what the bytes of a connection pass; nil for none.
func codec(a listener.Arrival) loop.Codec {
	switch {
	case a.Secure != nil && a.WebSocket != nil:
		return loop.Chain(a.Secure, a.WebSocket)
	case a.Secure != nil:
		return a.Secure
	case a.WebSocket != nil:
		return a.WebSocket
	}
	return nil
}

// adoptFD is adopt for a socket that only the loop will know.
func (d *door) adoptFD(fd int, remote netip.AddrPort) {
	n := d.broker.accepted.Add(1)
	d.broker.workers[n%uint64(len(d.broker.workers))].loop.AdoptFD(fd, remote, n, d)
}

// Release is loop.Door's.
func (d *door) Release(c *loop.Conn) { d.listener.Release(c.Origin().Addr()) }

// refused counts who did not get as far as a loop.
func (d *door) refused(err error, remote net.Addr) {
	d.broker.turnedAway[fault.CodeOf(err)].Add(1)
	d.refuse(remote, err)
	d.turnedAway[fault.CodeOf(err)].Add(1)
	d.refusals.log("connection refused", "listener", d.name, "remote", addressText(remote), "reason", fault.CodeOf(err).String(), "error", err)
}
