package historian

import (
	"context"
	"errors"
	"math"

	"github.com/cockroachdb/pebble/v2"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/historian/warm"
	"github.com/millrace/millrace/internal/point"
)

// Most answers, when the question sets no limit.
const (
	defaultSamples = 100_000
	defaultBuckets = 10_000
	defaultPage    = 1000
)

// Range answers q for one series, From ≤ time < To, committed or not.
func (h *Historian) Range(ctx context.Context, q point.Range) (point.Result, error) {
	if q.Bucket < 0 || q.Limit < 0 {
		return point.Result{}, fault.New(fault.Invalid, "Bucket and limit must not be negative.")
	}
	h.mu.RLock()
	id, known := h.catalogue.asked(&q)
	var head []point.Sample
	if known {
		// Before the store's iterator: what leaves the window is in the store by then.
		head = h.window.samples(nil, h.catalogue.at(id).head)
	}
	store := h.store
	if store == nil {
		h.mu.RUnlock()
		return point.Result{}, h.notRunning()
	}
	h.queries.Add(1) // under the lock: Close waits for those that began before it
	defer h.queries.Done()
	h.mu.RUnlock()
	if !known {
		return point.Result{}, noSeries(&q)
	}
	if q.From = max(q.From, 0); q.From >= q.To {
		return point.Result{}, nil
	}
	return h.scan(ctx, store, id, q, clip(settle(head), q.From, q.To))
}

// asked finds the series a question means: exactly by topic and metric, where it has
// them, else by name.
func (c *catalogue) asked(q *point.Range) (uint32, bool) {
	if q.Topic == "" {
		return c.named(q.Series)
	}
	l := c.seek(c.topics[q.Topic], []byte(q.Metric))
	return uint32(l - 1), l != 0
}

func noSeries(q *point.Range) error {
	if q.Topic == "" {
		return fault.New(fault.NotFound, "There is no series %q.", q.Series)
	}
	return fault.New(fault.NotFound, "Topic %q has no series %q.", q.Topic, q.Metric)
}

func (h *Historian) scan(ctx context.Context, store *store, id uint32, q point.Range, head []point.Sample) (point.Result, error) {
	it, err := store.chunks()
	if err != nil {
		return point.Result{}, fault.Wrap(fault.Unavailable, "historian: range", err, "The historian's store cannot be read.")
	}
	s := scan{ctx: ctx, last: noTime, id: id, from: q.From, to: q.To, head: head, broken: h.damaged, out: newAnswer(q)}
	its := [lanes]*pebble.Iterator{it}
	for lane := 1; lane < lanes && err == nil; lane++ {
		its[lane], err = it.Clone(pebble.CloneOptions{})
	}
	for lane, it := range its {
		if it != nil {
			it.SetBounds(laneBounds(id, byte(lane)))
		}
	}
	if err == nil {
		s.late = lateSource{scan: &s, it: its[laneLate]}
		s.late.seek(q.From)
		s.lanes = [2]lane{{it: its[laneOrdered], number: laneOrdered}, {it: its[laneOpen], number: laneOpen}}
		err = s.run()
	}
	for _, it := range its {
		if it != nil {
			err = errors.Join(err, it.Error(), it.Close())
		}
	}
	return s.out.result(), err
}

// clip cuts sorted samples to from ≤ time < to.
func clip(ss []point.Sample, from, to int64) []point.Sample {
	a := lowest(len(ss), func(i int) bool { return ss[i].Time >= from })
	b := lowest(len(ss), func(i int) bool { return ss[i].Time >= to })
	return ss[a:max(a, b)]
}

// scan merges the places a series' samples are in: chunks in order, late chunks and
// the window. At one time the window beats late beats ordered, for so
// they arrived.
type scan struct {
	ctx      context.Context
	id       uint32
	from, to int64
	lanes    [2]lane // of the chunks that never overlap
	late     lateSource
	head     []point.Sample
	dec      warm.Decoder
	samples  []point.Sample
	broken   func(id uint32)
	last     int64 // time of the last sample of the overlay
	out      answer
}

