package pace

import "github.com/millrace/millrace/internal/broker/limit"

// Pace is what a client has used of its rates.
type Pace struct {
	// Over says that the packet in hand is over a rate, and to be refused. It is its
	// user's own.
	Over bool

	gauge   *Gauge
	buckets [measures]limit.Bucket
}

// Excess is whose rate a client is over, what of, and until when.
type Excess struct {
	Of   Scope
	By   Measure
	When int64
}

// Take takes n tokens of every scope, or none.
func (p *Pace) Take(m Measure, n, now int64) (e Excess, ok bool) {
	of, when, ok := p.gauge.takeBoth(&p.buckets[m], m, n, now)
	return Excess{of, m, when}, ok
}

// Packet takes the tokens of a packet of that many bytes, or none; n is what it costs of the
// measure beside them, if anything.
func (p *Pace) Packet(m Measure, n, bytes, now int64) (e Excess, ok bool) {
	if n > 0 {
		if e, ok = p.Take(m, n, now); !ok {
			return e, false
		}
	}
	if e, ok = p.Take(ByBytes, bytes, now); !ok && n > 0 {
		p.giveBack(m, n)
	}
	return e, ok
}

func (p *Pace) giveBack(m Measure, n int64) {
	if own := p.gauge.own[m]; own.Limited() {
		p.buckets[m].Return(own, n)
	}
	p.gauge.giveBack(m, n)
}

// Owe takes a token that is owed where it is not there: what was not asked for before the
// packet was taken can wait no more. Of what clients share nothing is owed.
func (p *Pace) Owe(m Measure, now int64) {
	if own := p.gauge.own[m]; own.Limited() {
		p.buckets[m].Owe(own, 1, now)
	}
	_, _, _ = p.gauge.take(m, 1, now)
}
