package bench

import (
	"context"
	"fmt"
)

// batch is how many sessions' clients are connected at one time, where they need not
// all be: there may be more sessions than a machine has ports or open files.
const batch = 10_000

// inBatches calls f with some of the subscribers at a time.
func (r *run) inBatches(f func(peers [][]*peer) error) error {
	n := len(r.loops)
	for from, each := 0, max(1, batch/n); ; from += each {
		part, some := make([][]*peer, n), false
		for i, all := range r.subscribers {
			part[i] = all[min(from, len(all)):min(from+each, len(all))]
			some = some || len(part[i]) > 0
		}
		if !some {
			return nil
		}
		if err := f(part); err != nil {
			return err
		}
	}
}

// retireThese disconnects some of the subscribers.
func (r *run) retireThese(peers [][]*peer) {
	r.each(func(l *loop) {
		for _, p := range peers[l.number] {
			l.retire(p)
		}
	})
}

// leaveBehind makes the sessions, whose clients leave, and connects the publishers.
func (r *run) leaveBehind(ctx context.Context) error {
	err := r.inBatches(func(peers [][]*peer) error {
		err := r.connectWithin(ctx, peers)
		r.retireThese(peers)
		return err
	})
	if err != nil {
		return err
	}
	return r.connectWithin(ctx, r.publishers)
}

// comeInTurn has the sessions' clients come back, and leave when they have got theirs.
func (r *run) comeInTurn(ctx context.Context) error {
	due := int64(0)
	return r.inBatches(func(peers [][]*peer) error {
		if err := r.connectWithin(ctx, peers); err != nil {
			return err
		}
		for _, some := range peers {
			due += int64(len(some) * r.o.Messages)
		}
		err := r.settle(ctx, func() int64 {
			return due - r.sum(func(l *loop) int64 { return int64(l.meter.received) })
		})
		r.retireThese(peers)
		return err
	})
}

// endSessions has the subscribers' sessions end, so that the broker keeps nothing of
// the run.
func (r *run) endSessions(ctx context.Context) error {
	r.retire()
	r.each(func(l *loop) {
		for _, s := range l.subscribed {
			s.session = discards
		}
	})
	err := r.inBatches(func(peers [][]*peer) error {
		err := r.connectWithin(ctx, peers)
		r.retireThese(peers)
		return err
	})
	if err != nil {
		return fmt.Errorf("bench: the sessions of the run could not be ended: %w", err)
	}
	return nil
}
