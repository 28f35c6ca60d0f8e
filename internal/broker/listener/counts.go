package listener

import (
	"sync/atomic"
	"time"
)

// Counts are what a listener has counted since its start. Anybody may read them.
type Counts struct {
	// Accepted are the sockets that came, whatever became of them.
	Accepted atomic.Uint64
	// HandshakesFailed are those that did not get through TLS or its PROXY header.
	HandshakesFailed atomic.Uint64
	// Silent are those that went before they said anything, where TLS or a PROXY header was
	// due: mostly a load balancer's look whether somebody listens.
	Silent atomic.Uint64
	// Handshakes are the times that TLS handshakes took.
	Handshakes Histogram
}

// Counts are the listener's.
func (l *Listener) Counts() *Counts { return &l.counts }

// Bounds are the upper bounds of a Histogram's buckets; one more is above the last.
var Bounds = [...]time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second,
}

// Histogram counts durations.
type Histogram struct {
	buckets [len(Bounds) + 1]atomic.Uint64
	sum     atomic.Int64
}

func (h *Histogram) observe(d time.Duration) {
	i := 0
	for i < len(Bounds) && d > Bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.sum.Add(int64(d))
}

// Read returns how many durations fell into each bucket, and their sum.
func (h *Histogram) Read() (buckets [len(Bounds) + 1]uint64, sum time.Duration) {
	for i := range h.buckets {
		buckets[i] = h.buckets[i].Load()
	}
	return buckets, time.Duration(h.sum.Load())
}
