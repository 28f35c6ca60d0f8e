package bench

import (
	"context"
	"sync"
	"time"
)

// drain waits until everything under way has come and a moment more, for what comes
// twice; or until nothing comes any more for a second, or the limit is over.
func (r *run) drain(ctx context.Context) {
	limit := time.NewTimer(r.o.Drain)
	defer limit.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	last, moved := int64(-1), r.o.Now()
	for {
		open := r.unfinished()
		if open == 0 && last == 0 {
			return
		}
		if now := r.o.Now(); open != last {
			last, moved = open, now
		} else if now.Sub(moved) >= time.Second {
			return
		}
		select {
		case <-look.C:
		case <-limit.C:
			return
		}
	}
}

// unfinished is how much is still to come: acknowledgements, bytes to write,
// deliveries, rounds.
func (r *run) unfinished() int64 {
	var mu sync.Mutex
	var n int64
	r.each(func(l *loop) {
		mine := l.unfinished()
		mu.Lock()
		defer mu.Unlock()
		n += mine
	})
	return n
}

func (l *loop) unfinished() int64 {
	var n int64
	for _, b := range l.publishers {
		if b.state != up {
			continue
		}
		n += int64(b.unacknowledged() + l.wire.queued(b.peer))
		if l.o.Scenario != Retained {
			n += max(0, int64(b.sent)*int64(b.fan)-b.delivered.Load())
		}
	}
	for _, c := range l.collectors {
		if c.busy() {
			n += int64(c.want - c.got)
		}
	}
	return n
}

// sample reads all counters.
func (r *run) sample() sample {
	s := sample{at: r.o.Now(), own: ownCPU()}
	if r.o.PID != 0 {
		var err error
		s.broker, err = processUsage(r.o.PID)
		s.measured = err == nil
	}
	var mu sync.Mutex
	r.each(func(l *loop) {
		mu.Lock()
		defer mu.Unlock()
		s.counts = s.counts.plus(l.meter.counts)
	})
	return s
}
