package bus

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/millrace/millrace/internal/fault"
)

// LogConfig says what a log is and what it keeps. It is an alias of a plain struct,
// so that a room may declare the same one without importing this package.
type LogConfig = struct {
	// Name names the log: lower-case letters, digits, - and _.
	Name string
	// MaxAge is how long an entry is kept; 0 is for ever.
	MaxAge time.Duration
	// MaxBytes is how much is kept; the oldest goes first; 0 is no bound.
	MaxBytes int64
	// Memory keeps entries in memory alone.
	Memory bool
}

// LogState is what a log holds at a moment; an alias as [LogConfig] is.
type LogState = struct {
	// Entries and Bytes are what is stored now.
	Entries uint64
	Bytes   int64
	// First and Last are the sequences of the oldest and the newest entry; an empty
	// log has First = Last+1.
	First, Last uint64
	// Purged is the newest sequence that a purge or the log's own bounds have removed. Between
	// it and First nothing was given, or a disk has lost it.
	Purged uint64
	// FirstTime and LastTime are when those two were stored; zero when empty.
	FirstTime, LastTime time.Time
}

// Log is one named sequence of entries.
type Log struct {
	bus     *Bus
	cfg     LogConfig // but for its bounds, which limits has
	limits  atomic.Pointer[LogConfig]
	subject string
	last    atomic.Uint64 // newest sequence known to be stored
	grown   signal        // fired when last grows
	recent  recent
}

// Log opens the log of that name, making it or changing its retention as the
// configuration says. A log that is there as configured is opened without a write, so
// that a full disk is no obstacle; where a write is needed a full disk answers
// [fault.StorageFull].
func (b *Bus) Log(ctx context.Context, c LogConfig) (*Log, error) {
	if !validName(c.Name) {
		return nil, fault.New(fault.Invalid, "Stream name %q: use lower-case letters, digits, - and _, 64 at most.", c.Name)
	}
	e, err := b.wait(ctx)
	if err != nil {
		return nil, err
	}
	l := &Log{bus: b, cfg: c, subject: c.Name + ".0." + b.opt.Node}
	l.limits.Store(&c)
	if err := l.open(ctx, e); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.logs[c.Name] != nil {
		return nil, fault.New(fault.Conflict, "Stream %s is open already.", c.Name)
	}
	b.logs[c.Name] = l
	return l, nil
}

func (l *Log) open(ctx context.Context, e *engine) error {
	s, err := e.stream(ctx, l.stream())
	if err != nil {
		return e.bus.openFault("Stream "+l.cfg.Name, "bus: open log "+l.cfg.Name, err)
	}
	st := s.CachedInfo().State
	l.recent.clear() // a fresh engine may have lost what the last one had
	l.learn(st.LastSeq)
	if !l.cfg.Memory {
		l.bus.marks.change(l.cfg.Name, func(k *mark) {
			k.Last, k.MaxAge, k.Bounded = max(k.Last, st.LastSeq), l.limits.Load().MaxAge, l.limits.Load().MaxBytes > 0
			if k.First == 0 {
				k.First, k.FirstTime = max(st.FirstSeq, 1), time.Now().UnixNano()
			}
		})
	}
	return nil
}

// Change sets other bounds; the engine removes at once what lies beyond them.
func (l *Log) Change(ctx context.Context, maxAge time.Duration, maxBytes int64) error {
	e, err := l.bus.wait(ctx)
	if err != nil {
		return err
	}
	before := l.limits.Load()
	l.limits.Store(&LogConfig{Name: l.cfg.Name, MaxAge: maxAge, MaxBytes: maxBytes, Memory: l.cfg.Memory})
	ctx, cancel := bounded(ctx)
	defer cancel()
	if err = l.open(ctx, e); err != nil {
		l.limits.Store(before)
	}
	return err
}

// stream opens what is there as want says without writing a byte, which works on a
// full disk too; else it makes or changes it.
func (e *engine) stream(ctx context.Context, want jetstream.StreamConfig) (jetstream.Stream, error) {
	s, err := e.js.Stream(ctx, want.Name)
	if err == nil && sameStream(s.CachedInfo().Config, want) {
		return s, nil
	}
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, err
	}
	return e.js.CreateOrUpdateStream(ctx, want)
}

// sameStream says whether what is stored is what the bus asks for. What the bus
// leaves to the engine is the engine's.
func sameStream(stored, want jetstream.StreamConfig) bool {
	return slices.Equal(stored.Subjects, want.Subjects) && stored.Storage == want.Storage &&
		stored.Retention == want.Retention && stored.Discard == want.Discard &&
		stored.MaxAge == want.MaxAge && stored.MaxBytes == want.MaxBytes && stored.MaxMsgsPerSubject == want.MaxMsgsPerSubject &&
		stored.AllowDirect == want.AllowDirect && stored.AllowRollup == want.AllowRollup && stored.DenyDelete == want.DenyDelete &&
		stored.Duplicates == want.Duplicates && stored.Replicas == want.Replicas
}

