package loop

const (
	wheelSlots = 256
	wheelTick  = int64(250e6) // ns a slot
	keepTimers = 256          // the most that a slot has room for when it is empty
)

// wheel is a hashed timer wheel: adding and firing cost the same however many
// timers stand. An entry fires in the slot of its due time or up to a tick later;
// one that is due beyond the wheel's span comes by early and is put back.
type wheel struct {
	slots [wheelSlots][]timer
	at    int64 // the slot number, counted from 1970, that fired last
}

type timer struct {
	due    int64
	handle Handle
}

func newWheel(now int64) *wheel { return &wheel{at: now / wheelTick} }

func (w *wheel) add(h Handle, due int64) {
	slot := max(due/wheelTick+1, w.at+1)
	i := slot % wheelSlots
	w.slots[i] = append(w.slots[i], timer{due, h})
}

// advance fires what is due at now. fire may add timers.
func (w *wheel) advance(now int64, fire func(timer)) {
	to := now / wheelTick
	if to-w.at > wheelSlots {
		w.at = to - wheelSlots
	}
	for w.at < to {
		w.at++
		w.turn(w.at%wheelSlots, now, fire)
	}
}

func (w *wheel) turn(i, now int64, fire func(timer)) {
	due := w.slots[i]
	w.slots[i] = nil
	for _, t := range due {
		if t.due > now {
			w.add(t.handle, t.due)
			continue
		}
		fire(t)
	}
	if w.slots[i] == nil && cap(due) <= keepTimers { // what a burst of connects needed goes
		w.slots[i] = due[:0]
	}
}
