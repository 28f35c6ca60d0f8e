package bench

import (
	"context"
	"maps"
	"sync"
	"time"
)

// fetch waits until all that was published has come; from is when the clients came
// back, nil when they were there.
func (r *run) fetch(ctx context.Context, from *sample) error {
	err := r.settle(ctx, r.missing)
	if err != nil || r.interrupted {
		return err
	}
	r.kept.Unchecked = false
	if from != nil {
		to := r.sample()
		r.endAtLast(*from, &to)
		drain := phase(*from, to, to.counts.received-from.counts.received)
		r.kept.Drain = &drain
	}
	return nil
}

// endAtLast has the phase end when the last message came, not when that was noticed.
func (r *run) endAtLast(from sample, to *sample) {
	early, late := r.early, r.late
	r.early, r.late = from, *to
	r.lastDelivery()
	to.at = r.late.at
	r.early, r.late = early, late
}

// settle waits until nothing is left, and a moment more for what comes twice. When
// nothing comes for as long as Drain, with all clients connected, the rest is missing.
func (r *run) settle(ctx context.Context, left func() int64) error {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	last, moved := int64(-1), r.o.Now()
	for {
		n := left()
		if err := r.trouble(); err != nil {
			return err
		}
		if n == 0 && last == 0 {
			return nil
		}
		if now := r.o.Now(); n != last || r.fallen() {
			last, moved = n, now
		} else if now.Sub(moved) >= r.o.Drain {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			r.interrupted = true
			return nil
		}
	}
}

// sum adds up what f finds in each loop.
func (r *run) sum(f func(l *loop) int64) int64 {
	var mu sync.Mutex
	var n int64
	r.each(func(l *loop) {
		mine := f(l)
		mu.Lock()
		defer mu.Unlock()
		n += mine
	})
	return n
}

func (r *run) fallen() bool {
	return r.sum(func(l *loop) int64 { return int64(len(l.outage.fallen) + l.dialing.opening) }) > 0
}

// unacknowledged is how many messages wait for PUBACK or PUBCOMP.
func (r *run) unacknowledged() int64 {
	return r.sum(func(l *loop) (n int64) {
		for _, b := range l.publishers {
			n += int64(b.unacknowledged())
		}
		return n
	})
}

// missing is how much that was published has not come to those that check.
func (r *run) missing() int64 {
	var mu sync.Mutex
	sent := map[uint64]uint64{}
	open := r.sum(func(l *loop) (n int64) {
		mine := map[uint64]uint64{}
		for _, b := range l.publishers {
			n += int64(b.unacknowledged())
			for _, lane := range b.lanes {
				mine[key(r.number, lane.number)] = lane.sent
			}
		}
		mu.Lock()
		defer mu.Unlock()
		maps.Copy(sent, mine)
		return n
	})
	return open + r.sum(func(l *loop) (n int64) {
		for _, s := range l.subscribed {
			for k, f := range s.flows {
				n += int64(sent[k] - f.seen)
			}
		}
		for _, b := range l.publishers {
			n -= int64(len(b.refused))
		}
		return n
	})
}
