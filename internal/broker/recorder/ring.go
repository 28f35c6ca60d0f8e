package recorder

import (
	"encoding/binary"
	"math"

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
	at       int   // where the next record goes in it
	clock    int64 // of the last tick that was written
	open     uint32
	number   uint64 // of the next message
	segment  uint64 // number of the segment being written
	forgot   uint64 // messages that were overwritten
}

type segment struct {
	number   uint64
	first    uint64 // number of its first message
	messages uint64
	from     int64 // when it was begun, ns since 1970
	used     int
	bytes    [SegmentSize]byte
}

// Mark remembers where in the current segment a text stands. Its zero value does not know.
type Mark struct {
	segment uint64
	at      uint32
}

// New returns a ring of at most so many bytes, which it takes as it needs them. Messages
// are numbered from first on.
func New(bytes int, first uint64) *Ring {
	return &Ring{most: max(bytes/SegmentSize, 2), number: first, clock: math.MinInt64}
}

// Message is one message on its way through the loop.
type Message struct {
	From From
	// Code is why it was refused or reached nobody; Refused says that it is set.
	Code    fault.Code
	Refused bool
	// Conn is the publisher's connection; 0 where Publisher names it, or nobody.
	Conn      uint32
	Publisher []byte
	// ID is the packet identifier that it came under.
	ID uint16
	// Stream is the number of the stream that it was given to, less one; 0 is none.
	Stream uint8
	// At is its position there, when it came from the log.
	At msg.Position
	// Receivers are those that it was for: clients of this loop, other loops, groups.
	Receivers int
	// Unlisted says that of QoS 0 only outcomes other than Sent are written.
	Unlisted bool
}

// Outcome notes what became of the message in hand for a receiver; 0 is no client. detail
// is the packet identifier or, of what was dropped, the reason.
func (r *Ring) Outcome(now int64, conn uint32, o Outcome, detail uint16) {
	r.tick(now)
	b := r.room(8)
	binary.LittleEndian.PutUint64(b, uint64(kindOutcome)|uint64(o)<<8|uint64(detail)<<16|uint64(conn)<<32)
	r.open++
}

// Open is how many outcomes have been noted since the last message.
func (r *Ring) Open() uint32 { return r.open }

// Message notes a message; its outcomes were noted before. mark is its topic's, nil for
// one that is not remembered.
func (r *Ring) Message(now int64, m *msg.Message, i *Message, mark *Mark) {
	r.tick(now)
	r.reserve(messageSize + textSize(m.Topic) + textSize(i.Publisher))
	topic := r.textRef(m.Topic, mark)
	conn, flags := i.Conn, uint64(m.QoS&3)
	if conn == 0 && len(i.Publisher) > 0 {
		conn = r.textRef(i.Publisher, nil)
		flags |= flagNamed
	}
	if m.Retain {
		flags |= flagRetain
	}
	if i.Unlisted {
		flags |= flagUnlisted
	}
	code := uint64(0)
	if i.Refused {
		code = uint64(i.Code) + 1
	}
	receivers := uint64(uint32(i.Receivers))
	if i.From == Logged {
		receivers = uint64(i.At.Index)
	}
	b := r.room(messageSize)
	binary.LittleEndian.PutUint64(b, uint64(kindMessage)|uint64(i.From)<<8|flags<<16|code<<24|uint64(i.ID)<<32|uint64(i.Stream)<<48)
	binary.LittleEndian.PutUint64(b[8:], uint64(conn)|uint64(topic)<<32)
	binary.LittleEndian.PutUint64(b[16:], uint64(m.Time))
	binary.LittleEndian.PutUint64(b[24:], receivers|uint64(r.open)<<32)
	binary.LittleEndian.PutUint64(b[32:], i.At.Seq)
	r.open = 0
	r.number++
	r.now.messages++
}

// Acked notes that a client is done with a message of QoS 1 or 2.
func (r *Ring) Acked(now int64, conn uint32, id uint16) {
	r.tick(now)
	binary.LittleEndian.PutUint64(r.room(8), uint64(kindAcked)|uint64(id)<<16|uint64(conn)<<32)
}

// Sent notes that a message was sent that had waited since then.
func (r *Ring) Sent(now int64, conn uint32, id uint16, since int64) {
	r.tick(now)
	b := r.room(sentSize)
	binary.LittleEndian.PutUint64(b, uint64(kindSent)|uint64(id)<<16|uint64(conn)<<32)
	binary.LittleEndian.PutUint64(b[8:], uint64(since))
}

// Lost notes that the client does not get n messages; topic and since are the one's, where
// that is known, and when it was put into the queue.
func (r *Ring) Lost(now int64, conn uint32, code fault.Code, n int, topic []byte, since int64) {
	r.tick(now)
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
	r.tick(now)
	r.reserve(eventSize + textSize(text))
	ref := r.textRef(text, nil)
	b := r.room(eventSize)
	binary.LittleEndian.PutUint64(b, uint64(kindEvent)|uint64(what)<<8|uint64(code)<<16|uint64(conn)<<32)
	binary.LittleEndian.PutUint64(b[8:], uint64(ref))
}

// tick writes the time when it is another.
func (r *Ring) tick(now int64) {
	if now == r.clock {
		return
	}
	if r.now == nil {
		r.turn(now)
		return
	}
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
	s.number, s.first, s.messages, s.from = r.segment, r.number, 0, now
	r.now, r.at, r.clock = s, tickSize, now
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
	r.forgot += s.messages
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

// Window is from when on the ring has everything, ns since 1970, 0 for a ring that is
// empty, how many messages it has forgotten, and the bytes that it takes.
func (r *Ring) Window() (from int64, forgot uint64, bytes int) {
	if len(r.segments) > 0 {
		from = r.segments[0].from
	}
	return from, r.forgot, len(r.segments) * SegmentSize
}

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
