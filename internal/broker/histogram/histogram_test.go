package histogram

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestEachValueLiesBelowItsBoundAndNotBelowTheOneBefore(t *testing.T) {
	for range 100_000 {
		ns := uint64(rand.Int64()) >> rand.IntN(63)
		i := step(ns)
		if i < Steps-1 && ns >= bound(i) {
			t.Fatalf("%d is in step %d, whose bound is %d", ns, i, bound(i))
		}
		if i > 0 && ns < bound(i-1) {
			t.Fatalf("%d is in step %d, and below %d", ns, i, bound(i-1))
		}
	}
	for i := 1; i < Steps; i++ {
		if bound(i) <= bound(i-1) || float64(bound(i)) > 1.5001*float64(bound(i-1)) {
			t.Errorf("steps %d and %d end at %d and %d", i-1, i, bound(i-1), bound(i))
		}
	}
}

func TestQuantilesAreTrueToAThird(t *testing.T) {
	var all, h Histogram
	var values []int64
	r := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		v := int64(time.Millisecond) + r.Int64N(int64(time.Second))
		values = append(values, v)
		h.Add(v, 1)
	}
	all.Merge(&h)
	slices.Sort(values)
	for _, q := range []float64{0.01, 0.5, 0.99, 1} {
		exact, got := values[max(int(q*float64(len(values)))-1, 0)], int64(all.Quantile(q))
		if got < exact || float64(got) > 1.51*float64(exact) {
			t.Errorf("quantile %v is %v, exactly %v", q, time.Duration(got), time.Duration(exact))
		}
	}
}

func TestACountAndASum(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 || h.Count() != 0 {
		t.Error("empty is not 0")
	}
	h.Add(int64(time.Millisecond), 3)
	h.Add(-5, 1)
	h.Add(int64(time.Hour), 1)
	if h.Count() != 5 || h.Sum() != 3*time.Millisecond+time.Hour {
		t.Error(h.Count(), h.Sum())
	}
	last := uint64(0)
	for _, below := range h.Cumulative {
		if below < last {
			t.Error("not cumulative")
		}
		last = below
	}
	if last != 4 { // an hour is beyond the last bound
		t.Error(last)
	}
	for range h.Cumulative {
		break
	}
}

func BenchmarkAdd(b *testing.B) {
	var h Histogram
	b.ReportAllocs()
	for i := range b.N {
		h.Add(int64(i)<<10, 1)
	}
}
