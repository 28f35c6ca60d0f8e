package stream

import "slices"

const (
	maxHeld   = 8  // entries that wait for a missing one, at most
	maxRuns   = 64 // runs remembered
	maxMissed = 64 // numbers of a run that are still expected after all
)

// held is one entry as a reader found it.
type held struct {
	seq   uint64
	entry Entry
	raw   []byte
}

// order is a reader's core: it drops repeats and restores the writer's order.
//
// A writer numbers its entries within a run and has two under way. When the first
// fails and the second is stored, it sends the first again and then the second. So
// an entry whose predecessor is missing is held back: if the predecessor follows,
// the held one is dropped, since its repeat follows, too; if it does not, within a
// few entries, it was never stored and the held one is handed on. Positions never
// step back. Wherever two readers begin, they hand on the same entries: what is decided
// without the log's word ([order.release]) waits until the writer has settled. It is a
// pure value.
type order struct {
	runs    map[uint64]*progress
	queue   []held // in log order; the first waits for a missing entry
	lastSeq uint64
	loose   int    // so many entries may begin a run with any number
	repeats uint64 // entries dropped
	lost    bool   // something is missing in the log, or cannot be read
}

// progress is how far a run has been seen.
type progress struct {
	last   uint64   // highest number handed on
	missed []uint64 // lower numbers not seen, should they come late
	loose  bool     // something was lost: the next gap is none
	at     uint64   // sequence it was last seen at
}

func newOrder() *order { return &order{runs: map[uint64]*progress{}} }

// admit takes the next entry of the log and calls f for what may be handed on.
func (o *order) admit(h held, f func(held) error) error {
	if h.seq != o.lastSeq+1 { // the log begins later, or lost something
		o.lost = o.lost || o.lastSeq > 0
		o.loosen()
	}
	o.loose = max(o.loose-1, 0)
	o.lastSeq = h.seq
	o.queue = append(o.queue, h)
	return o.advance(f)
}

// damaged tells that the entry at seq cannot be read: whatever waits for it or for
// one before goes on.
func (o *order) damaged(seq uint64, f func(held) error) error {
	o.lastSeq, o.lost = seq, true
	o.loosen()
	return o.advance(f)
}

// unsettled says whether an entry of the run with from <= number < to may still come.
type unsettled func(run, from, to uint64) bool

// stuck says that something waits for an entry that will not come any more: it is not in
// the log, and its writer does not have it under way.
func (o *order) stuck(open unsettled) bool {
	if len(o.queue) == 0 {
		return false
	}
	h := o.queue[0]
	return !open(h.entry.Run, o.progress(h).last+1, h.entry.Number)
}

// release hands on what is held back and stuck. The log has nothing behind it.
func (o *order) release(open unsettled, f func(held) error) error {
	for o.stuck(open) {
		o.progress(o.queue[0]).loose = true
		if err := o.advance(f); err != nil {
			return err
		}
	}
	return nil
}

// waiting tells how many entries are held back.
func (o *order) waiting() int { return len(o.queue) }

// loosen ends the trust in numbers known so far.
func (o *order) loosen() {
	o.loose = lookBack
	for _, p := range o.runs {
		p.loose = true
	}
}

func (o *order) advance(f func(held) error) error {
	for len(o.queue) > 0 {
		h := o.queue[0]
		pass, wait := o.judge(h)
		if wait {
			return nil
		}
		o.queue = slices.Delete(o.queue, 0, 1)
		if !pass {
			o.repeats++
			continue
		}
		if err := f(h); err != nil {
			return err
		}
	}
	return nil
}

// judge says whether the head of the queue is handed on, or waits.
func (o *order) judge(h held) (pass, wait bool) {
	p, n := o.progress(h), h.entry.Number
	switch {
	case n == p.last+1:
	case n <= p.last:
		return p.late(n), false
	case p.loose || n-p.last > maxMissed:
	case o.follows(h.entry.Run, p.last+1):
		return false, false
	case len(o.queue) <= maxHeld:
		return false, true
	}
	p.skip(n)
	p.last, p.loose, p.at = n, false, h.seq
	return true, false
}

// follows says whether that entry stands further back in the queue.
func (o *order) follows(run, number uint64) bool {
	return slices.ContainsFunc(o.queue, func(h held) bool {
		return h.entry.Run == run && h.entry.Number == number
	})
}

// late says whether a lower number was missed, and takes it off.
func (p *progress) late(n uint64) bool {
	i := slices.Index(p.missed, n)
	if i < 0 {
		return false
	}
	p.missed = slices.Delete(p.missed, i, i+1)
	return true
}

// skip notes the numbers between the last and n as missed.
func (p *progress) skip(n uint64) {
	if n-p.last > maxMissed {
		p.missed = p.missed[:0]
		return
	}
	for m := p.last + 1; m < n; m++ {
		p.missed = append(p.missed, m)
	}
	if d := len(p.missed) - maxMissed; d > 0 {
		p.missed = slices.Delete(p.missed, 0, d)
	}
}

// progress returns that of the entry's run, beginning it when it is new.
func (o *order) progress(h held) *progress {
	p := o.runs[h.entry.Run]
	if p == nil {
		o.forget()
		p = &progress{at: h.seq}
		o.runs[h.entry.Run] = p
		if n := h.entry.Number; o.loose > 0 && n > 1 {
			p.last = n - 1 - min(n-1, maxHeld)
			p.loose = true
		}
	}
	return p
}

// forget drops the run that was silent longest when there are too many.
func (o *order) forget() {
	if len(o.runs) < maxRuns {
		return
	}
	oldest, at := uint64(0), ^uint64(0)
	for run, p := range o.runs {
		if p.at < at {
			oldest, at = run, p.at
		}
	}
	delete(o.runs, oldest)
}
