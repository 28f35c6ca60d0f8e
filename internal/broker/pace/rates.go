package pace

import "github.com/millrace/millrace/internal/broker/limit"

// Rates are how much may come in a second; what is zero has no limit.
type Rates struct {
	// Messages are PUBLISH packets, Bytes those of all packets, Subscribes topic
	// filters, Connects CONNECT packets.
	Messages, Bytes, Subscribes, Connects limit.Rate
}

func (r *Rates) each() [measures]limit.Rate {
	return [...]limit.Rate{ByMessages: r.Messages, ByBytes: r.Bytes, BySubscribes: r.Subscribes, ByConnects: r.Connects}
}

func (r *Rates) ofTraffic() bool {
	return r.Messages.Limited() || r.Bytes.Limited() || r.Subscribes.Limited()
}

// Scope is whose rate it is.
type Scope uint8

// The scopes.
const (
	OfClient Scope = iota
	OfListener
	OfTotal
	scopes
)

// Measure is what a rate counts.
type Measure uint8

// The measures.
const (
	ByMessages Measure = iota
	ByBytes
	BySubscribes
	ByConnects
	measures
)

var (
	scopeNames   = [scopes]string{"client", "listener", "total"}
	measureNames = [measures]string{"messages", "bytes", "subscribes", "connects"}
)

// Over counts by scope and measure how often somebody was over a rate.
type Over [scopes][measures]uint64

// AddTo adds the counts, by names such as client_messages.
func (o *Over) AddTo(sum map[string]uint64) {
	for s := range o {
		for m, n := range o[s] {
			sum[scopeNames[s]+"_"+measureNames[m]] += n
		}
	}
}

// Shared are the buckets that all loops take from: a listener's or the node's.
type Shared [measures]*limit.Shared // nil: no limit

// NewShared returns full buckets for so many loops.
func NewShared(r *Rates, loops int) (s Shared) {
	for m, rate := range r.each() {
		if rate.Limited() {
			s[m] = limit.NewShared(rate, loops)
		}
	}
	return s
}

func (s *Shared) leases() (l [measures]*limit.Lease) {
	for m := range s {
		if s[m] != nil {
			l[m] = s[m].Lease()
		}
	}
	return l
}