// run walks the chunks in order; late and uncommitted samples are laid over them.
func (s *scan) run() error {
	for i := range s.lanes {
		s.lanes[i].first(s)
	}
	for l := s.earliest(); l != nil; l = s.earliest() {
		if err := s.ctx.Err(); err != nil {
			return fault.Wrap(fault.Timeout, "historian: range", err, "The question took too long.")
		}
		h, err := warm.ReadHeader(s.id, l.it.Value())
		if err != nil {
			s.broken(s.id)
		} else if h.Max >= s.from && !s.chunk(&h) {
			return nil
		}
		l.look(s, l.it.Next())
	}
	s.overlay(s.to)
	return nil
}

// lane walks the series' chunks in one lane.
type lane struct {
	it     *pebble.Iterator
	number byte
	from   int64 // first time of the chunk at hand
	more   bool  // there is one, and it begins before the scan's end
}

// first goes to the lane's only chunk that may hold the scan's first time and
// begins before it, else to the next.
func (l *lane) first(s *scan) {
	ok := l.it.SeekLT(chunkKey(nil, s.id, l.number, s.from, math.MaxUint64))
	if l.look(s, ok); !l.more {
		l.look(s, l.it.SeekGE(chunkKey(nil, s.id, l.number, s.from, 0)))
	}
}

func (l *lane) look(s *scan, ok bool) {
	l.more = false
	if ok {
		at, ok := parseChunkKey(l.it.Key())
		l.from, l.more = at.from, ok && at.id == s.id && at.lane == l.number && at.from < s.to
	}
}

// earliest is the lane whose chunk comes first, nil when there is none.
func (s *scan) earliest() *lane {
	a, b := &s.lanes[0], &s.lanes[1]
	switch {
	case a.more && (!b.more || a.from <= b.from):
		return a
	case b.more:
		return b
	}
	return nil
}

// chunk lays one ordered chunk and what is over it into the answer; false ends the
// scan.
func (s *scan) chunk(h *warm.Header) bool {
	if !s.overlay(h.Min) {
		return false
	}
	alone := s.next() > h.Max
	whole := alone && h.Min >= s.from && h.Max < s.to
	switch {
	case whole && h.Summed && s.out.holds(h.Min, h.Max):
		return s.out.sum(h)
	case whole && h.Numbers() && s.out.fits(h.Count):
		s.whole(h)
		return true
	case alone && h.Numbers() && s.out.width > 0:
		return s.columns(h)
	}
	return s.mixed(h)
}

// whole reads a chunk straight into the answer.
func (s *scan) whole(h *warm.Header) {
	var err error
	s.out.grow(h.Count, h.Max)
	if s.out.out.Samples, err = s.dec.Append(s.out.out.Samples, h); err != nil {
		s.broken(s.id)
	}
}

// columns sums up a chunk of numbers without making samples of it.
func (s *scan) columns(h *warm.Header) bool {
	ts, vs, err := s.dec.Columns(h)
	if err != nil {
		s.broken(s.id)
		return true
	}
	a := lowest(len(ts), func(i int) bool { return ts[i] >= s.from })
	b := a + lowest(len(ts)-a, func(i int) bool { return ts[a+i] >= s.to })
	return s.out.addNumbers(ts[a:b], vs[a:b])
}

// mixed lays late and uncommitted samples between and over those of the chunk.
func (s *scan) mixed(h *warm.Header) bool {
	var err error
	if s.samples, err = s.dec.Append(s.samples[:0], h); err != nil {
		s.broken(s.id)
		return true
	}
	ss := clip(s.samples, s.from, s.to)
	for i := range ss {
		if next := s.next(); next <= ss[i].Time {
			if !s.overlay(ss[i].Time + 1) {
				return false
			}
			if s.last == ss[i].Time {
				continue
			}
		}
		if !s.out.add(&ss[i]) {
			return false
		}
	}
	return true
}
