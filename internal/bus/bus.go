package bus

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Durability says what a confirmation means.
type Durability int

// The durabilities.
const (
	// Power: confirmed means on the disk (fsync).
	Power Durability = iota
	// Process: confirmed means handed to the operating system, on the disk within
	// a second.
	Process
)

// String is the word in configuration and API: "power" or "process".
func (d Durability) String() string {
	if d == Process {
		return "process"
	}
	return "power"
}

// ParseDurability reads the word of the configuration.
func ParseDurability(s string) (Durability, error) {
	switch s {
	case "power":
		return Power, nil
	case "process":
		return Process, nil
	}
	return Power, fault.New(fault.Invalid, "Durability is %q: write power or process.", s)
}

// The defaults of [Options].
const (
	DefaultMaxEntry      = 2 << 20
	DefaultAppendTimeout = 5 * time.Second
	DefaultWakeSpace     = 64 << 20
)

// Options of a [Bus]. Only Dir has no useful zero value.
type Options struct {
	// Dir is the bus's own folder; it is created when absent.
	Dir string
	// Node is this node's name in the logs' subjects; default "node".
	Node string
	// Durability is what a confirmation means; default Power.
	Durability Durability
	// MaxStore bounds the bytes that logs and buckets may hold together; default
	// no bound but the disk.
	MaxStore int64
	// MaxEntry bounds one entry or value, bytes; default 2 MiB, at most 8 MiB.
	MaxEntry int
	// AppendTimeout is how long an entry may stay unanswered; default 5 s.
	AppendTimeout time.Duration
	// WakeSpace is how many bytes must be free before an engine that ran out of
	// space is started afresh; default 64 MiB.
	WakeSpace int64
	// FreeSpace tells the bytes free for Dir; default asks the operating system.
	FreeSpace func() (int64, error)
	// Lost is told what of the stored data is found lost, and of what was found at the
	// starts of the last seven days; default nobody.
	Lost func(Loss)
	// Log takes the bus's own and the engine's lines; default none.
	Log *slog.Logger
}

func (o Options) filled() Options {
	if o.Node == "" {
		o.Node = "node"
	}
	if o.MaxStore <= 0 {
		o.MaxStore = 1 << 50
	}
	if o.MaxEntry <= 0 {
		o.MaxEntry = DefaultMaxEntry
	}
	if o.AppendTimeout <= 0 {
		o.AppendTimeout = DefaultAppendTimeout
	}
	if o.WakeSpace <= 0 {
		o.WakeSpace = DefaultWakeSpace
	}
	if o.FreeSpace == nil {
		dir := o.Dir
		o.FreeSpace = func() (int64, error) { return FreeSpace(dir) }
	}
	if o.Lost == nil {
		o.Lost = func(Loss) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func (o Options) check() error {
	switch {
	case o.Dir == "":
		return fault.New(fault.Invalid, "The bus needs a data folder.")
	case !validName(o.Node):
		return fault.New(fault.Invalid, "Node name %q: use lower-case letters, digits, - and _, 64 at most.", o.Node)
	case o.MaxEntry > 8<<20:
		return fault.New(fault.Invalid, "An entry may have 8 MiB at most, not %d bytes.", o.MaxEntry)
	}
	return nil
}

// Bus is the embedded engine with its logs and buckets. Its methods may be called
// from any goroutine between Start and Close.
type Bus struct {
	opt Options
	// now is the engine in use; nil before Start, while a sick one is replaced and
	// after Close.
	now      atomic.Pointer[engine]
	changed  signal // fired when now changes
	sick     chan *engine
	restarts atomic.Uint64
	purging  chan struct{} // held by whoever purges, or lets nobody
	marks    *marks        // set by Start

	stop chan struct{}
	done sync.WaitGroup

	// mu guards the fields below.
	mu     sync.Mutex
	logs   map[string]*Log
	closed bool
}

// New checks the options. It touches no file.
func New(o Options) (*Bus, error) {
	o = o.filled()
	if err := o.check(); err != nil {
		return nil, err
	}
	return &Bus{opt: o, sick: make(chan *engine, 1), purging: make(chan struct{}, 1), stop: make(chan struct{}), logs: map[string]*Log{}}, nil
}

// Start opens the data folder and brings the engine up. When it fails nothing is
// left running, and the error says which folder or file is at fault.
func (b *Bus) Start(ctx context.Context) error {
	if err := b.prepare(); err != nil {
		return err
	}
	m, err := readMarks(b.opt.Dir)
	if b.marks = m; err != nil {
		b.opt.Log.Error("what was stored is not known: a loss before now goes unseen", "file", m.path, "err", err)
	}
	for _, l := range m.losses {
		b.opt.Lost(l)
	}
	e, err := b.boot(ctx)
	if err != nil {
		return err
	}
	b.put(e)
	b.done.Add(3)
	go b.noteMarks()
	go b.doctor()
	go b.sweeper()
	return nil
}

// Close ends the engine. Appends that are still unanswered are answered with
// [fault.ServerShutdown].
func (b *Bus) Close() {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return
	}
	b.closed = true
	b.mu.Unlock()
	close(b.stop)
	b.done.Wait()
	if e := b.put(nil); e != nil {
		e.fail(fault.New(fault.ServerShutdown, "The node is shutting down."))
		e.close()
	}
}

// Restarts tells how often a sick engine was started afresh.
func (b *Bus) Restarts() uint64 { return b.restarts.Load() }

// Check asks the engine for a sign of life.
func (b *Bus) Check(ctx context.Context) error {
	e := b.now.Load()
	if e == nil {
		return fault.New(fault.Unavailable, "The storage engine is not running.")
	}
	if err := e.broken(); err != nil {
		return err
	}
	if _, err := e.js.AccountInfo(ctx); err != nil {
		return fault.Wrap(fault.Unavailable, "bus: check", err, "The storage engine does not answer.")
	}
	return nil
}

// put makes e the engine in use and returns the one before.
func (b *Bus) put(e *engine) *engine {
	old := b.now.Swap(e)
	b.changed.fire()
	return old
}

// wait returns the engine in use, as soon as there is one.
func (b *Bus) wait(ctx context.Context) (*engine, error) {
	for {
		changed := b.changed.wait()
		if e := b.now.Load(); e != nil {
			return e, nil
		}
		select {
		case <-changed:
		case <-b.stop:
			return nil, fault.New(fault.ServerShutdown, "The node is shutting down.")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// prepare makes the folder usable or says why it is not. A full disk is no reason
// not to start on what is there.
func (b *Bus) prepare() error {
	dir := b.opt.Dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return b.startFault(fault.Wrap(fault.Unavailable, "bus: start", err, "The data folder %s cannot be made: %s.", dir, reason(err)))
	}
	f, err := os.CreateTemp(dir, ".writable-*")
	if err != nil && saysFull(err.Error()) {
		b.opt.Log.Warn("the disk of the data folder is full", "folder", dir, "err", err)
		return nil
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, "bus: start", err, "The data folder %s cannot be written: %s.", dir, reason(err))
	}
	f.Close()
	return os.Remove(filepath.Clean(f.Name()))
}

// reason is the operating system's word for err, without the path.
func reason(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// validName says whether s may name a log or a node: it becomes part of a subject
// and of a folder's name on any operating system.
func validName(s string) bool {
	if len(s) == 0 || len(s) > 64 || s[0] == '-' || s[0] == '_' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// signal tells any number of waiters that something happened.
type signal struct {
	mu sync.Mutex
	ch chan struct{} // mu guards it; nil while nobody waits
}

// wait returns a channel that the next fire closes.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
