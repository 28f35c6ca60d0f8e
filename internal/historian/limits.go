package historian

// bucket is a token bucket over message arrival times, so that a backlog is judged
// as if it were read live.
type bucket struct {
	tokens float64
	at     int64 // ns since 1970 of the last refill
}

// refill adds what the time since the last one earned. A clock that steps back
// earns nothing.
func (b *bucket) refill(r Rate, now int64) {
	if now > b.at {
		b.tokens = min(r.Burst, b.tokens+float64(now-b.at)/1e9*r.PerSecond)
		b.at = now
	}
}

// newcomers decides who may bring a new series.
type newcomers struct {
	all, each Rate
	total     bucket
	by        map[string]*bucket
}

// maxPublishers bounds the table of publishers that brought series lately.
const maxPublishers = 10_000

func newNewcomers(all, each Rate) *newcomers {
	return &newcomers{all: all, each: each, total: bucket{tokens: all.Burst}, by: map[string]*bucket{}}
}

// admit says whether publisher may bring one more series now, and takes the token.
func (n *newcomers) admit(publisher []byte, now int64) bool {
	own := n.by[string(publisher)]
	if own == nil {
		if len(n.by) >= maxPublishers && !n.forget(now) {
			return false
		}
		own = &bucket{tokens: n.each.Burst, at: now}
		n.by[string(publisher)] = own
	}
	own.refill(n.each, now)
	n.total.refill(n.all, now)
	if own.tokens < 1 || n.total.tokens < 1 {
		return false
	}
	own.tokens--
	n.total.tokens--
	return true
}

// forget drops the publishers whose bucket is full again; false when none is.
func (n *newcomers) forget(now int64) bool {
	for name, b := range n.by {
		if b.refill(n.each, now); b.tokens >= n.each.Burst {
			delete(n.by, name)
		}
	}
	return len(n.by) < maxPublishers
}
