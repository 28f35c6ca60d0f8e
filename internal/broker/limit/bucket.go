package limit

// Rate is how much may happen: so much a second, and so much at once. The zero
// value is no limit.
type Rate struct {
	// PerSecond is how many tokens come in a second; 0 is no limit.
	PerSecond int64
	// Burst is how many tokens there are at most; 0 is as many as a second brings.
	Burst int64
}

// Limited says whether there is a limit at all.
func (r Rate) Limited() bool { return r.PerSecond > 0 }

func (r Rate) burst() int64 {
	if r.Burst > 0 {
		return r.Burst
	}
	return max(r.PerSecond, 1)
}

// time is how long n tokens take to come, ns, rounded up. Beyond most tokens it is
// the time of most: no single thing is larger.
func (r Rate) time(n int64) int64 {
	n = min(n, most)
	return (n*1e9 + r.PerSecond - 1) / r.PerSecond
}

const most = 1 << 32

// span is how long an empty bucket takes to be full.
func (r Rate) span() int64 { return r.time(r.burst()) }

// Bucket is a token bucket: its zero value is full. One that has been full for
// long and a new one are the same.
//
// Something larger than the burst passes when the bucket is full, and leaves it in
// debt: what follows waits until that is paid.
type Bucket struct {
	fullAt int64 // when it will be full again
}

// Take takes n tokens, if they are there.
func (b *Bucket) Take(r Rate, n, now int64) bool {
	full := max(b.fullAt, now)
	if full+r.time(min(n, r.burst())) > now+r.span() {
		return false
	}
	b.fullAt = full + r.time(n)
	return true
}

// Owe takes n tokens, whether they are there or not.
func (b *Bucket) Owe(r Rate, n, now int64) { b.fullAt = max(b.fullAt, now) + r.time(n) }

// Return gives n tokens back that were taken for something that was not done.
func (b *Bucket) Return(r Rate, n int64) { b.fullAt -= r.time(n) }

// When is the time from which on n tokens can be taken.
func (b *Bucket) When(r Rate, n, now int64) int64 {
	return max(now, b.fullAt+r.time(min(n, r.burst()))-r.span())
}

// Full says whether the bucket is as good as new.
func (b *Bucket) Full(now int64) bool { return b.fullAt <= now }
