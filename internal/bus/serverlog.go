package bus

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/millrace/millrace/internal/fault"
)

var _ server.Logger = (*serverLog)(nil)

// serverLog hands the engine's lines to slog and listens in: a failed write is told
// in a log line only, its publisher gets no answer.
type serverLog struct {
	to     *slog.Logger
	engine *engine

	// mu guards the fields below.
	mu       sync.Mutex
	died     string
	starting bool
	warned   []string // lines of the start, kept to explain a folder left out
}

func newServerLog(to *slog.Logger, e *engine) *serverLog {
	return &serverLog{to: to.With("part", "jetstream"), engine: e, starting: true}
}

// Noticef takes what is worth knowing when debugging.
func (l *serverLog) Noticef(format string, v ...any) { l.line(slog.LevelDebug, format, v) }

// Debugf takes what is worth knowing when debugging.
func (l *serverLog) Debugf(format string, v ...any) { l.line(slog.LevelDebug, format, v) }

// Tracef drops protocol traces: they hold payloads.
func (l *serverLog) Tracef(string, ...any) {}

// Warnf takes what an operator should see.
func (l *serverLog) Warnf(format string, v ...any) { l.keep(l.line(slog.LevelWarn, format, v)) }

// Errorf takes failures, and calls the doctor when writes have stopped.
func (l *serverLog) Errorf(format string, v ...any) {
	text := l.line(slog.LevelWarn, format, v)
	l.keep(text)
	if stopsWrites(text) {
		l.engine.ill(writeFault(text))
	}
}

// Fatalf takes what made the engine give up; the process goes on.
func (l *serverLog) Fatalf(format string, v ...any) {
	text := l.line(slog.LevelError, format, v)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.died == "" {
		l.died = text
	}
}

func (l *serverLog) line(level slog.Level, format string, v []any) string {
	if level < slog.LevelWarn && !l.to.Enabled(context.Background(), level) {
		return ""
	}
	text := strings.TrimSpace(fmt.Sprintf(format, v...))
	if level < slog.LevelWarn && !strings.ContainsAny(text, "abcdefghijklmnopqrstuvwxyz") {
		return "" // the banner
	}
	l.to.Log(context.Background(), level, text)
	return text
}

func (l *serverLog) keep(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.starting && len(l.warned) < 64 {
		l.warned = append(l.warned, text)
	}
}

// fatal returns what made the engine give up, empty when nothing did.
func (l *serverLog) fatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.died
}

// warning returns the start's last line about the thing called name.
func (l *serverLog) warning(name string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.warned) - 1; i >= 0; i-- {
		if strings.Contains(l.warned[i], name) {
			return l.warned[i]
		}
	}
	return "the engine left it out without a reason"
}

func (l *serverLog) booted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.starting, l.warned = false, nil
}

// stopsWrites recognises the engine's lines after which it stores no more.
func stopsWrites(text string) bool {
	return strings.Contains(strings.ToLower(text), "critical write error") ||
		strings.Contains(text, "will be DISABLED") || strings.Contains(text, "disabling JetStream")
}

// writeFault tells a full disk from any other failed write.
func writeFault(text string) error {
	if saysFull(text) || strings.Contains(strings.ToLower(text), "out of") {
		return &fault.Error{Code: fault.StorageFull, Op: "bus: write: " + text, Message: "The disk is full."}
	}
	return &fault.Error{Code: fault.Unavailable, Op: "bus: write: " + text, Message: "The disk cannot be written."}
}
