package bench

import (
	"math/bits"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// member is a subscriber that shares its subscription: which of a lane's messages it
// gets is the broker's choice, but each goes to one member, and a member's own come
// in order.
type member struct {
	subscriber
	last map[uint32]uint64 // by lane: one more than the highest sequence that came
}

func newMember(p *peer, o *Options, plan subscriberPlan) *member {
	return &member{
		subscriber: subscriber{peer: p, qos: o.QoS, filters: plan.filters},
		last:       map[uint32]uint64{},
	}
}

func (m *member) received(p *packet.Publish, now int64) {
	l := m.loop
	t, ok := readStamp(p.Payload)
	if !ok || t.run != l.run || int(t.lane) >= len(l.ledger) {
		l.meter.strange++
		return
	}
	if !l.ledger.take(t.lane, t.seq) {
		l.doubled++
		return
	}
	if t.seq < m.last[t.lane] {
		l.disordered++
	}
	m.last[t.lane] = max(m.last[t.lane], t.seq+1)
	l.meter.delivery(now - t.due)
	l.delivered(t.lane)
}

// ledger has, by lane, one bit for each message that any member of the loop got.
type ledger [][]uint64

// take notes a message; false says that it came before.
func (g ledger) take(lane uint32, seq uint64) bool {
	word, bit := seq/64, uint64(1)<<(seq%64)
	for word >= uint64(len(g[lane])) {
		g[lane] = append(g[lane], 0)
	}
	fresh := g[lane][word]&bit == 0
	g[lane][word] |= bit
	return fresh
}

// merge adds another loop's ledger and returns how many messages both have.
func (g ledger) merge(o ledger) (both uint64) {
	for lane, theirs := range o {
		for len(g[lane]) < len(theirs) {
			g[lane] = append(g[lane], 0)
		}
		for i, word := range theirs {
			both += uint64(bits.OnesCount64(g[lane][i] & word))
			g[lane][i] |= word
		}
	}
	return both
}

// count is how many messages of the lane are noted.
func (g ledger) count(lane uint32) (n uint64) {
	for _, word := range g[lane] {
		n += uint64(bits.OnesCount64(word))
	}
	return n
}

// checkShared adds what all members together found; sent is by lane.
func (r *run) checkShared(m *Messages, sent map[uint64]uint64) {
	all := r.loops[0].ledger
	for i, l := range r.loops {
		m.Doubled += l.doubled
		m.Disordered += l.disordered
		if i > 0 {
			m.Doubled += all.merge(l.ledger)
		}
	}
	for lane := range uint32(len(all)) {
		n := sent[key(r.number, lane)]
		m.Expected += n
		m.Lost += n - all.count(lane)
	}
}
