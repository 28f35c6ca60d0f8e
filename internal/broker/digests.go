package broker

import (
	"sync"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// Digests are the messages of all topics but those that begin with "$", summed up by
// each loop and told about four times a second. Their reader counts as nobody's
// receiver and never slows the broker: messages that find no room while it is busy
// are counted by their digest.
type Digests struct {
	broker *Broker
	full   chan *msg.Digest
	loops  []*digester
	close  sync.Once
}

// digester is one loop's part. The loop alone touches it but for back.
type digester struct {
	to    chan<- *msg.Digest // has room for all there are
	back  chan *msg.Digest
	now   *msg.Digest // being filled
	spare []*msg.Digest
}

// digestsEach is how many digests a loop has. It takes them back with its tick, so
// that what it may tell between two ticks is bounded, and the reader's work with it.
const digestsEach = 3

// digesting begins, and undigesting ends, that a loop sums up.
type (
	digesting   struct{ *digester }
	undigesting struct{ *digester }
)

func (v digesting) on(w *worker)   { w.beginDigest(v.digester) }
func (v undigesting) on(w *worker) { w.endDigest(v.digester) }

// Digest begins to sum up messages, for one reader at a time. limits are those of
// each digest. Close it when done.
func (b *Broker) Digest(limits msg.DigestLimits) (*Digests, error) {
	if !b.digested.CompareAndSwap(false, true) {
		return nil, fault.New(fault.Conflict, "Messages are summed up for somebody already.")
	}
	s := &Digests{broker: b, full: make(chan *msg.Digest, digestsEach*len(b.workers))}
	for home, w := range b.workers {
		d := &digester{to: s.full, back: make(chan *msg.Digest, digestsEach)}
		for range digestsEach {
			one := msg.NewDigest(limits, b.seed)
			one.Home = home
			d.spare = append(d.spare, one)
		}
		d.now, d.spare = d.spare[0], d.spare[1:]
		s.loops = append(s.loops, d)
		w.loop.Post(digesting{d})
	}
	return s, nil
}

// C delivers the digests, those of one loop in order. Each belongs to the reader,
// who gives it back by Done. It is never closed.
func (s *Digests) C() <-chan *msg.Digest { return s.full }

// Done gives a digest back.
func (s *Digests) Done(d *msg.Digest) {
	d.Reset()
	s.loops[d.Home].back <- d
}

// Close ends it.
func (s *Digests) Close() {
	s.close.Do(func() {
		for i, w := range s.broker.workers {
			w.loop.Post(undigesting{s.loops[i]})
		}
		s.broker.digested.Store(false)
	})
}

// sumUp adds a message that is being routed.
func (w *worker) sumUp(r *route, m *msg.Message) {
	if m.Topic[0] == '$' {
		return
	}
	d := w.digester
	if r.digest == w.digest && d.now.Again(r.line, m) {
		return
	}
	for {
		line, ok := d.now.Add(m)
		if ok {
			r.digest, r.line = w.digest, line
			return
		}
		if !w.passDigest() {
			d.now.Missed++
			return
		}
	}
}

// passDigest gives what was summed up to the reader when there is a spare to go on
// with. All take turns, so that each gives back the memory of a burst.
func (w *worker) passDigest() bool {
	d := w.digester
	if len(d.spare) == 0 || d.now.Empty() {
		return false
	}
	d.to <- d.now
	d.now = d.spare[0]
	d.spare = append(d.spare[:0], d.spare[1:]...)
	w.digest++
	return true
}

// tickDigest tells the reader what has come since the last tick.
func (w *worker) tickDigest() {
	if w.digester == nil {
		return
	}
	for len(w.digester.back) > 0 {
		w.digester.spare = append(w.digester.spare, <-w.digester.back)
	}
	w.passDigest()
}

func (w *worker) beginDigest(d *digester) {
	w.digester = d
	w.digest++ // routes know lines of what was before
}

func (w *worker) endDigest(d *digester) {
	if w.digester == d {
		w.digester = nil
	}
}
