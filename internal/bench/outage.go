package bench

import (
	"errors"
	"slices"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// redialEvery is how often those that have lost their connection try again.
const redialEvery = int64(100 * time.Millisecond)

var (
	errGone      = errors.New("the broker did not come back")
	errForgotten = errors.New("the broker has not kept the session")
)

// outage is what a loop knows of a broker that ends and comes back.
type outage struct {
	known  bool    // somebody was connected
	absent bool    // nobody listens: one tries for all
	fallen []*peer // lost their connection and wait for the next try
	again  int64   // when that is
	since  int64   // when the first of them fell, 0: all is well
	times  int
	total  int64 // ns without the broker
	last   int64 // of them, those of the last time
	backAt int64 // the last time that it took a connection again
}

// back is told of each connection that comes about.
func (o *outage) back(now int64) {
	o.known, o.absent = true, false
	if o.since > 0 {
		o.times++
		o.last = now - o.since
		o.total += o.last
		o.since, o.backAt = 0, now
	}
}

// mayComeBack reports whether the peer's end is no more than an outage: a broker that
// was never there is a wrong address, one that refuses us will refuse us again.
func (l *loop) mayComeBack(p *peer, err error) bool {
	if l.o.Scenario != Durable || l.leaving || !p.wanted || !l.outage.known && !l.o.Durable.Known {
		return false
	}
	return slices.Contains(passing, p.reason)
}

// passing are the reasons for which a broker that comes or goes turns clients away.
var passing = []byte{packet.Success, packet.ServerUnavailable, packet.ServerBusy, packet.ServerShuttingDown, packet.ConnectionRate, packet.QuotaExceeded, packet.UnspecifiedError}

// fall notes a peer that is to come back. It keeps what a client keeps of its session.
func (l *loop) fall(p *peer) {
	o := &l.outage
	switch p.state {
	case up:
		l.meter.fallen++
	case opening:
		o.absent = true
	}
	p.state, p.in, p.out = fresh, nil, nil
	if s, ok := p.role.(*subscriber); ok {
		s.rest()
	}
	now := l.now()
	if o.since == 0 {
		o.since = now
	}
	if len(o.fallen) == 0 {
		o.again = now + redialEvery
	}
	o.fallen = append(o.fallen, p)
}

// redial has the fallen try again: one while the broker is away, then all.
func (l *loop) redial(now int64) {
	o, d := &l.outage, &l.dialing
	if len(o.fallen) == 0 || now < o.again {
		return
	}
	o.again = now + redialEvery
	if o.since > 0 && now-o.since > int64(l.o.Durable.Patience) && l.trouble == nil {
		l.trouble = errGone
	}
	l.forget()
	n := len(o.fallen)
	if o.absent {
		n = min(n, 1)
		if d.opening > 0 {
			return
		}
	}
	d.queue = append(slices.Clip(d.queue), o.fallen[:n]...)
	o.fallen = o.fallen[n:]
}

// forget takes out of those that are to come back who need not any more.
func (l *loop) forget() {
	unwanted := func(p *peer) bool { return !p.wanted }
	l.outage.fallen = slices.DeleteFunc(l.outage.fallen, unwanted)
	d := &l.dialing
	d.queue, d.next = slices.DeleteFunc(d.queue[d.next:], unwanted), 0
}

// forgotten goes on without the session that the broker should have: durable counts
// it, and what is lost with it; for the others it is the end.
func (p *peer) forgotten() error {
	if p.loop.o.Scenario != Durable {
		return errForgotten
	}
	p.held = nil
	switch r := p.role.(type) {
	case *subscriber:
		if r.granted > 0 {
			p.loop.meter.forgotten++
		}
		r.asked, r.granted = 0, 0
	case *publisher:
		r.startAnew()
	}
	return nil
}

// resume publishes again what was not acknowledged before the connection was lost,
// in the order in which it was published [MQTT-4.4.0-1, MQTT-4.6.0-1].
func (b *publisher) resume() {
	if b.session == discards {
		return
	}
	var ids []uint16
	for i, f := range b.flight {
		if f.due != 0 {
			ids = append(ids, uint16(i+1))
		}
	}
	slices.SortFunc(ids, func(x, y uint16) int { return int(int64(b.flight[x-1].number - b.flight[y-1].number)) })
	for _, id := range ids {
		if f := b.flight[id-1]; f.recorded {
			b.answer(packet.TypePubrel, id)
		} else {
			b.repeat(id, f)
		}
	}
	b.loop.call(b)
}

// duplicate is DUP in the first byte of a PUBLISH.
const duplicate = 0x08

func (b *publisher) repeat(id uint16, f flying) {
	n := uint64(len(b.lanes))
	l := &b.lanes[f.number%n]
	from := len(b.out)
	b.out = append(b.out, l.image...)
	b.out[from] |= duplicate
	stamp{run: b.loop.run, lane: l.number, seq: f.number / n, due: f.due}.put(b.out[len(b.out)-b.loop.o.Payload:])
	packet.PatchID(b.out[from:], l.idAt, id)
	b.loop.meter.again++
	b.touch()
}

// recorded is told of a PUBREC: the message is the broker's.
func (b *publisher) recorded(id uint16) {
	if id > 0 && int(id) <= len(b.flight) && b.flight[id-1].due != 0 {
		b.flight[id-1].recorded = true
	}
}

// startAnew is for a publisher whose session is gone: what PUBREC confirmed is the
// broker's all the same and must not be published again.
func (b *publisher) startAnew() {
	now := b.loop.now()
	for i, f := range b.flight {
		if f.recorded {
			b.acked(uint16(i+1), packet.Success, now)
		}
	}
}

// excuse notes a message that the broker did not take: nobody is owed it.
func (b *publisher) excuse(f flying, reason byte) {
	if reason >= packet.UnspecifiedError && b.loop.o.Scenario == Durable {
		b.refused = append(b.refused, f.number)
	}
}
