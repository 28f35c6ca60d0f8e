package bus

import (
	"context"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

const (
	pulse      = 250 * time.Millisecond // how often the doctor looks
	maxBackoff = 15 * time.Second       // between two attempts to start afresh
	relapse    = 30 * time.Second       // sick again within this: wait longer each time
)

// doctor replaces an engine that has stopped taking writes. JetStream answers a
// failed write never again on that stream until it is started afresh, so that is
// what the doctor does, as soon as there is space.
func (b *Bus) doctor() {
	defer b.done.Done()
	look := time.NewTicker(pulse)
	defer look.Stop()
	var v visits
	for {
		select {
		case <-b.stop:
			return
		case e := <-b.sick:
			b.heal(e, &v)
		case <-look.C:
			b.examine(&v)
		}
	}
}

// visits remembers the last cure, so that one which does not hold is not repeated
// without a pause.
type visits struct {
	cured time.Time
	pause time.Duration
}

// next returns how long to wait before the next cure.
func (v *visits) next(now time.Time) time.Duration {
	if now.Sub(v.cured) > relapse {
		v.pause = 0
	} else {
		v.pause = min(max(2*v.pause, pulse), maxBackoff)
	}
	return v.pause
}

// examine finds an engine that has switched its storage off by itself.
func (b *Bus) examine(v *visits) {
	e := b.now.Load()
	if e == nil {
		return
	}
	if !e.srv.JetStreamEnabled() {
		e.ill(fault.New(fault.Unavailable, "The storage engine switched itself off."))
	}
	if e.broken() != nil {
		b.heal(e, v)
	}
}

// heal keeps the sick engine for readers until there is space, then puts a new one
// in its place.
func (b *Bus) heal(e *engine, v *visits) {
	if b.now.Load() != e {
		return
	}
	b.opt.Log.Error("storage engine takes no writes", "err", e.broken())
	if !b.sleep(v.next(time.Now())) || fault.CodeOf(e.broken()) == fault.StorageFull && !b.roomAgain() {
		return
	}
	b.put(nil)
	e.close()
	for wait := pulse; !b.revive(); wait = min(2*wait, maxBackoff) {
		if !b.sleep(wait) {
			return
		}
	}
	v.cured = time.Now()
}

// revive puts a new engine in place; false when it does not start.
func (b *Bus) revive() bool {
	fresh, err := b.boot(context.Background())
	if err != nil {
		b.opt.Log.Error("storage engine does not start", "err", err)
		return false
	}
	b.put(fresh)
	b.restarts.Add(1)
	b.opt.Log.Warn("storage engine started afresh")
	return true
}

// roomAgain waits until enough bytes are free; false when the bus closes first.
func (b *Bus) roomAgain() bool {
	for {
		if free, err := b.opt.FreeSpace(); err == nil && free >= b.opt.WakeSpace {
			return true
		}
		if !b.sleep(pulse) {
			return false
		}
	}
}

func (b *Bus) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-b.stop:
		return false
	}
}
