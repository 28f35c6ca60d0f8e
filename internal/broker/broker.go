package broker

import (
	"context"
	"hash/maphash"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/broker/listener"
	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/retain"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// Authenticator says whether a client may come in. It is asked on an event loop
// and must not block.
type Authenticator interface {
	Authenticate(c *packet.Connect, remote net.Addr) error
}

// Options are the broker's settings; the zero value serves loopback clients.
type Options struct {
	// Address is where to listen; empty is 127.0.0.1:1883.
	Address string
	// Keeper is the log; nil keeps nothing.
	Keeper Keeper
	// Authenticator is asked about each client; nil lets everybody in, and then
	// only loopback addresses may be listened on.
	Authenticator Authenticator
	// Log may be nil.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Loops is the number of event loops; 0 is one per core.
	Loops int
	// Transport is how loops read and write: Epoll, Portable, or empty for the
	// best of this system.
	Transport Transport
	// MaxConnections bounds the connections; 0 is 100,000.
	MaxConnections int
	// ConnectTimeout is how long a new connection may take to send CONNECT; 0 is 10 s.
	ConnectTimeout time.Duration
	// MaxPacketSize bounds the packets of clients, in bytes; 0 is 1 MiB.
	MaxPacketSize int
	// ReceiveMaximum is how many messages of QoS 1 and 2 a client may have under
	// way; 0 is 1,024.
	ReceiveMaximum uint16
	// Inflight is how many a client is sent without its acknowledgement; 0 is 1,024.
	Inflight int
	// Queue and QueueBytes bound what waits for one client beyond that; 0 is 10,000
	// messages and 8 MiB.
	Queue, QueueBytes int
	// OutputBuffer is how many bytes may wait in one connection's output before QoS
	// 0 messages to it are dropped; 0 is 1 MiB.
	OutputBuffer int
	// TopicAliases is how many topic aliases each side of an MQTT 5 connection may
	// set; 0 is 32, less than 0 none.
	TopicAliases int
	// Shared is how shared subscriptions choose among their members; empty is
	// RoundRobin.
	Shared Strategy
	// Subscriptions is how many filters one client may have; 0 is 10,000.
	Subscriptions int
	// KeepAlive is the longest keep alive that MQTT 5 clients are told, in seconds;
	// 0 lets clients choose.
	KeepAlive uint16
	// RetainedMessages and RetainedBytes bound the retained messages, which are in
	// memory; 0 is 100,000 and 256 MiB.
	RetainedMessages, RetainedBytes int
	// MaxClientID is how many bytes a client identifier may have; 0 is 256. MQTT
	// lets a server refuse longer ones.
	MaxClientID int
	// WatchBytes is how many bytes of messages may wait for the reader of one
	// Watch; 0 is 8 MiB.
	WatchBytes int
	// MaxUnkept is how many bytes a loop may have handed to the log before it stops
	// reading those that publish into it; 0 is 16 MiB.
	MaxUnkept int
}

// Transport is how event loops read and write.
type Transport string

// The transports. Epoll is Linux's alone.
const (
	Epoll    Transport = "epoll"    // each loop watches its sockets itself
	Portable Transport = "portable" // each connection has a goroutine that reads
)

func (o *Options) defaults() {
	if o.Transport == "" {
		o.Transport = Portable
		if runtime.GOOS == "linux" {
			o.Transport = Epoll
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	set(&o.Loops, runtime.GOMAXPROCS(0))
	set(&o.ConnectTimeout, 10*time.Second)
	set(&o.MaxPacketSize, 1<<20)
	set(&o.ReceiveMaximum, 1024)
	set(&o.Inflight, 1024)
	set(&o.Queue, 10_000)
	set(&o.QueueBytes, 8<<20)
	set(&o.OutputBuffer, 1<<20)
	set(&o.Subscriptions, 10_000)
	set(&o.TopicAliases, 32)
	set(&o.Shared, RoundRobin)
	set(&o.MaxUnkept, 16<<20)
	set(&o.MaxClientID, 256)
	set(&o.WatchBytes, 8<<20)
}

func set[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}

// Broker is the MQTT broker of one node.
type Broker struct {
	options     Options
	limits      session.Limits
	seed        maphash.Seed // of hashes that all loops agree on
	router      router
	retained    *retain.Store
	workers     []*worker
	listener    *listener.Listener
	accepted    atomic.Uint64 // connections since the start; its count names each
	connections atomic.Int64
	overLimit   atomic.Uint64
	started     bool
	closing     sync.Once
	stopped     chan struct{}
	tasks       sync.WaitGroup // loops and the clock
}

var committals = sync.Pool{New: func() any { return new(committal) }}

// New checks the options; nothing runs yet.
func New(o Options) (*Broker, error) {
	o.defaults()
	if err := o.Shared.check(); err != nil {
		return nil, err
	}
	b := &Broker{options: o, seed: maphash.MakeSeed(), stopped: make(chan struct{})}
	b.retained = retain.New(o.RetainedMessages, o.RetainedBytes)
	b.limits = session.Limits{
		Retain:         true,
		ReceiveMaximum: o.ReceiveMaximum, MaximumPacketSize: o.MaxPacketSize, Inflight: o.Inflight,
		Queue: o.Queue, QueueBytes: o.QueueBytes, Subscriptions: o.Subscriptions, KeepAlive: o.KeepAlive,
		ClientID: o.MaxClientID, TopicAliases: uint16(min(max(o.TopicAliases, 0), 65535)),
	}
	accept := listener.Options{
		Address: o.Address, Authenticated: o.Authenticator != nil, MaxConnections: o.MaxConnections,
		Accept: b.adopt, Refused: b.refused, Log: o.Log,
	}
	if o.Transport == Epoll {
		accept.AcceptFD = b.adoptFD
	}
	ln, err := listener.New(accept)
	if err != nil {
		return nil, err
	}
	b.listener = ln
	for i := range o.Loops {
		b.workers = append(b.workers, newWorker(b, i))
	}
	for _, w := range b.workers {
		w.exchange = newExchange(b.workers)
	}
	return b, nil
}

func newWorker(b *Broker, home int) *worker {
	w := &worker{broker: b, options: &b.options, home: home, log: b.options.Log, clients: map[string]*client{}}
	w.loop = loop.New(w, b.options.Now)
	w.routes = newRoutes(&b.router, home)
	w.refusals = limitedLog{to: b.options.Log, now: b.options.Now}
	w.keeping = keeping{keeper: b.options.Keeper, limit: b.options.MaxUnkept}
	w.keeping.committed = func(batch *msg.Batch, err error) {
		c := committals.Get().(*committal)
		c.batch, c.err = batch, err
		w.loop.Post(c)
	}
	return w
}

// Start listens and serves until Close; ctx covers the start alone.
func (b *Broker) Start(ctx context.Context) error {
	b.started = true
	for _, w := range b.workers {
		if b.options.Transport == Epoll {
			if err := w.loop.EventDriven(); err != nil {
				b.stop()
				return fault.Wrap(fault.Unavailable, "broker", err, "Cannot watch sockets by epoll.")
			}
		}
		b.tasks.Add(1)
		go func() {
			defer b.tasks.Done()
			w.loop.Run()
		}()
	}
	b.tasks.Add(1)
	go b.clock()
	if err := b.listener.Start(ctx); err != nil {
		b.stop()
		return err
	}
	b.options.Log.Info("MQTT listener is open", "address", addressText(b.listener.Addr()), "loops", len(b.workers), "transport", string(b.options.Transport))
	return nil
}

// Addr is the address that is listened on, once started.
func (b *Broker) Addr() net.Addr { return b.listener.Addr() }

// clock lets the loops look at their timers.
func (b *Broker) clock() {
	defer b.tasks.Done()
	t := time.NewTicker(250 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			b.tick()
		case <-b.stopped:
			return
		}
	}
}

func (b *Broker) tick() {
	for _, w := range b.workers {
		w.loop.Tick()
	}
}

func (b *Broker) post(v any) {
	for _, w := range b.workers {
		w.loop.Post(v)
	}
}

// adopt gives a new socket to the loop whose turn it is.
func (b *Broker) adopt(nc net.Conn, release func()) {
	n := b.accepted.Add(1)
	b.workers[n%uint64(len(b.workers))].loop.Adopt(nc, n, release)
}

// adoptFD is adopt for a socket that only the loop will know.
func (b *Broker) adoptFD(fd int, remote netip.AddrPort, release func()) {
	n := b.accepted.Add(1)
	b.workers[n%uint64(len(b.workers))].loop.AdoptFD(fd, remote, n, release)
}

func (b *Broker) refused(code fault.Code, remote net.Addr) {
	b.overLimit.Add(1)
	b.options.Log.Debug("connection refused", "remote", addressText(remote), "reason", code.String())
}

func (b *Broker) authenticate(p *packet.Connect, remote net.Addr) error {
	if b.options.Authenticator == nil {
		return nil
	}
	return b.options.Authenticator.Authenticate(p, remote)
}
