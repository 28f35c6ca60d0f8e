package recorder

import (
	"encoding/binary"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// SegmentSize is the bytes of one segment, and the least that a ring has two of.
const SegmentSize = 64 << 10

// longestText is how many bytes of a text are written; Cut says what stands for longer ones.
const longestText = 512

// Ring is the recorder of one loop. Only that loop may call its methods.
type Ring struct {
	segments []*segment // oldest first, the last is being written
	most     int        // segments
	now      *segment
	at       int    // where the next record goes in it
	clock    int64  // of the last tick that was written
	open     uint32 // outcomes of the message in hand
	first    uint64 // the first of them, which is not written before the second
	listed   int    // where they end, when there are several
	run      run
	acks     int    // where the last acknowledgements end
	number   uint64 // of the next message
	segment  uint64 // number of the segment being written
	forgot   uint64 // messages that were overwritten
}

type segment struct {
	number uint64
	first  uint64 // number of its first message
	from   int64  // when it was begun, ns since 1970
	used   int
	bytes  [SegmentSize]byte
}

// Mark remembers where in the current segment a text stands. Its zero value does not know.
type Mark struct {
	segment uint64
	at      uint32
}

// New returns a ring of at most so many bytes, which it takes as it needs them. Messages
// are numbered from first on.
func New(bytes int, first uint64, now int64) *Ring {
	r := &Ring{most: max(bytes/SegmentSize, 2), number: first}
	r.turn(now)
	return r
}

// Head is what is noted of a message beside its topic, publisher and receivers.
type Head uint64

// Heading is the Head of a message that came under that packet identifier, 0 for none, and
// was given to the stream with the number less one, 0 for none.
func Heading(from From, m *msg.Message, id uint16, stream uint8) Head {
	h := uint64(kindMessage) | uint64(from)<<8 | uint64(m.QoS&3)<<16 | uint64(id)<<32 | uint64(stream)<<48
	if m.Retain {
		h |= flagRetain << 16
	}
	return Head(h)
}

// Because says why the message was refused or reached nobody.
func (h Head) Because(c fault.Code) Head { return h | Head(c+1)<<24 }

// Outcome notes what became of the message in hand for a receiver; 0 is no client. detail
// is the packet identifier or, of what was dropped, the reason.
func (r *Ring) Outcome(conn uint32, o Outcome, detail uint16) {
	word := uint64(kindOutcome) | uint64(o)<<8 | uint64(detail)<<16 | uint64(conn)<<32
	if r.open == 0 {
		r.first, r.open = word, 1 // it is written with its message, or not at all: see Message
		return
	}
	r.reserve(16)
	if r.open == 1 {
		r.write(r.first)
	}
	r.write(word)
	r.open++
	r.listed = r.at
}

// write writes a word into this segment, which has room for it.
func (r *Ring) write(word uint64) {
	binary.LittleEndian.PutUint64(r.now.bytes[r.at:], word)
	r.at += 8
}

// Open is how many outcomes have been noted since the last message.
func (r *Ring) Open() uint32 { return r.open }

// run is what the next message has to be to count as one more of the last: the same, with
// the packet identifiers that follow. The last is the newest record but for outcomes.
type run struct {
	head      Head
	step      Head // what its packet identifier adds to the next head
	names     uint64
	at        int64
	receivers uint32
	open      uint32
	first     uint64 // its outcome, when that is its only one
	firstStep uint64
	end       int  // of the last message in this segment; 0 is none
	whole     bool // several outcomes stand directly before it
	count     uint64
}

// Message notes a message of that connection, 0 for nobody's, for so many receivers; its
// outcomes were noted before. mark is its topic's, nil for one that is not remembered.
//
// One that is like the one before but for its packet identifiers, which follow on, only
// makes that count one more: such runs are what a busy publisher sends.
func (r *Ring) Message(now int64, m *msg.Message, h Head, conn, receivers uint32, mark *Mark) {
	k := &r.run
	if h == k.head && mark != nil && mark.segment == r.segment && uint64(conn)|uint64(mark.at)<<32 == k.names &&
		now == r.clock && m.Time == k.at && receivers == k.receivers && r.open == k.open &&
		(r.at == k.end && (r.open == 0 || r.first == k.first) || r.open > 1 && r.sameOutcomes(k.end)) {
		k.count++
		binary.LittleEndian.PutUint64(r.now.bytes[k.end-countFromEnd:], k.count)
		k.head, k.first = k.head+k.step, k.first+k.firstStep
		r.at, r.open = k.end, 0
		r.number++
		return
	}
	r.begin(now)
	r.reserve(messageSize + 8 + textSize(m.Topic))
	r.put(h, uint64(conn)|uint64(r.textRef(m.Topic, mark))<<32, m.Time, receivers, 0)
}

// sameOutcomes says whether the outcomes from there on are those of the last message, but
// for packet identifiers that follow.
func (r *Ring) sameOutcomes(from int) bool {
	before := from - messageSize - 8*int(r.open)
	if !r.run.whole || from == 0 || r.at != from+8*int(r.open) || before < tickSize { // or they are in the segment before
		return false
	}
	for i := 0; i < 8*int(r.open); i += 8 {
		was, is := binary.LittleEndian.Uint64(r.now.bytes[before+i:]), binary.LittleEndian.Uint64(r.now.bytes[from+i:])
		if was&idOfOutcome != 0 && Outcome(was>>8)&^Shared == Sent {
			was += (r.run.count + 1) << 16
		}
		if was != is {
			return false
		}
	}
	return true
}

// put writes a message's record, whose texts are in this segment.
func (r *Ring) put(h Head, names uint64, at int64, receivers uint32, rest uint64) {
	if r.open == 1 {
		r.write(r.first)
	}
	b := r.room(messageSize)
	binary.LittleEndian.PutUint64(b, uint64(h))
	binary.LittleEndian.PutUint64(b[8:], names)
	binary.LittleEndian.PutUint64(b[16:], uint64(at))
	binary.LittleEndian.PutUint64(b[24:], uint64(receivers)|uint64(r.open)<<32)
	binary.LittleEndian.PutUint64(b[messageSize-countFromEnd:], rest)
	k := run{head: h, names: names, at: at, receivers: receivers, open: r.open, first: r.first, end: r.at, whole: r.listed == r.at-messageSize}
	if h&idOfHead != 0 {
		k.step = 1 << 32
	}
	if r.first&idOfOutcome != 0 && Outcome(r.first>>8)&^Shared == Sent {
		k.firstStep = 1 << 16
	}
	k.head, k.first = k.head+k.step, k.first+k.firstStep
	r.run, r.open = k, 0
	r.number++
}

// MessageBy is Message for one whose publisher has no connection here.
func (r *Ring) MessageBy(now int64, m *msg.Message, h Head, receivers uint32, mark *Mark) {
	if len(m.Publisher) == 0 {
		r.Message(now, m, h, 0, receivers, mark)
		return
	}
	r.begin(now)
	r.reserve(messageSize + 8 + textSize(m.Topic) + textSize(m.Publisher))
	topic, by := r.textRef(m.Topic, mark), r.textRef(m.Publisher, nil)
	r.put(h|flagNamed<<16, uint64(by)|uint64(topic)<<32, m.Time, receivers, 0)
	r.run.end = 0
}

// Logged notes a message that the log has brought from there.
func (r *Ring) Logged(now int64, m *msg.Message, stream uint8, at msg.Position, mark *Mark) {
	r.begin(now)
	r.reserve(messageSize + 8 + textSize(m.Topic))
	r.put(Heading(Logged, m, 0, stream), uint64(r.textRef(m.Topic, mark))<<32, m.Time, at.Index, at.Seq)
	r.run.end = 0
}

// Acked notes that a client is done with a message of QoS 1 or 2. Identifiers that follow
// on share a record.
func (r *Ring) Acked(now int64, conn uint32, id uint16) {
	const most = 0xff
	r.begin(now)
	if r.acks == r.at && r.at > 8 {
		last := r.now.bytes[r.at-8:]
		word := binary.LittleEndian.Uint64(last)
		more := word >> 8 & most
		if word&^(most<<8) == uint64(kindAcked)|uint64(id-uint16(more)-1)<<16|uint64(conn)<<32 && more < most {
			binary.LittleEndian.PutUint64(last, word+1<<8)
			return
		}
	}
	r.reserve(8)
	r.write(uint64(kindAcked) | uint64(id)<<16 | uint64(conn)<<32)
	r.acks = r.at
}

// Sent notes that a message was sent that had waited since then.
func (r *Ring) Sent(now int64, conn uint32, id uint16, since int64) {
	r.begin(now)
	b := r.room(sentSize)
	binary.LittleEndian.PutUint64(b, uint64(kindSent)|uint64(id)<<16|uint64(conn)<<32)
	binary.LittleEndian.PutUint64(b[8:], uint64(since))
}

// Lost notes that the client does not get n messages; topic and since are the one's, where
// that is known, and when it was put into the queue.
func (r *Ring) Lost(now int64, conn uint32, code fault.Code, n int, topic []byte, since int64) {
	r.begin(now)
	r.reserve(lostSize + textSize(topic))
	text := uint32(0)
	if len(topic) > 0 {
		text = r.textRef(topic, nil)
	}
	b := r.room(lostSize)
	binary.LittleEndian.PutUint64(b, uint64(kindLost)|uint64(code)<<8|uint64(conn)<<32)
	binary.LittleEndian.PutUint64(b[8:], uint64(since))
	binary.LittleEndian.PutUint64(b[16:], uint64(text)|uint64(uint32(n))<<32)
}

// Event notes what happened to a client; text is its identifier or a filter, and code why
// something was refused, or ended.
func (r *Ring) Event(now int64, conn uint32, what What, text []byte, code fault.Code) {
	r.begin(now)
	r.reserve(eventSize + textSize(text))
	ref := r.textRef(text, nil)
	b := r.room(eventSize)
	binary.LittleEndian.PutUint64(b, uint64(kindEvent)|uint64(what)<<8|uint64(code)<<16|uint64(conn)<<32)
	binary.LittleEndian.PutUint64(b[8:], uint64(ref))
}

// begin writes the time when it is another.
func (r *Ring) begin(now int64) {
	if now != r.clock {
		r.newTick(now)
	}
}

//go:noinline
func (r *Ring) newTick(now int64) { // rare, so that begin is inlined
	b := r.room(tickSize)
	r.clock = now
	binary.LittleEndian.PutUint64(b, uint64(kindTick))
	binary.LittleEndian.PutUint64(b[8:], uint64(now))
}

// reserve goes on with the next segment unless this one has so many bytes left.
func (r *Ring) reserve(n int) {
	if r.at+n > SegmentSize {
		r.turn(r.clock)
	}
}

// room is where the next n bytes go.
func (r *Ring) room(n int) []byte {
	r.reserve(n)
	b := r.now.bytes[r.at : r.at+n : r.at+n]
	r.at += n
	return b
}

// turn goes on with the next segment, which begins with the time.
func (r *Ring) turn(now int64) {
	if r.now != nil {
		r.now.used = r.at
	}
	s := r.next()
	r.segment++
	s.number, s.first, s.from = r.segment, r.number, now
	r.now, r.at, r.clock, r.run.end, r.acks = s, tickSize, now, 0, 0
	r.segments = append(r.segments, s)
	binary.LittleEndian.PutUint64(s.bytes[0:], uint64(kindTick))
	binary.LittleEndian.PutUint64(s.bytes[8:], uint64(now))
}

// next is a new segment, or the oldest.
func (r *Ring) next() *segment {
	if len(r.segments) < r.most {
		return new(segment)
	}
	s := r.segments[0]
	copy(r.segments, r.segments[1:])
	r.segments = r.segments[:len(r.segments)-1]
	r.forgot += r.segments[0].first - s.first
	return s
}

// textRef is where the text stands in this segment, which has room for it.
func (r *Ring) textRef(text []byte, mark *Mark) uint32 {
	if mark != nil && mark.segment == r.segment {
		return mark.at
	}
	at := uint32(r.at)
	writeText(r.room(textSize(text)), text)
	if mark != nil {
		*mark = Mark{r.segment, at}
	}
	return at
}

// Window is from when on the ring has everything, ns since 1970, and how many messages it
// has forgotten.
func (r *Ring) Window() (from int64, forgot uint64) { return r.segments[0].from, r.forgot }

// Copy copies the next segments behind that number, at most n; more says that there are
// further ones.
func (r *Ring) Copy(after uint64, n int) (list []Segment, more bool) {
	for _, s := range r.segments {
		if s.number <= after {
			continue
		}
		if len(list) == n {
			return list, true
		}
		used := s.used
		if s == r.now {
			used = r.at
		}
		list = append(list, Segment{Number: s.number, First: s.first, bytes: append([]byte(nil), s.bytes[:used]...)})
	}
	return list, false
}
