package historian

import (
	"cmp"
	"math"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/millrace/millrace/internal/historian/warm"
	"github.com/millrace/millrace/internal/point"
)

// next is the time of the next sample that lies over the ordered chunks.
func (s *scan) next() int64 {
	t := s.late.next()
	if len(s.head) > 0 {
		t = min(t, s.head[0].Time)
	}
	return t
}

// overlay hands over the late and uncommitted samples before t; false ends the
// scan.
func (s *scan) overlay(t int64) bool {
	for {
		next := s.next()
		if next >= t || next == noNext {
			return true
		}
		sample := s.late.take(next)
		if len(s.head) > 0 && s.head[0].Time == next {
			sample, s.head = &s.head[0], s.head[1:]
		}
		s.last = next
		if !s.out.add(sample) {
			return false
		}
	}
}

// noNext is the time of no sample: To is at most it, so it lies outside any range.
const noNext = math.MaxInt64

// lateSource yields the late samples of a range in order, a day at a time: late
// chunks overlap, but none crosses a midnight.
type lateSource struct {
	scan *scan
	it   *pebble.Iterator
	more bool
	day  []point.Sample
}

func (l *lateSource) seek(from int64) {
	l.more = l.it.SeekGE(chunkKey(nil, l.scan.id, laneLate, from/day*day, 0))
	l.load()
}

func (l *lateSource) next() int64 {
	if len(l.day) == 0 {
		return noNext
	}
	return l.day[0].Time
}

// take returns the sample at t and goes on, nil when there is none.
func (l *lateSource) take(t int64) *point.Sample {
	if len(l.day) == 0 || l.day[0].Time != t {
		return nil
	}
	s := &l.day[0]
	if l.day = l.day[1:]; len(l.day) == 0 {
		l.load()
	}
	return s
}

// load reads days until one has samples in the range.
func (l *lateSource) load() {
	for len(l.day) == 0 && l.more {
		at, ok := parseChunkKey(l.it.Key())
		if !ok || at.id != l.scan.id || at.lane != laneLate || at.from >= l.scan.to {
			l.more = false
			return
		}
		l.day = clip(l.readDay((at.from/day+1)*day), l.scan.from, l.scan.to)
	}
}

// readDay reads the chunks before midnight and lays the later commits' samples over
// the earlier ones'.
func (l *lateSource) readDay(midnight int64) []point.Sample {
	var cs []stored
	n := 0
	for ; l.more; l.more = l.it.Next() {
		at, ok := parseChunkKey(l.it.Key())
		if !ok || at.id != l.scan.id || at.lane != laneLate || at.from >= midnight {
			break
		}
		h, err := warm.ReadHeader(at.id, l.it.Value())
		if err == nil && (h.Max < l.scan.from || h.Min >= l.scan.to) {
			continue
		}
		c := stored{chunkAt: at}
		if err == nil {
			c.samples, err = l.scan.dec.Append(nil, &h)
		}
		if err != nil {
			l.scan.broken(at.id)
			continue
		}
		n += len(c.samples)
		cs = append(cs, c)
	}
	slices.SortStableFunc(cs, func(a, b stored) int { return cmp.Compare(a.commit, b.commit) })
	all := make([]point.Sample, 0, n)
	for _, c := range cs {
		all = append(all, c.samples...)
	}
	return settle(all)
}
