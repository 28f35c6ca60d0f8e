package stream

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// DefaultReserve is what stays free on the disk, bytes.
const DefaultReserve = 256 << 20

// Options of [Streams]. Only Open has no useful zero value, and that only when there
// are streams.
type Options struct {
	// Streams are the captures in their order.
	Streams []Config
	// Open opens the log of one stream.
	Open func(context.Context, LogConfig) (Log, error)
	// FreeSpace tells the bytes free on the logs' disk; nil watches nothing.
	FreeSpace func() (int64, error)
	// Readers are the readers inside the product that the retention of streams waits for;
	// nothing goes before each has spoken ([Streams.Hold]). With none it waits for nobody.
	Readers []string
	// Reserve is what must stay free, bytes; default 256 MiB.
	Reserve int64
	// GuardPulse is how often the free space is measured; default 500 ms.
	GuardPulse time.Duration
	// Alarms is told of a full disk; default nobody.
	Alarms Alarms
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Log takes the room's lines; default none.
	Log *slog.Logger
}

func (o Options) filled() Options {
	if o.Reserve <= 0 {
		o.Reserve = DefaultReserve
	}
	if o.GuardPulse <= 0 {
		o.GuardPulse = guardPulse
	}
	if o.Alarms == nil {
		o.Alarms = noAlarms{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Streams are the node's captures. Route and Keep may be called from any goroutine
// between Start and Close.
type Streams struct {
	opt   Options
	table atomic.Pointer[table]
	// changing is held by whoever replaces the table.
	changing chan struct{}

	patience time.Duration // of readers

	disk    *budget
	over    atomic.Bool   // a batch was refused since the last measurement
	measure chan struct{} // asks the guard to measure at once

	stop       chan struct{}
	guardEnded chan struct{}
	retaining  sync.WaitGroup
	stopRetain context.CancelFunc
	started    bool

	// The guard's goroutine owns the fields below.
	guard          guard
	blind, alarmed bool
}

// kept is one running stream.
type kept struct {
	config   atomic.Pointer[Config]
	log      Log
	appender *appender
	out      *slog.Logger
	refusal  atomic.Pointer[refusal] // answers Keep while the disk is too full
	tight    *fault.Error            // answers Keep where a batch would touch the reserve
	dropped  atomic.Uint64           // repeated entries that readers passed over

	// mu guards the fields below.
	mu      sync.Mutex
	bad     map[uint64]bool // damaged entries seen
	state   LogState
	asked   time.Time
	retains retention
}

// New checks the configuration. It touches no log.
func New(o Options) (*Streams, error) {
	if err := checkConfigs(o.Streams); err != nil {
		return nil, err
	}
	if len(o.Streams) > 0 && o.Open == nil {
		return nil, fault.New(fault.Invalid, "Streams need a log to keep messages in.")
	}
	s := &Streams{opt: o.filled(), patience: patience, disk: newBudget(), measure: make(chan struct{}, 1), changing: make(chan struct{}, 1), stop: make(chan struct{}), guardEnded: make(chan struct{})}
	s.guard.reserve = s.opt.Reserve
	var all []*kept
	for _, c := range o.Streams {
		all = append(all, s.newKept(c))
	}
	s.table.Store(inOrder(all, nil))
	return s, nil
}

// Start opens the logs and begins to take messages.
func (s *Streams) Start(ctx context.Context) error {
	for _, k := range s.all() {
		if err := s.open(ctx, k); err != nil {
			return err
		}
	}
	s.lookAtDisk()
	s.started = true
	for _, k := range s.all() {
		go k.appender.run()
	}
	go s.watchDisk()
	retaining, stop := context.WithCancel(context.Background())
	s.stopRetain = stop
	s.retaining.Go(func() { s.retain(retaining) })
	return nil
}

func (s *Streams) open(ctx context.Context, k *kept) (err error) {
	c := k.cfg()
	age, bytes := s.engineBounds(c)
	if k.log, err = s.opt.Open(ctx, LogConfig{Name: c.Name, MaxAge: age, MaxBytes: bytes, Memory: c.Memory}); err != nil {
		return err
	}
	if k.state, err = k.log.State(ctx); err != nil {
		return err
	}
	k.asked = s.opt.Now()
	disk := s.disk
	if c.Memory {
		disk = nil
	}
	k.appender = newAppender(c.Name, k.log, disk, s.opt.Log, s.opt.Now, rand.Uint64)
	return k.last(ctx)
}

// last learns how many messages the newest entry has.
func (k *kept) last(ctx context.Context) error {
	if k.state.Entries == 0 {
		return nil
	}
	enough := errors.New("enough")
	err := k.log.Read(ctx, k.state.Last, func(seq uint64, raw []byte) error {
		if e, err := ReadEntry(raw); err == nil {
			k.appender.lastSize.Store(uint64(e.Count))
		}
		k.appender.lastSeq.Store(seq)
		k.appender.answered.Store(seq)
		return enough
	})
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

// Keep hands a batch to the stream of that index (see [Streams.Route]). It returns at
// once; committed is called exactly once, in the order of the stream's hand-overs,
// possibly before Keep returns when the room is closing. It must not block. The batch
// is the stream's until then.
func (s *Streams) Keep(stream int, b *msg.Batch, committed func(b *msg.Batch, err error)) {
	if stream < 0 || stream >= len(s.all()) || s.all()[stream].appender == nil {
		committed(b, fault.New(fault.NotFound, "There is no stream number %d.", stream))
		return
	}
	k := s.all()[stream]
	if r := k.refusal.Load(); r != nil {
		k.appender.keep(b, 0, r.fault, committed)
		return
	}
	cost := batchCost(b)
	taken, measure := k.appender.disk.spend(cost)
	if measure {
		s.measureSoon(!taken)
	}
	if !taken {
		k.appender.keep(b, 0, k.tight, committed)
		return
	}
	k.appender.keep(b, cost, nil, committed)
}

// Answered returns a position of the stream: whoever handed over a message up to it has
// been called back. It follows the newest message closely and never steps back.
func (s *Streams) Answered(stream string) msg.Position {
	if k := s.byName(stream); k != nil {
		return msg.Position{Seq: k.appender.answered.Load(), Index: ^uint32(0)}
	}
	return msg.Position{}
}

// Newest is the position behind which nothing of the stream has been committed yet.
func (s *Streams) Newest(stream string) msg.Position {
	if k := s.byName(stream); k != nil {
		return msg.Position{Seq: k.appender.lastSeq.Load(), Index: ^uint32(0)}
	}
	return msg.Position{}
}

// EntryBytes is how long an entry of the stream is on average; 0 when nobody can say.
func (s *Streams) EntryBytes(ctx context.Context, stream string) int64 {
	k := s.byName(stream)
	if k == nil {
		return 0
	}
	st, err := k.log.State(ctx)
	if err != nil || st.Entries == 0 {
		return 0
	}
	return st.Bytes / int64(st.Entries)
}

// Index is the number of the stream of that name, as [Streams.Keep] takes it.
func (s *Streams) Index(name string) (stream int, ok bool) {
	for i, k := range s.all() {
		if k.cfg().Name == name {
			return i, true
		}
	}
	return 0, false
}

// Names are the streams' names in their order, without those that keep state.
func (s *Streams) Names() (names []string) {
	for _, k := range s.all() {
		if !k.cfg().State {
			names = append(names, k.cfg().Name)
		}
	}
	return names
}

// Purge removes the entries of a built-in stream that hold nothing behind the position,
// but for the few by which a reader that begins there knows repeats.
func (s *Streams) Purge(ctx context.Context, stream string, upTo msg.Position) error {
	k := s.byName(stream)
	if k == nil || !k.cfg().BuiltIn {
		return unknown(stream)
	}
	if upTo.Index != ^uint32(0) {
		upTo.Seq-- // the rest of its entry is needed
	}
	if upTo.Seq <= lookBack {
		return nil
	}
	defer k.forgetState()
	return k.log.Purge(ctx, upTo.Seq-lookBack)
}

// Close takes no more batches, waits until ctx ends for those that were handed over,
// and answers the rest with fault.ServerShutdown.
func (s *Streams) Close(ctx context.Context) {
	if !s.started {
		return
	}
	s.started = false
	close(s.stop)
	s.stopRetain()
	select {
	case s.changing <- struct{}{}: // and nobody changes anything any more
	case <-ctx.Done():
	}
	<-s.guardEnded
	s.retaining.Wait()
	for _, k := range s.all() {
		k.appender.close()
	}
	for _, k := range s.all() {
		select {
		case <-k.appender.ended:
		case <-ctx.Done():
			k.appender.halt()
		}
	}
}

func (s *Streams) byName(name string) *kept {
	for _, k := range s.all() {
		if k.cfg().Name == name && k.log != nil {
			return k
		}
	}
	return nil
}

// within takes a position behind the newest entry back to the newest.
func (k *kept) within(ctx context.Context, after msg.Position) (msg.Position, error) {
	if after.Seq == 0 || after.Seq <= k.appender.lastSeq.Load() {
		return after, nil
	}
	st, err := k.log.State(ctx)
	if err != nil || after.Seq <= st.Last {
		return after, err
	}
	k.out.Error("a reader's position is behind the newest message: was the data folder exchanged?", "position", after.String(), "newest", st.Last)
	return msg.Position{Seq: st.Last, Index: ^uint32(0)}, nil
}

// maxBad is how many damaged entries are told apart.
const maxBad = 10_000

// damage counts an entry that cannot be read and logs it once.
func (k *kept) damage(seq uint64, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.bad[seq] || len(k.bad) >= maxBad {
		return
	}
	k.bad[seq] = true
	k.out.Error("damaged entry skipped", "position", msg.Position{Seq: seq}.String(), "err", err)
}

// refusing says whether the stream answers that the storage is full.
func (k *kept) refusing(now time.Time) bool {
	if k.refusal.Load() != nil {
		return true
	}
	at := k.appender.fullAt.Load()
	return at != 0 && k.appender.steady(now)-at < int64(fullMemory)
}
