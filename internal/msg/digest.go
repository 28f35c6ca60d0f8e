package msg

import (
	"hash/maphash"
	"slices"
)

// Digest sums up by topic what one event loop routes: how many messages, the newest
// of them and who published. It grows by topics, not by messages. The loop owns it
// until it hands it over; then its reader does, who resets it and gives it back.
type Digest struct {
	// Home is the owner's own.
	Home int
	// Missed counts messages that found no room: they are in no line.
	Missed uint64

	limits DigestLimits
	seed   maphash.Seed
	lines  []line
	bytes  []byte // of topics, payloads and publishers
	met    []meeting
	filter []uint64 // meetings that are in met, some of them; nil until there is one
}

// DigestLimits bound one digest.
type DigestLimits struct {
	// Lines is how many topics it may hold; Bytes is for topics, payloads and
	// publishers together. Of publishers that were not their topic's last it notes as
	// many as of topics; further ones may be noted by the next digest.
	Lines, Bytes int
	// Payload is how much of a topic's newest payload is kept.
	Payload int
}

// Line is what a digest says of one topic. A topic may have several.
type Line struct {
	// Newest is the last message, without its properties; of its payload there is
	// the beginning when Size is larger. Its bytes are the digest's until Reset.
	Newest Message
	Size   int
	Count  uint64
	// Publisher is the hash of Newest.Publisher by the digest's seed; 0 is nobody.
	Publisher uint64
}

// line is a Line without pointers, for the collector has nothing to look for in it.
type line struct {
	topic, payload, publisher span
	size                      uint32
	qos                       byte
	retain                    bool
	time                      int64
	count                     uint64
	who                       uint64
}

// span is where something lies in a digest's bytes, and how many more may follow
// in its place.
type span struct{ at, size, room uint32 }

// meeting is a publisher that was a line's newest and is it no more.
type meeting struct {
	line uint32
	who  uint64
}

const meetingFilter = 1 << 12

// NewDigest returns an empty digest that hashes publishers by seed.
func NewDigest(l DigestLimits, seed maphash.Seed) *Digest { return &Digest{limits: l, seed: seed} }

// Empty says that there is nothing to tell.
func (d *Digest) Empty() bool { return len(d.lines) == 0 && d.Missed == 0 }

// Lines returns how many lines there are.
func (d *Digest) Lines() int { return len(d.lines) }

// Add begins a line for m's topic; false says that there is no room.
func (d *Digest) Add(m *Message) (place uint32, ok bool) {
	payload := m.Payload[:min(len(m.Payload), d.limits.Payload)]
	if len(d.lines) >= d.limits.Lines || !d.fits(len(m.Topic)+roomFor(len(payload))+roomFor(len(m.Publisher))) {
		return 0, false
	}
	l := line{size: uint32(len(m.Payload)), qos: m.QoS, retain: m.Retain, time: m.Time, count: 1, who: d.hash(m.Publisher)}
	l.topic = d.put(m.Topic, len(m.Topic))
	l.payload = d.put(payload, roomFor(len(payload)))
	l.publisher = d.put(m.Publisher, roomFor(len(m.Publisher)))
	d.lines = append(d.lines, l)
	return uint32(len(d.lines) - 1), true
}

// Again adds m to the line of its topic; false says that there is no room, and
// nothing has changed.
func (d *Digest) Again(place uint32, m *Message) bool {
	l := &d.lines[place]
	payload := m.Payload[:min(len(m.Payload), d.limits.Payload)]
	if need := l.payload.lacks(len(payload)) + l.publisher.lacks(len(m.Publisher)); need > 0 && !d.fits(need) {
		return false
	}
	if string(d.at(l.publisher)) != string(m.Publisher) {
		d.meet(meeting{place, l.who})
		l.who = d.hash(m.Publisher)
		d.replace(&l.publisher, m.Publisher)
	}
	d.replace(&l.payload, payload)
	l.size, l.qos, l.retain, l.time = uint32(len(m.Payload)), m.QoS, m.Retain, m.Time
	l.count++
	return true
}

// meet notes a publisher unless it is known to be noted.
func (d *Digest) meet(m meeting) {
	if m.who == 0 || len(d.met) >= d.limits.Lines {
		return
	}
	if d.filter == nil {
		d.filter = make([]uint64, meetingFilter)
	}
	key := m.who ^ uint64(m.line)*0x9E3779B97F4A7C15
	if at := &d.filter[key>>8%meetingFilter]; *at != key {
		*at = key
		d.met = append(d.met, m)
	}
}

// Line returns the line of that place.
func (d *Digest) Line(place int) Line {
	l := &d.lines[place]
	return Line{
		Newest: Message{Topic: d.at(l.topic), Payload: d.at(l.payload), Publisher: d.at(l.publisher), Time: l.time, QoS: l.qos, Retain: l.retain},
		Size:   int(l.size), Count: l.count, Publisher: l.who,
	}
}

// Met calls f for each line's publishers that were not its last, perhaps more than
// once, by their hashes.
func (d *Digest) Met(f func(place int, publisher uint64)) {
	for _, m := range d.met {
		f(int(m.line), m.who)
	}
}

// Reset empties the digest and keeps its memory where a fair part of it was used.
func (d *Digest) Reset() {
	if len(d.met) > 0 {
		clear(d.filter)
	}
	d.Missed, d.lines, d.bytes, d.met = 0, emptied(d.lines, 256), emptied(d.bytes, 64<<10), emptied(d.met, 256)
}

// emptied is s without elements; of more than keep, three quarters unused are too many.
func emptied[T any](s []T, keep int) []T {
	if cap(s) > keep && len(s) < cap(s)/4 {
		return nil
	}
	return s[:0]
}

func (d *Digest) at(s span) []byte { return d.bytes[s.at : s.at+s.size : s.at+s.size] }

func (d *Digest) fits(n int) bool { return len(d.bytes)+n <= d.limits.Bytes }

// put copies b to the end, with room for that many bytes.
func (d *Digest) put(b []byte, room int) span {
	at := len(d.bytes)
	d.bytes = slices.Grow(d.bytes, room)[:at+room]
	copy(d.bytes[at:], b)
	return span{uint32(at), uint32(len(b)), uint32(room)}
}

// replace puts b in the place of what was in s, or at the end where it is too long
// for that.
func (d *Digest) replace(s *span, b []byte) {
	if len(b) > int(s.room) {
		*s = d.put(b, roomFor(len(b)))
		return
	}
	s.size = uint32(copy(d.bytes[s.at:s.at+s.room], b))
}

// lacks is how much room it takes to replace what is in s by n bytes.
func (s span) lacks(n int) int {
	if n <= int(s.room) {
		return 0
	}
	return roomFor(n)
}

// roomFor leaves values room to become somewhat longer.
func roomFor(n int) int { return (n + n/8 + 15) &^ 15 }

// hash is never 0 but for nobody.
func (d *Digest) hash(publisher []byte) uint64 {
	if len(publisher) == 0 {
		return 0
	}
	return maphash.Bytes(d.seed, publisher) | 1
}
