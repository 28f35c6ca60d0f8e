package historian

import (
	"math"
	"slices"

	"github.com/millrace/millrace/internal/point"
)

// window holds the points that are not committed yet, in order of arrival. Those of
// one series are chained from the newest back: series.head, then rec.prev, both one
// above the index, 0 is the end.
type window struct {
	recs  []rec
	texts []string
	bytes int // of the texts that are not shared with the newest value before
	dirty []dirty
}

// maxTextBytes is how many bytes of texts stay uncommitted at most, about.
const maxTextBytes = 32 << 20

// full says that the window holds what it may.
func (w *window) full(points int) bool { return len(w.recs) >= points || w.bytes >= maxTextBytes }

type rec struct {
	time int64
	bits uint64 // the number's, or the index of the text
	prev uint32
	kind point.Kind
}

// dirty is a series with points in the window.
type dirty struct {
	id     uint32
	before int64 // its newest time when the window began, -1 when it had no point
}

// push adds a point of series id.
func (w *window) push(id uint32, s *series, t int64, v point.Value) {
	if s.head == 0 {
		w.dirty = append(w.dirty, dirty{id: id, before: s.last})
	}
	w.recs = append(w.recs, rec{time: t, bits: w.bits(v), prev: s.head, kind: v.Kind})
	s.head = uint32(len(w.recs))
}

// bits returns what stands for v in a rec, and keeps its text.
func (w *window) bits(v point.Value) uint64 {
	if v.Kind != point.Text {
		return math.Float64bits(v.Num)
	}
	w.texts = append(w.texts, v.Str)
	return uint64(len(w.texts) - 1)
}

// replace gives the point at head another value and returns its time.
func (w *window) replace(head uint32, v point.Value) (t int64) {
	r := &w.recs[head-1]
	r.bits, r.kind = w.bits(v), v.Kind
	return r.time
}

// samples appends the points of the chain that ends at head, oldest arrival first.
func (w *window) samples(dst []point.Sample, head uint32) []point.Sample {
	start := len(dst)
	for ; head != 0; head = w.recs[head-1].prev {
		r := &w.recs[head-1]
		v := point.Value{Kind: r.kind}
		if r.kind == point.Text {
			v.Str = w.texts[r.bits]
		} else {
			v.Num = math.Float64frombits(r.bits)
		}
		dst = append(dst, point.Sample{Time: r.time, Value: v})
	}
	slices.Reverse(dst[start:])
	return dst
}

// reset empties the window and keeps its memory.
func (w *window) reset() {
	clear(w.texts)
	w.recs, w.texts, w.dirty, w.bytes = w.recs[:0], w.texts[:0], w.dirty[:0], 0
}

// settle sorts samples by time; of several with one time the last stays.
func settle(ss []point.Sample) []point.Sample {
	rising := true
	for i := 1; i < len(ss) && rising; i++ {
		rising = ss[i-1].Time < ss[i].Time
	}
	if rising {
		return ss
	}
	slices.SortStableFunc(ss, func(a, b point.Sample) int {
		switch {
		case a.Time < b.Time:
			return -1
		case a.Time > b.Time:
			return 1
		}
		return 0
	})
	n := 0
	for i := range ss {
		if n > 0 && ss[n-1].Time == ss[i].Time {
			n--
		}
		ss[n] = ss[i]
		n++
	}
	return ss[:n]
}
