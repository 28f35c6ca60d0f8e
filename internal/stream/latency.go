package stream

import (
	"math/bits"
	"sync"
	"time"
)

const (
	latencySlots = 6
	latencySlot  = 10 * time.Second // six of them are the last minute
	latencySteps = 8                // buckets for each doubling: 9 % wide
	latencyCount = 40 * latencySteps
)

// latency is a histogram of the last minute, in slots of ten seconds.
type latency struct {
	// mu guards the fields below.
	mu    sync.Mutex
	slots [latencySlots]latencyHist
}

type latencyHist struct {
	slot    int64 // which ten seconds since 1970 it is of
	buckets [latencyCount]uint64
}

// add counts n messages that took d, at a time in ns since 1970.
func (l *latency) add(now, d int64, n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slot := now / int64(latencySlot)
	h := &l.slots[slot%latencySlots]
	if h.slot != slot {
		*h = latencyHist{slot: slot}
	}
	h.buckets[latencyBucket(d)] += n
}

// quantiles returns for each q the duration that a share of q stayed below.
func (l *latency) quantiles(now int64, qs ...float64) []time.Duration {
	sum, total := l.merged(now / int64(latencySlot))
	out := make([]time.Duration, len(qs))
	for i, q := range qs {
		left := uint64(q * float64(total))
		for b, n := range sum {
			if n > left {
				out[i] = latencyTop(b)
				break
			}
			left -= n
		}
	}
	return out
}

func (l *latency) merged(slot int64) (sum [latencyCount]uint64, total uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.slots {
		if h := &l.slots[i]; h.slot > slot-latencySlots {
			for b, n := range h.buckets {
				sum[b] += n
				total += n
			}
		}
	}
	return sum, total
}

// latencyBucket: below 8 ns each its own, then eight buckets for each doubling.
func latencyBucket(d int64) int {
	v := uint64(max(d, 0))
	if v < latencySteps {
		return int(v)
	}
	e := bits.Len64(v) - 4
	return min(e*latencySteps+int(v>>e), latencyCount-1)
}

// latencyTop is the upper end of a bucket.
func latencyTop(b int) time.Duration {
	if b < latencySteps {
		return time.Duration(b)
	}
	e := b/latencySteps - 1
	return time.Duration(uint64(b-e*latencySteps+1) << e)
}
