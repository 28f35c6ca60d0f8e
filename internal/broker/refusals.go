package broker

import (
	"log/slog"
	"sync"
	"time"
)

// limitedLog lets a few refusals a second through to the log and counts the rest:
// a client that is refused again and again must not fill the disk. One loop owns
// it.
type limitedLog struct {
	to      *slog.Logger
	now     func() time.Time
	second  int64
	written int
	muted   int
}

const refusalsPerSecond = 10

// sharedLog is a limitedLog that several may write to.
type sharedLog struct {
	mu      sync.Mutex
	limited limitedLog // guarded by mu
}

func (l *sharedLog) log(text string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limited.log(text, args...)
}

func (l *limitedLog) log(text string, args ...any) {
	if s := l.now().Unix(); s != l.second {
		if l.muted > 0 {
			l.to.Info("more refusals were not written", "count", l.muted)
		}
		l.second, l.written, l.muted = s, 0, 0
	}
	if l.written++; l.written > refusalsPerSecond {
		l.muted++
		return
	}
	l.to.Info(text, args...)
}