// repeatWindow is how long the engine remembers a repeated entry's id.
const repeatWindow = 2 * time.Minute

func (l *Log) stream() jetstream.StreamConfig {
	c := jetstream.StreamConfig{
		Name:              l.cfg.Name,
		Subjects:          []string{l.cfg.Name + ".>"},
		Storage:           jetstream.FileStorage,
		Retention:         jetstream.LimitsPolicy,
		Discard:           jetstream.DiscardOld,
		MaxAge:            l.limits.Load().MaxAge,
		MaxBytes:          l.limits.Load().MaxBytes,
		MaxMsgsPerSubject: -1,
		AllowDirect:       true,
		Duplicates:        repeatWindow,
		Replicas:          1,
	}
	if c.MaxAge > 0 {
		c.Duplicates = min(c.Duplicates, c.MaxAge)
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = -1
	}
	if l.cfg.Memory {
		c.Storage = jetstream.MemoryStorage
	}
	return c
}

// learn takes note that seq is stored.
func (l *Log) learn(seq uint64) {
	for {
		old := l.last.Load()
		if seq <= old {
			return
		}
		if l.last.CompareAndSwap(old, seq) {
			l.grown.fire()
			return
		}
	}
}

// Last returns the sequence of the newest entry known to be stored.
func (l *Log) Last() uint64 { return l.last.Load() }

// State asks the engine what the log holds.
func (l *Log) State(ctx context.Context) (LogState, error) {
	e := l.bus.now.Load()
	if e == nil {
		return LogState{}, fault.New(fault.Unavailable, "The storage engine is being restarted.")
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	s, err := e.js.Stream(ctx, l.cfg.Name)
	if err != nil {
		return LogState{}, callFault(e, "bus: state of log "+l.cfg.Name, err)
	}
	in := s.CachedInfo().State
	st := LogState{Entries: in.Msgs, Bytes: int64(in.Bytes), First: in.FirstSeq, Last: in.LastSeq}
	if in.Msgs == 0 {
		st.First = in.LastSeq + 1
	}
	st.Purged = l.purged(st.First)
	if in.Msgs == 0 {
		return st, nil
	}
	st.FirstTime, st.LastTime = in.FirstTime, in.LastTime
	return st, nil
}

// purged is what has gone before the oldest entry other than by a loss.
func (l *Log) purged(first uint64) uint64 {
	gone := max(first, 1) - 1
	if c := l.limits.Load(); c.Memory || c.MaxAge > 0 || c.MaxBytes > 0 {
		return gone
	}
	k, _ := l.bus.marks.known(l.cfg.Name)
	return min(gone, max(k.First, 1)-1)
}

// Purge removes the entries up to that sequence, itself included. It is done when the
// engine says so; a crash before leaves some of them. It waits for [Bus.HoldPurges].
func (l *Log) Purge(ctx context.Context, upTo uint64) error {
	release, err := l.bus.HoldPurges(ctx)
	if err != nil {
		return err
	}
	defer release()
	e := l.bus.now.Load()
	if e == nil {
		return fault.New(fault.Unavailable, "The storage engine is being restarted.")
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	l.bus.marks.change(l.cfg.Name, func(k *mark) {
		if upTo >= k.First {
			k.First, k.FirstTime = upTo+1, 0
		}
	})
	_ = l.bus.writeMarks() // what cannot be written is told by whoever writes it every second
	s, err := e.js.Stream(ctx, l.cfg.Name)
	if err == nil {
		err = s.Purge(ctx, jetstream.WithPurgeSequence(upTo+1))
	}
	if err != nil {
		return callFault(e, "bus: purge log "+l.cfg.Name, err)
	}
	l.recent.purge(upTo)
	return nil
}

// callLimit bounds a call to the engine whose context has no deadline.
const callLimit = 5 * time.Second

func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, callLimit)
}

// callFault gives a failed call its code. A sick engine's own fault goes first.
func callFault(e *engine, op string, err error) error {
	if sick := e.broken(); sick != nil {
		return fault.Wrap(fault.CodeOf(sick), op, err, "%s", fault.UserMessage(sick))
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fault.Wrap(fault.Timeout, op, err, "The storage engine did not answer in time.")
	}
	return fault.Wrap(fault.Unavailable, op, err, "The storage engine refused the request.")
}
