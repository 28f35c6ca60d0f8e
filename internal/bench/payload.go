package bench

import "encoding/binary"

// stampSize is how many bytes of a payload the stamp takes.
const stampSize = 24

// stamp is the head of every payload: which run and lane it belongs to, its place
// there, and when it was due (nanoseconds since 1970). A lane is one publisher's
// messages to one topic: the unit in which MQTT owes order.
type stamp struct {
	run, lane uint32
	seq       uint64
	due       int64
}

// put writes the stamp over the first stampSize bytes of b, big endian.
func (s stamp) put(b []byte) {
	_ = b[stampSize-1]
	binary.BigEndian.PutUint32(b, s.run)
	binary.BigEndian.PutUint32(b[4:], s.lane)
	binary.BigEndian.PutUint64(b[8:], s.seq)
	binary.BigEndian.PutUint64(b[16:], uint64(s.due))
}

// readStamp is put's reverse; false when b is too short to be ours.
func readStamp(b []byte) (stamp, bool) {
	if len(b) < stampSize {
		return stamp{}, false
	}
	return stamp{
		run: binary.BigEndian.Uint32(b), lane: binary.BigEndian.Uint32(b[4:]),
		seq: binary.BigEndian.Uint64(b[8:]), due: int64(binary.BigEndian.Uint64(b[16:])),
	}, true
}
