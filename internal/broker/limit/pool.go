package limit

import "sync/atomic"

// Pool is a number of bytes that several loops share. What they have reserved together
// is never more than that, unless one of them uses more than it has reserved.
type Pool struct {
	most, loops int64
	reserved    atomic.Int64
}

// NewPool shares most bytes among loops.
func NewPool(most int64, loops int) *Pool { return &Pool{most: most, loops: int64(loops)} }

// Renew gives a loop another reservation for the one it had: what it uses, and its share
// of what nobody has reserved.
func (p *Pool) Renew(had, used int64) (now int64) {
	for {
		all := p.reserved.Load()
		free := p.most - (all - had) - used
		now = used + max(free, 0)/p.loops
		if p.reserved.CompareAndSwap(all, all-had+now) {
			return now
		}
	}
}
