package historian

import (
	"math"
	"slices"

	"github.com/millrace/millrace/internal/historian/warm"
	"github.com/millrace/millrace/internal/point"
)

// maxAnswerBytes is how many bytes of texts an answer holds at most, about.
const maxAnswerBytes = 64 << 20

// answer collects the samples of a range in order, or sums them up in buckets.
type answer struct {
	width, limit int64
	from, to     int64
	bytes        int // of the texts in the samples
	out          point.Result
	open         point.Bucket
	sumOf        float64
	numbers      int64
	filled       bool
}

func newAnswer(q point.Range) answer {
	a := answer{width: q.Bucket, limit: int64(q.Limit), from: q.From, to: q.To}
	if a.limit == 0 && q.Bucket > 0 {
		a.limit = defaultBuckets
	} else if a.limit == 0 {
		a.limit = defaultSamples
	}
	return a
}

// add takes the next sample; false says that the answer is full.
func (a *answer) add(s *point.Sample) bool {
	if a.width == 0 {
		if int64(len(a.out.Samples)) >= a.limit || a.bytes >= maxAnswerBytes {
			a.out.Truncated, a.out.NextFrom = true, s.Time
			return false
		}
		a.out.Samples = append(a.out.Samples, *s)
		a.bytes += len(s.Value.Str)
		return true
	}
	if (!a.filled || s.Time-a.open.Start >= a.width) && !a.enter(s.Time) {
		return false
	}
	if a.open.Count == 0 {
		a.open.First = s.Value
	}
	a.open.Last = s.Value
	a.open.Count++
	if s.Value.Kind != point.Text && !math.IsNaN(s.Value.Num) {
		a.number(1, s.Value.Num, s.Value.Num, s.Value.Num)
	}
	return true
}

// addAll takes the next samples, which are all numbers when numbers says so; false
// says that the answer is full.
func (a *answer) addAll(ss []point.Sample, numbers bool) bool {
	if n := int64(len(a.out.Samples) + len(ss)); numbers && a.width == 0 && n <= a.limit {
		a.grow(ss)
		a.out.Samples = append(a.out.Samples, ss...)
		return true
	}
	for i := range ss {
		if !a.add(&ss[i]) {
			return false
		}
	}
	return true
}

// grow makes room for ss and for what is to be expected behind them, going by how
// far the answer came with what it has.
func (a *answer) grow(ss []point.Sample) {
	n := len(a.out.Samples) + len(ss)
	if n <= cap(a.out.Samples) || len(ss) == 0 {
		return
	}
	done := float64(ss[len(ss)-1].Time-a.from+1) / float64(a.to-a.from)
	want := min(float64(n)/done*1.05, float64(16*n), float64(a.limit))
	a.out.Samples = slices.Grow(a.out.Samples, max(int(want)-len(a.out.Samples), len(ss)))
}

// number adds n numbers to the open bucket.
func (a *answer) number(n int64, sum, low, high float64) {
	if a.numbers == 0 {
		a.open.Min, a.open.Max = low, high
	}
	a.open.Min, a.open.Max = min(a.open.Min, low), max(a.open.Max, high)
	a.numbers += n
	a.sumOf += sum
}

// enter goes to the bucket of time t; false says that there is room for none more.
func (a *answer) enter(t int64) bool {
	start := t - t%a.width
	if a.filled && a.open.Start == start {
		return true
	}
	a.close()
	if int64(len(a.out.Buckets)) >= a.limit {
		a.out.Truncated, a.out.NextFrom = true, start
		return false
	}
	nan := math.NaN()
	a.open, a.filled = point.Bucket{Start: start, Avg: nan, Min: nan, Max: nan}, true
	a.numbers, a.sumOf = 0, 0
	return true
}

func (a *answer) close() {
	if !a.filled {
		return
	}
	if a.numbers > 0 {
		a.open.Avg = a.sumOf / float64(a.numbers)
	}
	a.out.Buckets = append(a.out.Buckets, a.open)
	a.filled = false
}

// holds says whether from and to lie in one bucket.
func (a *answer) holds(from, to int64) bool {
	return a.width > 0 && from/a.width == to/a.width
}

// sum takes a whole chunk that lies in one bucket by its summary.
func (a *answer) sum(h *warm.Header) bool {
	if !a.enter(h.Min) {
		return false
	}
	if a.open.Count == 0 {
		a.open.First = point.Number(h.Summary.First)
	}
	a.open.Last = point.Number(h.Summary.Last)
	a.open.Count += int64(h.Count)
	a.number(int64(h.Count), h.Summary.Sum, h.Summary.Min, h.Summary.Max)
	return true
}

func (a *answer) result() point.Result {
	a.close()
	return a.out
}
