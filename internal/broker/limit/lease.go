package limit

import "sync/atomic"

// Shared is a token bucket that several loops take from through their leases.
type Shared struct {
	rate   Rate  // what is left for the bucket itself when every lease is full
	slice  int64 // what a lease takes in advance
	fullAt atomic.Int64
}

// NewShared returns the bucket for that many leases.
func NewShared(r Rate, leases int) *Shared {
	burst := r.burst()
	// A quarter of the burst lies in the leases, at most what comes in 10 ms.
	slice := min(burst/int64(4*max(leases, 1)), r.PerSecond/100)
	return &Shared{rate: Rate{PerSecond: r.PerSecond, Burst: burst - slice*int64(leases)}, slice: slice}
}

// Lease returns one loop's way to the bucket.
func (s *Shared) Lease() *Lease { return &Lease{shared: s} }

// take takes n tokens, and ahead more when they are there as well.
func (s *Shared) take(n, ahead, now int64) (got int64) {
	for {
		old := s.fullAt.Load()
		b := Bucket{max(old, now)}
		switch {
		case ahead > 0 && b.Take(s.rate, n+ahead, now):
			got = n + ahead
		case b.Take(s.rate, n, now):
			got = n
		default:
			return 0
		}
		if s.fullAt.CompareAndSwap(old, b.fullAt) {
			return got
		}
	}
}

// Lease is one loop's share of a Shared bucket. Its loop alone touches it.
type Lease struct {
	shared *Shared
	have   int64 // tokens taken in advance
}

// Take takes n tokens, if they are there.
func (l *Lease) Take(n, now int64) bool {
	if n <= l.have {
		l.have -= n
		return true
	}
	need := n - l.have
	got := l.shared.take(need, l.ahead(n), now)
	if got == 0 {
		return false
	}
	l.have += got - n
	return true
}

// ahead is what may be taken beyond n: nothing for what is large itself, since
// tokens beyond the burst would be held twice.
func (l *Lease) ahead(n int64) int64 {
	if n > l.shared.slice {
		return 0
	}
	return l.shared.slice
}

// Return gives n tokens back that were taken for something that was not done. They
// stay in the lease as far as it holds so many; the rest is not had again.
func (l *Lease) Return(n int64) { l.have = min(l.have+n, max(l.have, l.shared.slice)) }

// When is the time from which on n tokens can be taken, if nobody else does.
func (l *Lease) When(n, now int64) int64 {
	if n <= l.have {
		return now
	}
	b := Bucket{l.shared.fullAt.Load()}
	return b.When(l.shared.rate, n-l.have, now)
}
