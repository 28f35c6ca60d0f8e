package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var errNotRestarted = errors.New("the broker's connections have not ended: it was not restarted")

// restart has the broker restarted, and waits until it takes clients again. The
// publishers' connections show when it goes and when it is back.
func (r *run) restart(ctx context.Context) error {
	begun := r.loops[0].now()
	if d := &r.o.Durable; d.Restart != nil {
		if err := d.Restart(ctx); err != nil {
			return fmt.Errorf("restart: %w", err)
		}
	} else {
		begun = 0
		if d.Say != nil {
			d.Say("now restart the broker: " + d.Patience.String() + " are left")
		}
	}
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	limit := time.NewTimer(r.o.Durable.Patience)
	defer limit.Stop()
	for !r.isBack(begun) {
		select {
		case <-look.C:
		case <-limit.C:
			return errors.Join(errGone, errNotRestarted)
		case <-ctx.Done():
			r.interrupted = true
			return ctx.Err()
		}
		if err := r.trouble(); err != nil {
			return err
		}
	}
	return nil
}

// isBack reports whether every loop has lost the broker and found it again, and
// notes how long it took.
func (r *run) isBack(begun int64) bool {
	back := r.sum(func(l *loop) int64 {
		if o := &l.outage; len(l.publishers) == 0 || o.times > 0 && o.since == 0 && len(o.fallen) == 0 && l.dialing.opening == 0 {
			return 1
		}
		return 0
	})
	if back < int64(len(r.loops)) {
		return false
	}
	o := r.loops[0]
	at := make(chan int64, 1)
	o.post(func() {
		if begun == 0 {
			begun = o.outage.backAt - o.outage.last
		}
		at <- o.outage.backAt - begun
	})
	r.kept.AcceptSeconds = time.Duration(<-at).Seconds()
	return true
}
