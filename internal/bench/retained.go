package bench

import (
	"context"
	"errors"
)

// errNotStored says that the retained messages could not be laid down.
var errNotStored = errors.New("bench: the broker did not take the retained messages")

// retained lays down one message on each topic, has the collectors fetch them again
// and again, and clears the topics.
func (r *run) retained(ctx context.Context) error {
	if err := r.store(ctx, false); err != nil {
		return err
	}
	r.each((*loop).collect)
	r.measure(ctx)
	r.drain(ctx)
	return r.store(context.WithoutCancel(ctx), true)
}

// store publishes each topic's message, or empties the topics, and waits until the
// broker has taken all.
func (r *run) store(ctx context.Context, empty bool) error {
	ctx, cancel := context.WithTimeout(ctx, r.o.ConnectTimeout)
	defer cancel()
	var waits []<-chan struct{}
	for _, l := range r.loops {
		l.post(func() { l.store(empty, r.plan) })
		waits = append(waits, l.until(l.stored))
	}
	for _, done := range waits {
		select {
		case <-done:
		case <-ctx.Done():
			return errors.Join(errNotStored, ctx.Err())
		}
	}
	if err := r.trouble(); err != nil && !empty {
		return errors.Join(errNotStored, err)
	}
	return nil
}

// store has each publisher send one message to each of its topics.
func (l *loop) store(empty bool, plan *plan) {
	l.sending = true
	for _, b := range l.publishers {
		b.quota = len(b.lanes)
		if empty {
			b.clear(plan.publishers[b.index].topics)
		}
		l.call(b)
	}
}

func (l *loop) stored() bool {
	for _, b := range l.publishers {
		if b.state != ended && (b.quota > 0 || b.unacknowledged() > 0) {
			return false
		}
	}
	return true
}

// collect starts the collectors.
func (l *loop) collect() {
	l.sending, l.collecting = true, true
	for _, c := range l.collectors {
		c.begin(l.now())
	}
}
