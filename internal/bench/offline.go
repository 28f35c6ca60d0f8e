package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errNotEnqueued says that the broker did not take all that was to wait.
var errNotEnqueued = errors.New("bench: the broker did not take every message for the clients that are away")

// Phase is a part of a run that was measured for itself.
type Phase struct {
	Messages  uint64  `json:"messages"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"perSecond"`
	// Broker is what the broker used, nil when it was not measured.
	Broker *Usage `json:"broker,omitempty"`
	// PerCPUSecond is messages for each second of the broker's processor time.
	PerCPUSecond float64 `json:"perCPUSecond,omitempty"`
}

// Waiting is what was measured of sessions whose clients are away.
type Waiting struct {
	// Enqueue is from the first publication to the last acknowledgement, Drain from
	// the first client that comes back to the last message received.
	Enqueue Phase `json:"enqueue"`
	Drain   Phase `json:"drain"`
}

// offline has the subscribers leave their sessions behind, fills them and has the
// subscribers come back for what waits.
func (r *run) offline(ctx context.Context) error {
	r.retire()
	r.each(func(l *loop) { l.meter.measuring = true })
	before := r.sample()
	err := r.enqueue(ctx)
	filled := r.sample()
	if err == nil {
		r.away = &Waiting{Enqueue: phase(before, filled, filled.counts.acked-before.counts.acked)}
		r.early = r.sample()
		err = r.comeBack(ctx)
	}
	if err == nil {
		r.drain(ctx)
		r.late = r.sample()
		r.lastDelivery()
		r.away.Drain = phase(r.early, r.late, r.late.counts.received-r.early.counts.received)
	}
	r.each(func(l *loop) { l.stop() })
	if late := r.tidy(context.WithoutCancel(ctx)); err == nil {
		err = late
	}
	return err
}

func phase(from, to sample, n uint64) Phase {
	p := Phase{Messages: n, Seconds: to.at.Sub(from.at).Seconds()}
	if p.Seconds > 0 {
		p.PerSecond = float64(n) / p.Seconds
	}
	if from.measured && to.measured && p.Seconds > 0 {
		u := used(to.broker.cpu-from.broker.cpu, p.Seconds)
		u.Resident = to.broker.resident
		p.Broker = &u
		if u.CPUSeconds > 0 {
			p.PerCPUSecond = float64(n) / u.CPUSeconds
		}
	}
	return p
}

// lastDelivery ends the drain when the last message came, not when that was noticed.
func (r *run) lastDelivery() {
	last := make([]int64, len(r.loops))
	r.each(func(l *loop) { last[l.number] = l.meter.last })
	for _, ns := range last {
		if at := r.origin.Add(time.Duration(ns - r.origin.UnixNano())); ns > 0 && at.Before(r.late.at) && at.After(r.early.at) {
			r.late.at = at
		}
	}
}

// enqueue publishes what is to wait, and waits until the broker has all of it.
func (r *run) enqueue(ctx context.Context) error {
	var waits []<-chan struct{}
	for _, l := range r.loops {
		l.post(func() { l.fill() })
		waits = append(waits, l.until(func() bool { return l.trouble != nil || l.stored() }))
	}
	for _, done := range waits {
		select {
		case <-done:
		case <-ctx.Done():
			r.interrupted = true
			return errors.Join(errNotEnqueued, ctx.Err())
		}
	}
	if err := r.trouble(); err != nil {
		return errors.Join(errNotEnqueued, err)
	}
	return nil
}

func (l *loop) fill() {
	l.sending = true
	for _, b := range l.publishers {
		b.quota = l.o.Messages * len(b.lanes)
		l.call(b)
	}
}

// comeBack connects the subscribers to the sessions that they left.
func (r *run) comeBack(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.o.ConnectTimeout)
	defer cancel()
	return r.connect(ctx, r.subscribers)
}

// tidy ends the sessions, so that the broker keeps nothing of the run.
func (r *run) tidy(ctx context.Context) error {
	r.retire()
	r.each(func(l *loop) {
		for _, s := range l.subscribed {
			s.session = discards
		}
		for _, m := range l.members {
			m.session = discards
		}
	})
	if err := r.comeBack(ctx); err != nil {
		return fmt.Errorf("bench: the sessions of the run could not be ended: %w", err)
	}
	return nil
}

// retire disconnects the subscribers.
func (r *run) retire() {
	r.each(func(l *loop) {
		for _, s := range l.subscribed {
			l.retire(s.peer)
		}
		for _, m := range l.members {
			l.retire(m.peer)
		}
	})
}

// retire has the peer leave in order; it can connect again.
func (l *loop) retire(p *peer) {
	if !p.wanted {
		return
	}
	p.wanted = false
	if s, ok := p.role.(interface{ rest() }); ok {
		s.rest()
		l.awaited--
	}
	if p.state != up {
		return
	}
	p.leave()
	l.wire.write(p)
	l.wire.close(p)
	p.state, p.in, p.out, p.held = fresh, nil, nil, nil
	l.meter.retired++
}
