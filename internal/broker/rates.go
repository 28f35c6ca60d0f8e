package broker

import (
	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Rates are how much may come in a second; what is zero has no limit.
type Rates struct {
	// Messages are PUBLISH packets, Bytes those of all packets, Subscribes topic
	// filters, Connects CONNECT packets.
	Messages, Bytes, Subscribes, Connects limit.Rate
}

func (r *Rates) ofTraffic() bool {
	return r.Messages.Limited() || r.Bytes.Limited() || r.Subscribes.Limited()
}

// Policy is what happens to a client that is over a rate.
type Policy string

// The policies. Whom Refuse cannot tell is paused: a message of QoS 1 or 2 of a
// client before MQTT 5 has no answer that refuses it.
const (
	Pause  Policy = "pause"  // it is read no further until it may go on
	Refuse Policy = "refuse" // its message, filter or connection is refused; QoS 0 is dropped
)

func (p Policy) check() error {
	if p == Pause || p == Refuse {
		return nil
	}
	return fault.New(fault.Invalid, "No policy for rates is called %q: use %s or %s.", string(p), Pause, Refuse)
}

// scope is whose rate it is.
type scope uint8

const (
	ofClient scope = iota
	ofListener
	ofTotal
	scopes
)

// measure is what a rate counts.
type measure uint8

const (
	byMessages measure = iota
	byBytes
	bySubscribes
	byConnects
	measures
)

var (
	scopeNames   = [scopes]string{"client", "listener", "total"}
	measureNames = [measures]string{"messages", "bytes", "subscribes", "connects"}
)

// overRate counts by scope and measure how often somebody was over a rate: paused
// or refused.
type overRate [scopes][measures]uint64

func (o *overRate) add(to map[string]uint64) {
	for s := range o {
		for m, n := range o[s] {
			to[scopeNames[s]+"_"+measureNames[m]] += n
		}
	}
}

// sharedRates are the buckets that all loops take from: a listener's or the node's.
type sharedRates [measures]*limit.Shared // nil: no limit

func newSharedRates(r *Rates, loops int) (s sharedRates) {
	for m, rate := range [...]limit.Rate{r.Messages, r.Bytes, r.Subscribes, r.Connects} {
		if rate.Limited() {
			s[m] = limit.NewShared(rate, loops)
		}
	}
	return s
}

func (s *sharedRates) leases() (l [measures]*limit.Lease) {
	for m := range s {
		if s[m] != nil {
			l[m] = s[m].Lease()
		}
	}
	return l
}

// gauge is one loop's view of a door's rates.
type gauge struct {
	zone    *Zone
	own     [measures]limit.Rate // of each client
	leases  [scopes - 1][measures]*limit.Lease
	watched bool // traffic has a limit of any scope
}

// gauges makes this loop's view of every door.
func (w *worker) newGauges() []*gauge {
	total := w.broker.totalRates.leases()
	list := make([]*gauge, len(w.broker.doors))
	for i, d := range w.broker.doors {
		z := d.zone
		g := &gauge{zone: z, own: [measures]limit.Rate{z.Rates.Messages, z.Rates.Bytes, z.Rates.Subscribes}}
		g.leases = [...][measures]*limit.Lease{d.rates.leases(), total}
		g.watched = z.Rates.ofTraffic() || z.ListenerRates.ofTraffic() || w.options.TotalRates.ofTraffic()
		list[i] = g
	}
	return list
}

// pace is what a client has used of its rates. A client has one where there is a
// rate to keep.
type pace struct {
	gauge   *gauge
	buckets [measures]limit.Bucket
	over    bool   // the packet in hand is over a rate, and to be refused
	times   uint64 // how often the client was over a rate
}

// pace is a new client's; nil where there is no rate to keep.
func (g *gauge) pace() *pace {
	if !g.watched {
		return nil
	}
	return &pace{gauge: g}
}

// take takes n tokens of every scope, or none; over says whose were missing and
// when they will be there.
func (p *pace) take(m measure, n, now int64) (over scope, when int64, ok bool) {
	own := p.gauge.own[m]
	if own.Limited() && !p.buckets[m].Take(own, n, now) {
		return ofClient, p.buckets[m].When(own, n, now), false
	}
	if over, when, ok = p.gauge.take(m, n, now); !ok && own.Limited() {
		p.buckets[m].Return(own, n)
	}
	return over, when, ok
}

// take is pace.take for what all clients share.
func (g *gauge) take(m measure, n, now int64) (over scope, when int64, ok bool) {
	door, total := g.leases[0][m], g.leases[1][m]
	if door != nil && !door.Take(n, now) {
		return ofListener, door.When(n, now), false
	}
	if total != nil && !total.Take(n, now) {
		if door != nil {
			door.Return(n)
		}
		return ofTotal, total.When(n, now), false
	}
	return 0, 0, true
}

// giveBack returns what take has taken.
func (p *pace) giveBack(m measure, n int64) {
	if own := p.gauge.own[m]; own.Limited() {
		p.buckets[m].Return(own, n)
	}
	for _, l := range p.gauge.leases {
		if l[m] != nil {
			l[m].Return(n)
		}
	}
}

// tooFast says whether the packet has to wait, and then pauses the client. It is
// asked before a packet is taken, so that what waits has changed nothing.
func (w *worker) tooFast(c *client, frame []byte) bool {
	if (w.exchange.behind || w.stage == limit.Refuse) && w.guarded(c, frame) {
		return true
	}
	if c.pace == nil || !c.session.Serving() {
		return false
	}
	return w.measure(c, frame)
}

func (w *worker) measure(c *client, frame []byte) (wait bool) {
	p, now := c.pace, w.loop.Steady()
	t := packet.TypeOf(frame[0])
	refuse := p.gauge.zone.OverRate == Refuse && (c.session.Version() == packet.V5 || frame[0]>>1&3 == 0)
	p.over = false
	var n int64
	m := byMessages
	switch t {
	case packet.TypePublish:
		n = 1
	case packet.TypeSubscribe:
		m, n, refuse = bySubscribes, 1, p.gauge.zone.OverRate == Refuse
	}
	if refuse && n == 0 || refuse && m == bySubscribes {
		return false // filters are refused one by one; nothing else can be
	}
	if n > 0 {
		if over, when, ok := p.take(m, n, now); !ok {
			return w.isOver(c, over, m, when, refuse)
		}
	}
	over, when, ok := p.take(byBytes, int64(len(frame)), now)
	if ok {
		return false
	}
	if n > 0 {
		p.giveBack(m, n)
	}
	return w.isOver(c, over, byBytes, when, refuse)
}

// isOver counts that the client is over a rate, and has the packet refused or makes
// it wait.
func (w *worker) isOver(c *client, s scope, m measure, when int64, refuse bool) (wait bool) {
	w.counts.overRate[s][m]++
	c.pace.times++
	if refuse {
		c.pace.over = true
		return false
	}
	w.slow(c, when)
	return true
}

// refusedForRate refuses the message in hand when it is over a rate.
func (w *worker) refusedForRate(c *client, ev *session.Event) bool {
	if c.pace == nil || !c.pace.over {
		return false
	}
	w.refusePublish(c, ev, fault.RateExceeded)
	return true
}

// refusePublish drops a message; who can be told is told.
func (w *worker) refusePublish(c *client, ev *session.Event, code fault.Code) {
	w.counts.dropped[code]++
	w.recordRefused(c, recorder.Client, &ev.Message, ev.PacketID, code)
	if ev.Message.QoS == 0 {
		return
	}
	before := c.conn.Output()
	w.send(c, before, c.session.Acknowledge(before, ev.PacketID, ev.Message.QoS, session.Refusal(code)))
}

// subscribesTooFast says whether one more filter is to be refused. Filters that
// came in one packet behind the first, which waited, are owed where they cannot.
func (w *worker) subscribesTooFast(c *client, first bool) bool {
	p := c.pace
	if p == nil {
		return false
	}
	now := w.loop.Steady()
	if p.gauge.zone.OverRate == Refuse {
		over, when, ok := p.take(bySubscribes, 1, now)
		return !ok && !w.isOver(c, over, bySubscribes, when, true)
	}
	if own := p.gauge.own[bySubscribes]; !first && own.Limited() {
		p.buckets[bySubscribes].Owe(own, 1, now)
	}
	if !first {
		_, _, _ = p.gauge.take(bySubscribes, 1, now)
	}
	return false
}
