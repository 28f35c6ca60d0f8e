package pace

import "github.com/millrace/millrace/internal/broker/limit"

// Gauge is one loop's view of a listener's rates.
type Gauge struct {
	own             [measures]limit.Rate // of each client
	listener, total [measures]*limit.Lease
	watched         bool // traffic has a limit of any scope
}

// Keeper has the rates of one scope that several clients share.
type Keeper struct {
	Rates  *Rates
	Shared *Shared
}

// NewGauge returns a gauge of the rates of each client, of the listener and of all.
func NewGauge(own *Rates, listener, total Keeper) *Gauge {
	return &Gauge{
		own: own.each(), listener: listener.Shared.leases(), total: total.Shared.leases(),
		watched: own.ofTraffic() || listener.Rates.ofTraffic() || total.Rates.ofTraffic(),
	}
}

// Pace is a new client's; nil where there is no rate of traffic to keep.
func (g *Gauge) Pace() *Pace {
	if !g.watched {
		return nil
	}
	return &Pace{gauge: g}
}

// Connect takes a token of every rate of connects, or none; over says whose were missing and
// when they will be there. table has the clients' own buckets; one that is full of others
// lets a client pass its own rate.
func (g *Gauge) Connect(table *limit.Table, id string, now int64) (over Scope, when int64, ok bool) {
	own := g.own[ByConnects]
	if !own.Limited() {
		return g.take(ByConnects, 1, now)
	}
	b := table.At(id, now)
	if b == nil {
		return g.take(ByConnects, 1, now)
	}
	return g.takeBoth(b, ByConnects, 1, now)
}

// takeBoth takes of a client's own bucket and of what all clients share.
func (g *Gauge) takeBoth(b *limit.Bucket, m Measure, n, now int64) (over Scope, when int64, ok bool) {
	own := g.own[m]
	if own.Limited() && !b.Take(own, n, now) {
		return OfClient, b.When(own, n, now), false
	}
	if over, when, ok = g.take(m, n, now); !ok && own.Limited() {
		b.Return(own, n)
	}
	return over, when, ok
}

// take takes of what all clients share.
func (g *Gauge) take(m Measure, n, now int64) (over Scope, when int64, ok bool) {
	listener, total := g.listener[m], g.total[m]
	if listener != nil && !listener.Take(n, now) {
		return OfListener, listener.When(n, now), false
	}
	if total != nil && !total.Take(n, now) {
		if listener != nil {
			listener.Return(n)
		}
		return OfTotal, total.When(n, now), false
	}
	return 0, 0, true
}

func (g *Gauge) giveBack(m Measure, n int64) {
	for _, l := range [...]*limit.Lease{g.listener[m], g.total[m]} {
		if l != nil {
			l.Return(n)
		}
	}
}
