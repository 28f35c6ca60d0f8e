package broker

import (
	"context"
	"hash/maphash"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/broker/ban"
	"github.com/millrace/millrace/internal/broker/delay"
	"github.com/millrace/millrace/internal/broker/follow"
	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/outbox"
	"github.com/millrace/millrace/internal/broker/pace"
	"github.com/millrace/millrace/internal/broker/preserve"
	"github.com/millrace/millrace/internal/broker/retain"
	"github.com/millrace/millrace/internal/broker/rewrite"
	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// Options are the broker's settings; the zero value serves loopback clients.
type Options struct {
	// Zone is the settings of clients whose listener has no zone of its own.
	Zone
	// Listeners are the ways in; none is one on 127.0.0.1:1883.
	Listeners []Listener
	// DelayedMessages and DelayedBytes bound the messages that wait for their time;
	// 0 is 100,000 and 64 MiB.
	DelayedMessages, DelayedBytes int
	// Rewrite changes topics before anything else looks at them; nil changes none.
	Rewrite *rewrite.Rules
	// AutoSubscriptions are what each client is subscribed to when it comes in.
	AutoSubscriptions []AutoSubscription
	// System is what the node tells about itself below $SYS.
	System System
	// Keeper is the log; nil keeps nothing.
	Keeper outbox.Keeper
	// Durable is what retained and delayed messages survive the process by; without its
	// Journal they end with it. It needs the Keeper.
	Durable Durable
	// Streams are read by clients that subscribe to $stream/…; nil is none.
	Streams follow.Streams
	// Authenticator is asked about each client; nil lets everybody in, and then
	// only loopback addresses may be listened on.
	Authenticator Authenticator
	// Refused is told of everybody who is turned away, closed for a fault or not
	// allowed something. Loops call it: it must not block. It may be nil.
	Refused func(Refusal)
	// Authorizer is asked what a client may do; nil allows everything.
	Authorizer Authorizer
	// CloseDenied closes MQTT 3 clients whose message is denied; else it is
	// acknowledged and dropped.
	CloseDenied bool
	// Slow is told of each message that its client took longer than SlowAfter to
	// acknowledge, counted from its arrival; topic is empty when nothing of it was
	// kept. Loops call it: it must not block. It may be nil.
	Slow func(client, topic string, took time.Duration, at time.Time)
	// Late is told every few seconds, on a loop, of each client whose oldest message
	// has been under way for longer than SlowAfter, and of each for which missed
	// messages were dropped because it did not read, for took so far. It may not wait;
	// it may be nil.
	Late func(client, topic string, took time.Duration, at time.Time, missed uint64)
	// SlowAfter is from when on a message is slow; 0 is never.
	SlowAfter time.Duration
	// TopicMeters is how many topic filters may be counted at one time; 0 is 100.
	TopicMeters int
	// Log may be nil.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Loops is the number of event loops; 0 is one per core.
	Loops int
	// Transport is how loops read and write: Epoll, Portable, or empty for the
	// best of this system.
	Transport Transport
	// Shared is how shared subscriptions choose among their members; empty is
	// RoundRobin.
	Shared Strategy
	// MaxSessions bounds the sessions that outlive their connections; 0 is 100,000,
	// less than 0 none.
	MaxSessions int
	// SessionBytes bounds what the queues of all sessions hold; 0 is 1 GiB. With a
	// memory limit it is two fifths of that at most.
	SessionBytes int64
	// RetainedMessages and RetainedBytes bound the retained messages, which are in
	// memory; 0 is 100,000 and 256 MiB.
	RetainedMessages, RetainedBytes int
	// StreamReaders bounds the subscriptions of all clients together that read a stream,
	// StreamReadersEach those of one client.
	StreamReaders, StreamReadersEach int
	// RetainedAhead bounds the retained messages that are lined up for one client
	// (48 bytes each): a filter that would add to as many is refused until some have
	// gone. 0 is 500,000.
	RetainedAhead int
	// RetainedSize bounds the payload of one retained message, in bytes; 0 is no
	// bound. RetainedExpiry is the message expiry interval, in seconds, of retained
	// messages that have none; 0 keeps them for ever.
	RetainedSize   int
	RetainedExpiry uint32
	// WatchBytes is how many bytes of messages may wait for the reader of one
	// Watch; 0 is 8 MiB.
	WatchBytes int
	// MaxUnkept is how many bytes a loop may have handed to the log before it stops
	// reading those that publish into it; 0 is 16 MiB.
	MaxUnkept int
	// StrangerBytes bounds what has come of CONNECT packets that are not whole, on all
	// connections together; 0 is 64 MiB.
	StrangerBytes int
	// InputBytes bounds what is kept of packets that are not whole, and of what waits for
	// its turn, of all connections together; 0 is 256 MiB.
	InputBytes int64
	// TotalRates are those of all clients together.
	TotalRates pace.Rates
	// Bans are about who is kept out.
	Bans ban.Options
	// Memory is about the memory guard.
	Memory MemoryOptions
	// RecorderBytes bounds what the flight recorder holds, on all loops together; 0 is 16
	// MiB, less than 0 records nothing.
	RecorderBytes int64
	// Backlog bounds what durable sessions have still to get.
	Backlog Backlog
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
	o.Zone.defaults()
	o.System.defaults()
	if len(o.Listeners) == 0 {
		o.Listeners = []Listener{{}}
	}
	set(&o.Shared, RoundRobin)
	set(&o.MaxSessions, 100_000)
	set(&o.SessionBytes, 1<<30)
	set(&o.MaxUnkept, 16<<20)
	set(&o.WatchBytes, 8<<20)
	set(&o.RetainedAhead, 500_000)
	set(&o.StreamReaders, 256)
	set(&o.StreamReadersEach, 8)
	set(&o.StrangerBytes, 64<<20)
	set(&o.InputBytes, 256<<20)
	set(&o.TopicMeters, 100)
	set(&o.RecorderBytes, 16<<20)
	o.withinMemory()
}

func set[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}

// Broker is the MQTT broker of one node.
type Broker struct {
	options       Options
	seed          maphash.Seed // of hashes that all loops agree on
	router        router
	retained      *retain.Store
	system        *system
	delays        *delay.Schedule
	preserver     *preserve.Preserver // nil without a journal
	recovery      *recovery
	feeds         *feeds
	followers     *follow.Readers
	losses        losses        // the preserver's goroutine's
	endPreserving func()        // ends its goroutine; may be called twice
	lostDelayed   atomic.Uint64 // that still waited when the broker closed
	workers       []*worker
	doors         []*door
	totalRates    pace.Shared
	bans          *ban.Keeper
	memoryStage   atomic.Int32
	accepted      atomic.Uint64 // connections since the start; its count names each
	connections   atomic.Int64
	turnedAway    [codes]atomic.Uint64 // by the listeners, by reason
	looks         view.Rates
	meters        meters
	digested      atomic.Bool   // somebody is told digests
	queued        atomic.Int64  // bytes in the queues of all sessions
	waiting       atomic.Int64  // messages in them that were not sent yet
	input         atomic.Int64  // bytes that loops keep of what clients have sent
	relief        chan struct{} // asks the guard to cut queues
	queuePool     *limit.Pool
	outputPool    *limit.Pool
	referral      atomic.Pointer[referral]
	lasting       atomic.Int64 // sessions that outlive their connections
	sessionsLost  uint64       // at the start
	started       bool
	closing       sync.Once
	stopped       chan struct{}
	tasks         sync.WaitGroup // loops and the clock
}

var committals = sync.Pool{New: func() any { return new(committal) }}

// New checks the options; nothing runs yet.
func New(o Options) (*Broker, error) {
	o.defaults()
	if err := o.Shared.check(); err != nil {
		return nil, err
	}
	if err := o.Transport.check(); err != nil {
		return nil, err
	}
	b := &Broker{options: o, seed: maphash.MakeSeed(), stopped: make(chan struct{}), endPreserving: func() {}}
	b.retained = retain.New(o.RetainedMessages, o.RetainedBytes)
	b.system = newSystem(o.System, o.Now())
	b.totalRates = pace.NewShared(&o.TotalRates, o.Loops)
	b.bans = ban.NewKeeper(o.Bans, o.Now, o.Log)
	b.queuePool, b.outputPool = limit.NewPool(o.SessionBytes, o.Loops), limit.NewPool(o.outputBytes(), o.Loops)
	b.relief = make(chan struct{}, 1)
	if b.options.Memory.Used == nil {
		b.options.Memory.Used = goMemory
	}
	b.delays = delay.New(o.DelayedMessages, o.DelayedBytes)
	for _, l := range b.options.Listeners {
		d, err := b.newDoor(l)
		if err != nil {
			return nil, err
		}
		b.doors = append(b.doors, d)
	}
	for i := range o.Loops {
		b.workers = append(b.workers, newWorker(b, i))
	}
	for _, w := range b.workers {
		w.exchange = newExchange(b.workers)
	}
	b.followers = follow.NewReaders(o.Streams)
	b.feeds = newFeeds(o.Durable.Log, b.workers, &b.router)
	b.preserver = b.newPreserver()
	return b, nil
}

func newWorker(b *Broker, home int) *worker {
	w := &worker{broker: b, options: &b.options, home: home, log: b.options.Log, clients: map[string]*client{}, nobody: loop.Gone()}
	w.loop = loop.New(w, b.options.Now)
	w.traffic = make([]traffic, len(b.doors))
	w.routes = newRoutes(&b.router, home)
	w.rewrites = newRewrites(b.options.Rewrite)
	w.refusals = limitedLog{to: b.options.Log, now: b.options.Now}
	w.keeping.Outbox = outbox.New(outbox.Options{
		Keeper: b.options.Keeper, Limit: b.options.MaxUnkept, Journal: b.options.Durable.index(), Kept: w.answerTo(false), Recorded: w.answerTo(true),
	})
	w.flaps = b.bans.Flaps(b.options.Loops)
	w.gauges, w.connects = w.newGauges(), limit.NewTable(tracked/b.options.Loops)
	w.paces = pace.NewPast(tracked / b.options.Loops)
	w.budget = b.newBudget()
	w.recorder, w.queues.Lost = b.options.newRecorder(), w.lostFromQueue
	w.renew()
	return w
}

// answerTo brings what the log says of a batch of messages, or of records, to the loop.
func (w *worker) answerTo(records bool) func(*msg.Batch, error) {
	return func(batch *msg.Batch, err error) {
		c := committals.Get().(*committal)
		*c = committal{batch, err, records}
		w.loop.Post(c)
	}
}

// Start listens and serves until Close; ctx covers the start alone.
func (b *Broker) Start(ctx context.Context) error {
	if err := b.bans.Load(ctx); err != nil {
		return err
	}
	if err := b.recall(ctx); err != nil {
		return err
	}
	b.started = true
	for _, w := range b.workers {
		if b.options.Transport == Epoll {
			if err := w.loop.EventDriven(); err != nil {
				b.stop()
				return fault.Wrap(fault.Unavailable, "broker", err, "Cannot watch sockets by epoll. This system may do with mqtt.transport: portable.")
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
	b.tasks.Go(func() { b.bans.Run(b.stopped) })
	b.preserve()
	if b.options.Memory.Limit > 0 {
		b.tasks.Add(1)
		go b.guardMemory()
	}
	if err := b.openDoors(ctx); err != nil {
		b.stop()
		return err
	}
	return nil
}

// Transport is how the loops read and write.
func (b *Broker) Transport() Transport { return b.options.Transport }

// clock lets the loops look at their timers.
func (b *Broker) clock() {
	defer b.tasks.Done()
	b.system.tick(b)
	b.meters.mark(b.options.Now().UnixNano())
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
	b.system.tick(b)
	b.fireDelayed()
	b.sweepRetained()
}

func (b *Broker) post(v any) {
	for _, w := range b.workers {
		w.loop.Post(v)
	}
}
