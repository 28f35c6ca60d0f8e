package observe

import (
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// logRoom is how many bytes of log lines may wait for whoever takes them.
const logRoom = 1 << 20

// LogWriter takes log lines and never waits for who reads them: a pipe that nobody
// empties, or a console in which somebody marks text, must not hold the node up. What
// there is no room for is left out, and counted. Its methods may be called from any
// goroutine; it owns one, until Close.
type LogWriter struct {
	out  io.Writer
	note func(lines uint64)
	wake chan struct{}
	done chan struct{}
	lost atomic.Uint64

	// mu guards the fields below.
	mu     sync.Mutex
	buf    []byte // what waits, whole lines
	missed uint64 // lines left out since the last note
	closed bool
}

// NewLogWriter writes to out.
func NewLogWriter(out io.Writer) *LogWriter {
	w := &LogWriter{out: out, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go w.run()
	return w
}

// Notes has what was left out told in the log itself.
func (w *LogWriter) Notes(log *slog.Logger) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note = func(lines uint64) {
		log.Warn("log lines were left out: whoever reads the log did not keep up", "lines", lines)
	}
}

// Lost counts the lines that were left out.
func (w *LogWriter) Lost() uint64 { return w.lost.Load() }

// Write takes one line, or several.
func (w *LogWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return w.out.Write(p)
	}
	if len(w.buf)+len(p) > logRoom {
		w.missed++
		w.lost.Add(1)
		return len(p), nil
	}
	w.buf = append(w.buf, p...)
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return len(p), nil
}

// Close waits until what was taken is written, so long at most. What comes later is
// written at once.
func (w *LogWriter) Close(most time.Duration) {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.wake)
	}
	w.mu.Unlock()
	select {
	case <-w.done:
	case <-time.After(most):
	}
}

func (w *LogWriter) run() {
	defer close(w.done)
	var spare []byte
	for range w.wake {
		spare = w.pass(spare)
	}
	w.pass(spare)
}

// pass writes what waits, and tells afterwards what was left out meanwhile. It returns a
// buffer for the next.
func (w *LogWriter) pass(spare []byte) []byte {
	w.mu.Lock()
	lines := w.buf
	w.buf = spare[:0]
	w.mu.Unlock()
	if len(lines) > 0 {
		_, _ = w.out.Write(lines) // there is nobody to tell
	}
	w.mu.Lock()
	missed, note := w.missed, w.note
	w.missed = 0
	w.mu.Unlock()
	if missed > 0 && note != nil {
		note(missed)
	}
	if cap(lines) > logRoom/8 {
		return nil
	}
	return lines
}
