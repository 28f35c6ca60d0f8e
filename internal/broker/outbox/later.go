package outbox

import (
	"hash/maphash"

	"github.com/millrace/millrace/internal/msg"
)

// later counts the messages of one loop that are routed when the log has them: those
// of QoS 2, and those that came behind one of the same publisher, so that none is
// overtaken. They are counted by hashes of publishers and topics. Two that share a
// place cost each other no more than the wait for the log.
type later struct {
	count  int
	seed   maphash.Seed
	counts *[laterPlaces]uint32 // nil until the first
}

const laterPlaces = 1024

// add counts a message that waits (1) or is about to be routed (-1).
func (l *later) add(m *msg.Message, n int) {
	if l.counts == nil {
		l.seed, l.counts = maphash.MakeSeed(), new([laterPlaces]uint32)
	}
	l.count += n
	l.counts[l.place(m.Publisher)] += uint32(n)
	l.counts[l.place(m.Topic)] += uint32(n)
}

func (l *later) place(name []byte) uint64 { return maphash.Bytes(l.seed, name) % laterPlaces }

// has says whether a message of that publisher or topic waits; one does of somebody. It is
// rarely asked: its callers are inlined, it is not.
//
//go:noinline
func (l *later) has(name []byte) bool { return l.counts[l.place(name)] > 0 }

// HoldsOf says whether a message of that publisher waits to be routed.
func (k *Outbox) HoldsOf(publisher []byte) bool {
	return k.later.count > 0 && k.later.has(publisher)
}

// HoldsLike says whether a message of m's publisher or topic waits to be routed.
func (k *Outbox) HoldsLike(m *msg.Message) bool {
	return k.later.count > 0 && (k.later.has(m.Publisher) || k.later.has(m.Topic))
}

// Routed says that a message is about to be routed that was added to be so later.
func (k *Outbox) Routed(m *msg.Message) { k.later.add(m, -1) }
