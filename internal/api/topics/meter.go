package topics

import (
	"math"
	"time"
)

// memorySpan is over how long a rate is averaged.
const memorySpan = 10 * time.Second

// meter is a rate that forgets exponentially. It needs no tick: the time since the
// last message says how much is forgotten.
type meter struct {
	rate float64 // messages per second at last
	last int64   // ns since 1970
}

// add counts n messages at t.
func (m *meter) add(t int64, n uint64) {
	m.rate = m.at(t) + float64(n)/memorySpan.Seconds()
	m.last = max(m.last, t)
}

// at is the rate at t. Clocks that step back forget nothing.
func (m *meter) at(t int64) float64 {
	if t <= m.last || m.rate == 0 {
		return m.rate
	}
	r := m.rate * math.Exp(-float64(t-m.last)/float64(memorySpan))
	if r < 1e-4 {
		return 0
	}
	return r
}

// mostPublishers bounds what one level remembers of them.
const mostPublishers = 4096

// crowd counts distinct publishers by hash, which is never 0. One, the usual number, needs no map.
type crowd struct {
	first uint64
	more  map[uint64]struct{}
}

// add notes a publisher and says whether it is new and room was left for it.
func (c *crowd) add(h uint64) bool {
	if c.first == 0 {
		c.first = h
		return true
	}
	if _, known := c.more[h]; known || c.first == h || c.count() >= mostPublishers {
		return false
	}
	if c.more == nil {
		c.more = map[uint64]struct{}{}
	}
	c.more[h] = struct{}{}
	return true
}

func (c *crowd) count() int {
	if c.first == 0 {
		return 0
	}
	return 1 + len(c.more)
}
