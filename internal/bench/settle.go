package bench

import (
	"context"
	"errors"
	"fmt"
)

// connectAll connects and subscribes the subscribers, then connects the publishers.
func (r *run) connectAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.o.ConnectTimeout)
	defer cancel()
	for _, peers := range [][][]*peer{r.subscribers, r.publishers, r.idle} {
		if err := r.connect(ctx, peers); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) connect(ctx context.Context, peers [][]*peer) error {
	p := pace{begin: r.loops[0].now()}
	if r.o.Scenario == Conn {
		p.rate = r.o.Rate
	}
	step := uint64(len(r.loops))
	var waits []<-chan struct{}
	for i, l := range r.loops {
		mine := peers[i]
		l.post(func() {
			l.await(mine)
			l.dialAll(mine, p, uint64(i), step)
		})
		waits = append(waits, l.until(func() bool { return l.trouble != nil || l.settled() }))
	}
	for _, done := range waits {
		select {
		case <-done:
		case <-ctx.Done():
			return r.notConnected(ctx)
		}
	}
	return r.trouble()
}

// await has the loop be settled when those that subscribe among the peers are ready,
// and those that were before.
func (l *loop) await(peers []*peer) {
	for _, p := range peers {
		switch p.role.(type) {
		case *subscriber, *collector, *member:
			l.awaited++
		}
	}
}

// settled reports whether the loop's peers are connected and subscribed.
func (l *loop) settled() bool {
	d := &l.dialing
	return d.next == len(d.queue) && d.opening == 0 && len(l.outage.fallen) == 0 && l.ready == l.awaited
}

func (r *run) notConnected(ctx context.Context) error {
	if err := r.trouble(); err != nil {
		return err
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("bench: %d of %d clients were connected and subscribed within %v", r.sample().counts.connected, r.plan.clients(), r.o.ConnectTimeout)
	}
	return ctx.Err()
}

// trouble is the first connection that failed, of any loop.
func (r *run) trouble() error {
	all := make([]error, len(r.loops))
	r.each(func(l *loop) { all[l.number] = l.trouble })
	for _, err := range all {
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	return nil
}
