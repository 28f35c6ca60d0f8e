// Package histogram counts times in fixed steps: two to each doubling, from 8 µs to
// over a minute, so that a value is known to a third and adding one costs a few
// nanoseconds, no allocation and no lock.
//
// It is a value: one goroutine adds to it, and others get copies.
package histogram

import (
	"math/bits"
	"time"
)

const (
	// shortest is the logarithm of the first step in nanoseconds: 8.192 µs.
	shortest = 13
	// octaves is how many doublings are told apart.
	octaves = 23
	// Steps is how many counts there are. The last has no upper bound.
	Steps = 2*octaves + 2
)

// Histogram is how often each step was seen. Its zero value is empty.
type Histogram struct {
	counts [Steps]uint64
	sum    uint64 // ns
}

// Add counts n values of ns nanoseconds; a negative one counts as 0, since clocks
// are set back.
func (h *Histogram) Add(ns int64, n uint64) {
	ns = max(ns, 0)
	h.counts[step(uint64(ns))] += n
	h.sum += uint64(ns) * n
}

// step is the place of a value: the first step holds everything below 2^shortest,
// then each doubling has two.
func step(ns uint64) int {
	if ns>>shortest == 0 {
		return 0
	}
	octave := bits.Len64(ns) - 1 // ns is in [2^octave, 2^(octave+1))
	half := int(ns>>(octave-1)) & 1
	return min(1+2*(octave-shortest)+half, Steps-1)
}

// bound is the exclusive upper bound of a step.
func bound(i int) uint64 {
	if i == 0 {
		return 1 << shortest
	}
	octave, half := shortest+(i-1)/2, (i-1)%2
	return uint64(2+half+1) << (octave - 1)
}

// Merge adds what another has counted.
func (h *Histogram) Merge(o *Histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.sum += o.sum
}

// Count is how many values were added.
func (h *Histogram) Count() (n uint64) {
	for _, c := range h.counts {
		n += c
	}
	return n
}

// Sum is all values added up.
func (h *Histogram) Sum() time.Duration { return time.Duration(h.sum) }

// Cumulative yields the upper bound of each step but the last and how many values
// lie below it.
func (h *Histogram) Cumulative(yield func(bound time.Duration, below uint64) bool) {
	var n uint64
	for i := range Steps - 1 {
		n += h.counts[i]
		if !yield(time.Duration(bound(i)), n) {
			return
		}
	}
}

// Quantile is the upper bound of the step that the share q of all values lies in or
// below, q from 0 to 1; 0 when there is none.
func (h *Histogram) Quantile(q float64) time.Duration {
	total := h.Count()
	if total == 0 {
		return 0
	}
	rank := max(uint64(q*float64(total)+0.999999), 1)
	var n uint64
	for i, c := range h.counts {
		if n += c; n >= rank {
			return time.Duration(bound(i))
		}
	}
	return time.Duration(bound(Steps - 1))
}
