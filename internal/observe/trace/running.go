package trace

import (
	"bufio"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// format writes packets.
type format interface {
	head() error
	write(*Packet) error
}

const (
	// waitingPackets and waitingBytes bound what waits to be written.
	waitingPackets = 4096
	waitingBytes   = 8 << 20
)

// running is a trace, also when it has ended. Its goroutine owns the file.
type running struct {
	wanted Wanted
	file   string
	book   *Book
	queue  chan Packet
	bytes  atomic.Int64 // in queue
	missed atomic.Uint64
	ending chan string
	done   chan struct{} // closed when the goroutine has ended; nil when there was none

	mu    sync.Mutex
	state Info // mu guards it
}

// ended is a trace of an earlier run.
func ended(i Info) *running {
	return &running{wanted: i.Wanted, file: i.File(), state: i}
}

// begin opens the file and follows. The caller holds the book's lock.
func (b *Book) begin(w Wanted, now time.Time) (*running, error) {
	t := &running{wanted: w, book: b, queue: make(chan Packet, waitingPackets), ending: make(chan string, 1), done: make(chan struct{}),
		state: Info{Wanted: w, Started: now}}
	t.file = t.state.File()
	f, err := os.OpenFile(b.path(t.file), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "trace", err, "The file of the trace cannot be made.")
	}
	stop, err := b.o.Follow(w.Kind, w.Value, t.offer)
	if err != nil {
		_ = f.Close()
		_ = os.Remove(b.path(t.file))
		return nil, err
	}
	b.note(t.state)
	go t.run(f, stop, w.Until.Sub(now))
	return t, nil
}

// offer takes a packet or misses it; it never blocks.
func (t *running) offer(p Packet) {
	size := int64(len(p.Bytes))
	if t.bytes.Add(size) > waitingBytes {
		t.bytes.Add(-size)
		t.missed.Add(1)
		return
	}
	select {
	case t.queue <- p:
	default:
		t.bytes.Add(-size)
		t.missed.Add(1)
	}
}

// run writes until the trace ends.
func (t *running) run(f *os.File, stop func(), life time.Duration) {
	defer close(t.done)
	out := &limited{w: bufio.NewWriterSize(f, 64<<10), left: t.wanted.MaxBytes}
	timer := time.NewTimer(life)
	defer timer.Stop()
	why := t.pump(out, timer.C)
	stop()
	t.drain(out, why)
	if err := out.w.Flush(); err != nil {
		why = "disk"
	}
	if err := f.Close(); err != nil {
		why = "disk"
	}
	t.finish(out.written, why)
}

func (t *running) format(out io.Writer) format {
	if t.wanted.Format == Pcapng {
		return &pcapngWriter{w: out}
	}
	return &textWriter{w: out, payloads: t.wanted.Payload}
}

// pump returns why the trace ends.
func (t *running) pump(out *limited, over <-chan time.Time) string {
	out.format = t.format(out)
	if err := out.format.head(); err != nil {
		return "disk"
	}
	for {
		t.wrote(out)
		select {
		case p := <-t.queue:
			if why := t.take(out, &p); why != "" {
				return why
			}
		case <-over:
			return "time"
		case why := <-t.ending:
			return why
		}
	}
}

// take writes one packet and returns why that was the last.
func (t *running) take(out *limited, p *Packet) string {
	t.bytes.Add(-int64(len(p.Bytes)))
	mask(p)
	switch err := out.packet(p); {
	case errors.Is(err, errFull):
		return "size"
	case err != nil:
		return "disk"
	}
	t.mu.Lock()
	t.state.Packets++
	t.mu.Unlock()
	return ""
}

// drain writes what waited when the trace was asked to end.
func (t *running) drain(out *limited, why string) {
	for why == "asked" || why == "time" || why == "shutdown" {
		select {
		case p := <-t.queue:
			if t.take(out, &p) != "" {
				return
			}
		default:
			return
		}
	}
}

// wrote lets readers see what is written, once nothing waits.
func (t *running) wrote(out *limited) {
	if len(t.queue) > 0 {
		return
	}
	if out.w.Flush() == nil {
		t.mu.Lock()
		t.state.Bytes = out.written
		t.mu.Unlock()
	}
}

func (t *running) finish(written int64, why string) {
	t.mu.Lock()
	t.state.Bytes, t.state.Ended, t.state.Stopped = written, why, t.book.o.Now()
	t.state.Missed = t.missed.Load()
	i := t.state
	t.mu.Unlock()
	t.book.note(i)
}

// end asks the trace to end and waits until it has.
func (t *running) end(why string) {
	if t.done == nil {
		return
	}
	select {
	case t.ending <- why:
	default: // somebody else has asked
	}
	<-t.done
}

func (t *running) info() Info {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := t.state
	i.Missed = max(i.Missed, t.missed.Load())
	return i
}

// written is how many bytes of the file stand.
func (t *running) written() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state.Bytes
}

// claim is how many bytes it has or may yet have.
func (t *running) claim() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state.Stopped.IsZero() {
		return t.wanted.MaxBytes
	}
	return t.state.Bytes
}

// limited writes whole packets, as long as there is room.
type limited struct {
	w       *bufio.Writer
	format  format
	left    int64
	written int64
	held    []byte // of the packet in hand
	whole   bool   // a packet is in hand
}

var errFull = fault.New(fault.StorageFull, "The trace is as large as it may be.")

// packet writes all of it or, when it does not fit, nothing.
func (l *limited) packet(p *Packet) error {
	l.held, l.whole = l.held[:0], true
	err := l.format.write(p)
	l.whole = false
	if err != nil {
		return err
	}
	if int64(len(l.held)) > l.left {
		return errFull
	}
	_, err = l.Write(l.held)
	return err
}

// Write takes what the format writes.
func (l *limited) Write(b []byte) (int, error) {
	if l.whole {
		l.held = append(l.held, b...)
		return len(b), nil
	}
	n, err := l.w.Write(b)
	l.left -= int64(n)
	l.written += int64(n)
	return n, err
}
