package listener

import (
	"net/netip"
	"sync"
	"time"
)

// sources counts the open connections of each address. Its zero value has no
// limit, and counts nothing.
type sources struct {
	most int
	mu   sync.Mutex
	open map[netip.Addr]int // guarded by mu; no address stands at 0
}

// source is what one client can have many of: an IPv4 address, or a /64 of IPv6.
func source(a netip.Addr) netip.Addr {
	if a = a.Unmap(); a.Is6() {
		p, _ := a.WithZone("").Prefix(64)
		return p.Addr()
	}
	return a
}

// enter counts one connection more, unless the address has as many as it may.
func (s *sources) enter(from netip.Addr) bool {
	if s.most == 0 || !from.IsValid() {
		return true
	}
	a := source(from)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[a] >= s.most {
		return false
	}
	if s.open == nil {
		s.open = map[netip.Addr]int{}
	}
	s.open[a]++
	return true
}

func (s *sources) leave(from netip.Addr) {
	if s.most == 0 || !from.IsValid() {
		return
	}
	a := source(from)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[a]--; s.open[a] <= 0 {
		delete(s.open, a)
	}
}

// bucket is a token bucket with one user. Its zero value has no limit.
type bucket struct {
	every time.Duration // between two tokens; 0 is no limit
	burst time.Duration // what may be saved
	free  time.Time     // when the next token is there, were nothing saved
}

func newBucket(rate, burst int) bucket {
	if rate <= 0 {
		return bucket{}
	}
	if burst <= 0 {
		burst = rate
	}
	every := time.Second / time.Duration(rate)
	return bucket{every: every, burst: every * time.Duration(burst-1)}
}

// take takes one token and returns how long to wait for it.
func (b *bucket) take(now time.Time) time.Duration {
	if b.every == 0 {
		return 0
	}
	if saved := now.Add(-b.burst); b.free.Before(saved) {
		b.free = saved
	}
	wait := b.free.Sub(now)
	b.free = b.free.Add(b.every)
	return max(wait, 0)
}
