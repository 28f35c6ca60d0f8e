package trace

import (
	"cmp"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/files"
)

// The kinds of what is followed, and the formats.
const (
	Client  = "client"
	Topic   = "topic"
	Address = "address"
	Text    = "text"
	Pcapng  = "pcapng"
)

// Wanted is a trace that somebody asks for.
type Wanted struct {
	Name   string
	Kind   string // Client, Topic or Address
	Value  string
	Format string // Text or Pcapng; empty is Text
	// Payload writes payloads into text, too.
	Payload  bool
	MaxBytes int64     // 0 is DefaultBytes
	Until    time.Time // zero is DefaultTime from now
}

// Info is a trace as it stands.
type Info struct {
	Wanted
	Started, Stopped time.Time // Stopped is zero while it runs
	// Ended says why it has ended: asked, size, time, disk or shutdown.
	Ended           string
	Packets, Missed uint64
	Bytes           int64
}

// File is what the trace's file is called.
func (i *Info) File() string { return i.Name + extension(i.Format) }

func extension(format string) string {
	if format == Pcapng {
		return ".pcapng"
	}
	return ".log"
}

// The bounds.
const (
	DefaultBytes = 16 << 20
	DefaultTime  = 10 * time.Minute
	LongestTime  = 24 * time.Hour
	// DefaultTraces and DefaultTotal bound the traces that are kept, and their bytes.
	DefaultTraces = 20
	DefaultTotal  = DefaultTraces * DefaultBytes
)

// Options of a Book.
type Options struct {
	// Dir is where the files lie.
	Dir string
	// Follow begins to show packets to sink, which never blocks, until stop is called;
	// after it has returned, sink is called no more. It refuses a value that cannot be
	// followed.
	Follow func(kind, value string, sink func(Packet)) (stop func(), err error)
	// Traces and Total bound the traces that are kept, and their bytes; 0 is the
	// default.
	Traces int
	Total  int64
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log may be nil.
	Log *slog.Logger
}

// Book holds the traces.
type Book struct {
	o Options

	mu     sync.Mutex
	traces map[string]*running // mu guards what follows
	closed bool
}

// Open returns the book of the folder, with the traces that lie there already.
func Open(o Options) (*Book, error) {
	o.Traces, o.Total = cmp.Or(o.Traces, DefaultTraces), cmp.Or(o.Total, DefaultTotal)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, "trace", err, "The folder %s for traces cannot be made.", o.Dir)
	}
	b := &Book{o: o, traces: map[string]*running{}}
	return b, b.load()
}

// Close ends every trace.
func (b *Book) Close() error {
	b.mu.Lock()
	b.closed = true
	all := b.sorted()
	b.mu.Unlock()
	for _, t := range all {
		t.end("shutdown")
	}
	return nil
}

func (b *Book) sorted() []*running {
	all := make([]*running, 0, len(b.traces))
	for _, t := range b.traces {
		all = append(all, t)
	}
	slices.SortFunc(all, func(x, y *running) int { return strings.Compare(x.wanted.Name, y.wanted.Name) })
	return all
}

// List returns the traces by name.
func (b *Book) List() []Info {
	b.mu.Lock()
	all := b.sorted()
	b.mu.Unlock()
	list := make([]Info, len(all))
	for i, t := range all {
		list[i] = t.info()
	}
	return list
}

// Start begins a trace.
func (b *Book) Start(w Wanted) (Info, error) {
	now := b.o.Now()
	w.Format, w.MaxBytes = cmp.Or(w.Format, Text), cmp.Or(w.MaxBytes, DefaultBytes)
	if w.Until.IsZero() {
		w.Until = now.Add(DefaultTime)
	}
	if err := b.check(&w, now); err != nil {
		return Info{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.room(&w); err != nil {
		return Info{}, err
	}
	t, err := b.begin(w, now)
	if err != nil {
		return Info{}, err
	}
	b.traces[w.Name] = t
	return t.info(), nil
}

func (b *Book) check(w *Wanted, now time.Time) error {
	switch {
	case !validName(w.Name):
		return fault.New(fault.Invalid, "A trace's name has 1 to 64 letters, digits or . _ - and does not begin with a dot; %q is none.", w.Name)
	case files.Portable(w.Name+notesExtension) != nil:
		return fault.New(fault.Invalid, "A trace's files have its name, and this is %v.", files.Portable(w.Name))
	case w.Format != Text && w.Format != Pcapng:
		return fault.New(fault.Invalid, "The format is text or pcapng, not %q.", w.Format)
	case !w.Until.After(now) || w.Until.Sub(now) > LongestTime:
		return fault.New(fault.Invalid, "A trace ends in the future, and within a day.")
	case w.MaxBytes < 4096 || w.MaxBytes > b.o.Total:
		return fault.New(fault.Invalid, "A trace has 4096 to %d bytes.", b.o.Total)
	}
	return nil
}

func validName(name string) bool {
	if name == "" || len(name) > 64 || name[0] == '.' {
		return false
	}
	for _, r := range name {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", r) {
			return false
		}
	}
	return true
}

// room says whether one more trace may be.
func (b *Book) room(w *Wanted) error {
	total := w.MaxBytes
	for _, t := range b.traces {
		total += t.claim()
	}
	switch {
	case b.closed:
		return fault.New(fault.Unavailable, "The node is shutting down.")
	case b.find(w.Name) != nil:
		return fault.New(fault.Conflict, "There is a trace %q already. Delete it or choose another name.", w.Name)
	case len(b.traces) >= b.o.Traces:
		return fault.New(fault.TooMany, "There are %d traces, which is the limit. Delete some first.", len(b.traces))
	case total > b.o.Total:
		return fault.New(fault.TooMany, "The traces may have %d bytes together, and with this one would have %d. Delete some first, or ask for less.", b.o.Total, total)
	}
	return nil
}

// find is the trace of that name; case is no difference, as in some file systems.
func (b *Book) find(name string) *running {
	for _, t := range b.traces {
		if strings.EqualFold(t.wanted.Name, name) {
			return t
		}
	}
	return nil
}

func (b *Book) get(name string) (*running, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.traces[name]; t != nil {
		return t, nil
	}
	return nil, fault.New(fault.NotFound, "There is no trace %q.", name)
}

// Stop ends a trace and keeps its file.
func (b *Book) Stop(name string) (Info, error) {
	t, err := b.get(name)
	if err != nil {
		return Info{}, err
	}
	t.end("asked")
	return t.info(), nil
}

// Delete ends a trace and removes its files.
func (b *Book) Delete(name string) error {
	t, err := b.get(name)
	if err != nil {
		return err
	}
	t.end("asked")
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.traces, name)
	for _, path := range []string{b.path(t.file), b.path(name + notesExtension)} {
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			return fault.Wrap(fault.Unavailable, "trace: delete", err, "The file %s cannot be removed.", path)
		}
	}
	return nil
}

// Content opens what the trace has written so far, and says how many bytes that is.
func (b *Book) Content(name string) (io.ReadCloser, int64, error) {
	t, err := b.get(name)
	if err != nil {
		return nil, 0, err
	}
	size := t.written()
	f, err := os.Open(b.path(t.file))
	if err != nil {
		return nil, 0, fault.Wrap(fault.Unavailable, "trace: read", err, "The file of trace %q cannot be read.", name)
	}
	return f, size, nil
}

func (b *Book) path(name string) string { return filepath.Join(b.o.Dir, name) }
