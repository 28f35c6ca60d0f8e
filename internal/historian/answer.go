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

// fits says that the answer is of samples and has room for so many more.
func (a *answer) fits(n int) bool {
	return a.width == 0 && int64(len(a.out.Samples)+n) <= a.limit
}

// addNumbers sums up numbers of rising times; false says that the answer is full.
func (a *answer) addNumbers(ts []int64, vs []float64) bool {
	for len(ts) > 0 {
		if !a.enter(ts[0]) {
			return false
		}
		n := 1
		for n < len(ts) && ts[n]-a.open.Start < a.width {
			n++
		}
		a.run(vs[:n])
		ts, vs = ts[n:], vs[n:]
	}
	return true
}

// run takes the next numbers of the open bucket.
func (a *answer) run(vs []float64) {
	if a.open.Count == 0 {
		a.open.First = point.Number(vs[0])
	}
	a.open.Last = point.Number(vs[len(vs)-1])
	a.open.Count += int64(len(vs))
	n, sum, low, high := int64(0), 0.0, math.Inf(1), math.Inf(-1)
	for _, v := range vs {
		if v != v { // NaN
			continue
		}
		n++
		sum += v
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
	}
	if n > 0 {
		a.number(n, sum, low, high)
	}
}

// grow makes room for n samples, the last at time until, and for what is to be
// expected behind them.
func (a *answer) grow(n int, until int64) {
	if have := len(a.out.Samples); have+n > cap(a.out.Samples) {
		a.out.Samples = slices.Grow(a.out.Samples, max(n, a.expected(have+n, until)-have))
	}
}

// expected is how many the answer will hold at the end, going by how far it came with
// n; a guess from little is held back.
func (a *answer) expected(n int, until int64) int {
	done := float64(until-a.from+1) / float64(a.to-a.from)
	return int(min(float64(n)/done*1.05, float64(16*n), float64(a.limit)))
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
	if n := len(a.out.Buckets); n == cap(a.out.Buckets) {
		a.out.Buckets = slices.Grow(a.out.Buckets, max(1, a.expected(n+1, a.open.Start)-n))
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
