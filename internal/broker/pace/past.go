package pace

import "github.com/millrace/millrace/internal/broker/limit"

// Past is what clients that have left had used of their rates, by client identifier: who
// comes back goes on where it was. What has come back by itself is forgotten when room is
// needed.
type Past struct {
	most  int
	used  map[string][measures]limit.Bucket
	swept int64
}

// NewPast remembers that many clients at most.
func NewPast(most int) *Past { return &Past{most: most, used: map[string][measures]limit.Bucket{}} }

// Leave remembers what the client has used, unless it is as good as nothing.
func (p *Past) Leave(id string, pace *Pace, now int64) {
	if pace == nil || recovered(&pace.buckets, now) {
		return
	}
	if len(p.used) >= p.most && !p.sweep(now) {
		return
	}
	p.used[id] = pace.buckets
}

// Enter takes over what the client had used when it left.
func (p *Past) Enter(id string, pace *Pace) {
	if pace == nil {
		return
	}
	if b, ok := p.used[id]; ok {
		pace.buckets = b
		delete(p.used, id)
	}
}

func recovered(all *[measures]limit.Bucket, now int64) bool {
	for i := range all {
		if !all[i].Full(now) {
			return false
		}
	}
	return true
}

// sweep makes room, once a second at most; false says that there is none.
func (p *Past) sweep(now int64) bool {
	if now-p.swept < 1e9 {
		return false
	}
	p.swept = now
	for id, b := range p.used {
		if recovered(&b, now) {
			delete(p.used, id)
		}
	}
	return len(p.used) < p.most
}
