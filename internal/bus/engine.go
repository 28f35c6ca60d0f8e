package bus

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/millrace/millrace/internal/fault"
)

// startLimit is how long the engine may take to open what is stored.
const startLimit = 2 * time.Minute

// engine is one life of the embedded server with our connections to it. A sick one
// is closed and another takes its place; it never comes back.
type engine struct {
	bus *Bus
	srv *server.Server
	// Appends, reads and everything else have a connection each, so that none waits
	// behind another's bytes.
	appends, reads, calls *nats.Conn
	js                    jetstream.JetStream
	inbox                 string // answers to appends come to inbox.NUMBER
	born                  time.Time
	silentSince           atomic.Int64 // when an append first stayed unanswered, ns since born; 0 after any answer

	// mu guards the fields below.
	mu      sync.Mutex
	number  uint64
	flights map[uint64]*flight
	sick    error         // why this engine takes no more writes; nil while it is well
	ended   chan struct{} // closed when sick is set
}

// boot starts an engine and opens the logs that the bus has handed out.
func (b *Bus) boot(ctx context.Context) (*engine, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	e := &engine{bus: b, born: time.Now(), flights: map[uint64]*flight{}, ended: make(chan struct{})}
	if err := b.survey(); err != nil {
		return nil, b.startFault(err)
	}
	l := newServerLog(b.opt.Log, e)
	err := e.serve(ctx, l)
	if err == nil {
		err = e.connect(ctx, l)
	}
	if err != nil {
		e.close()
		return nil, b.startFault(err)
	}
	l.booted()
	return e, nil
}

func (e *engine) serve(ctx context.Context, l *serverLog) error {
	srv, err := server.NewServer(e.bus.opt.server())
	if err != nil {
		return fault.Wrap(fault.Internal, "bus: start", err, "The storage engine refused its settings.")
	}
	e.srv = srv
	srv.SetLoggerV2(l, false, false, false)
	srv.Start()
	for !srv.ReadyForConnections(20 * time.Millisecond) {
		if text := l.fatal(); text != "" || ctx.Err() != nil || !srv.Running() {
			return fault.New(fault.Unavailable, "The stored data in %s cannot be opened: %s.", e.bus.opt.Dir, strings.TrimSuffix(text, "."))
		}
	}
	if text := l.fatal(); text != "" {
		return fault.New(fault.Unavailable, "The stored data in %s cannot be opened: %s.", e.bus.opt.Dir, strings.TrimSuffix(text, "."))
	}
	return nil
}

// server says how the engine runs: inside this process, no port, every byte
// through our own limits.
func (o Options) server() *server.Options {
	s := &server.Options{
		ServerName:         o.Node,
		DontListen:         true,
		NoSigs:             true,
		NoSystemAccount:    false,
		JetStream:          true,
		StoreDir:           o.Dir,
		SyncAlways:         o.Durability == Power,
		SyncInterval:       time.Second,
		JetStreamMaxStore:  o.MaxStore,
		JetStreamMaxMemory: 1 << 40,
		MaxPayload:         int32(o.MaxEntry + headroom),
		MaxPending:         64 << 20,
	}
	s.JetStreamLimits.DefaultMaxConsumers = -1
	return s
}

// headroom is what an entry's envelope adds to it.
const headroom = 4 << 10

func (e *engine) connect(ctx context.Context, l *serverLog) (err error) {
	for _, c := range []**nats.Conn{&e.appends, &e.reads, &e.calls} {
		if *c, err = e.dial(); err != nil {
			return fault.Wrap(fault.Internal, "bus: start", err, "The storage engine takes no connection.")
		}
	}
	if e.js, err = jetstream.New(e.calls); err != nil {
		return fault.Wrap(fault.Internal, "bus: start", err, "The storage engine takes no connection.")
	}
	e.inbox = nats.NewInbox()
	sub, err := e.appends.Subscribe(e.inbox+".*", e.answered)
	if err == nil {
		err = sub.SetPendingLimits(-1, -1)
	}
	if err == nil {
		err = e.appends.FlushWithContext(ctx)
	}
	if err != nil {
		return fault.Wrap(fault.Internal, "bus: start", err, "The storage engine does not answer.")
	}
	if err := e.complete(ctx, l); err != nil {
		return err
	}
	if err := e.missKeys(ctx); err != nil {
		return fault.Wrap(fault.Unavailable, "bus: start", err, "The storage engine does not answer for its buckets.")
	}
	return e.reopen(ctx)
}

func (e *engine) dial() (*nats.Conn, error) {
	return nats.Connect("", nats.InProcessServer(e.srv), nats.NoReconnect(), nats.Name("millrace"),
		nats.ClosedHandler(func(c *nats.Conn) {
			e.ill(fault.Wrap(fault.Unavailable, "bus", c.LastError(), "The storage engine closed its connection."))
		}))
}

// complete fails when a folder of stored data is there that the engine left out:
// starting without it would serve an empty stream in its place.
func (e *engine) complete(ctx context.Context, l *serverLog) error {
	known := map[string]bool{}
	names := e.js.StreamNames(ctx)
	for name := range names.Name() {
		known[name] = true
	}
	if err := names.Err(); err != nil {
		return fault.Wrap(fault.Unavailable, "bus: start", err, "The storage engine does not list its streams.")
	}
	root := e.bus.streamsDir()
	dirs, err := os.ReadDir(root)
	if err != nil && !os.IsNotExist(err) {
		return fault.Wrap(fault.Unavailable, "bus: start", err, "The folder %s cannot be read: %s.", root, reason(err))
	}
	for _, d := range dirs {
		if d.IsDir() && !known[d.Name()] {
			return fault.New(fault.Unavailable, "The stored data in %s cannot be opened (%s). Restore that folder from a back-up, or move it away to start without what it holds.",
				filepath.Join(root, d.Name()), l.warning(d.Name()))
		}
	}
	return nil
}

// reopen opens every log of the bus on this engine.
func (e *engine) reopen(ctx context.Context) error {
	e.bus.mu.Lock()
	logs := make([]*Log, 0, len(e.bus.logs))
	for _, l := range e.bus.logs {
		logs = append(logs, l)
	}
	e.bus.mu.Unlock()
	for _, l := range logs {
		if err := l.open(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// broken returns why the engine takes no more writes, nil while it does.
func (e *engine) broken() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sick
}

// whileWell returns a context that also ends when the engine falls ill. The goroutine
// that watches for that ends with it: the caller calls the cancel function.
func (e *engine) whileWell(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-e.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// ill marks the engine as sick, answers every append in flight and calls the
// doctor. Only the first call counts.
func (e *engine) ill(err error) {
	if e.fail(err) && e.bus.now.Load() == e {
		select {
		case e.bus.sick <- e:
		default:
		}
	}
}

// fail ends all writing on this engine; it reports whether it was the first to.
func (e *engine) fail(err error) bool {
	e.mu.Lock()
	if e.sick != nil {
		e.mu.Unlock()
		return false
	}
	e.sick = err
	close(e.ended)
	flights := e.drain()
	e.mu.Unlock()
	for _, f := range flights {
		f.done(0, err)
	}
	return true
}

// close ends the connections and the server and waits for them.
func (e *engine) close() {
	e.fail(fault.New(fault.Unavailable, "The storage engine is being restarted."))
	for _, c := range []*nats.Conn{e.appends, e.reads, e.calls} {
		if c != nil {
			c.Close()
		}
	}
	if e.srv != nil {
		e.srv.Shutdown()
		e.srv.WaitForShutdown()
	}
}
