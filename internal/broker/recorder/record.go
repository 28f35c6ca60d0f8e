package recorder

import (
	"encoding/binary"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

type kind uint8

const (
	kindTick kind = iota + 1
	kindText
	kindOutcome
	kindMessage
	kindAcked
	kindSent
	kindLost
	kindEvent
)

// The bytes of records, of which outcomes and acknowledgements have 8.
const (
	tickSize    = 16
	sentSize    = 16
	eventSize   = 16
	lostSize    = 24
	messageSize = 40
)

// Where packet identifiers are, and how many more messages a record counts.
const (
	countFromEnd = 8

	idOfHead    = 0xffff << 32
	idOfOutcome = 0xffff << 16
)

const (
	flagRetain = 1 << 2
	flagNamed  = 1 << 3 // the publisher is a text
)

// From says where a message came to the loop from.
type From uint8

// Where messages come from.
const (
	Client     From = iota + 1 // published by a client of the loop
	Inside                     // published from inside the node
	Will                       // a will whose time has come
	Due                        // a delayed message whose time has come
	Delayed                    // published by a client, for later
	Later                      // waited for the log, and goes out now
	Arrived                    // of another loop
	Logged                     // read from the log
	Retained                   // a retained message for a new subscription
	Offered                    // of another loop, for one member of a group
	HandedOver                 // of a member of a group that did not take it
	Unkept                     // came back from the log, which refused it
	Followed                   // of a stream that a client follows
)

// Again says that a message that was published before goes to one client once more.
func (f From) Again() bool { return f == Retained || f == Followed }

// Outcome is what became of a message for one receiver.
type Outcome uint8

// The outcomes.
const (
	Sent        Outcome = iota // to its connection
	Queued                     // waits for it
	Dropped                    // for a reason
	Behind                     // waits in the log
	NotRetained                // nobody's: it was not stored as retained message
	Shared      Outcome = 1 << 4
)

// What happened to a client.
type What uint8

// What happens to clients.
const (
	Connected    What = iota + 1 // with a new session; text is the client's identifier
	Resumed                      // with the session that waited for it; the same
	Left                         // text is a word for why, code the fault when there was one
	Named                        // the connection was the client's, whose identifier is text
	Ended                        // its session did; the same
	Subscribed                   // text is the filter
	Unsubscribed                 // code is why, when the client did not ask for it
	Refused                      // a subscription, for that reason
	Renewed                      // a subscription that was there before; text is the filter
)

// Segment is a part of a ring that was copied.
type Segment struct {
	Number, First uint64
	bytes         []byte
}

// Visitor is called for each record, in order, with the time of the turn in which it was
// written.
type Visitor struct {
	// Message has its outcomes; missing of them were overwritten. Both are valid until it
	// returns.
	Message func(at int64, m *Recorded)
	// Acked, Sent, Lost and Event are as the Ring's methods. They may be nil.
	Acked func(at int64, conn uint32, id uint16)
	Sent  func(at int64, conn uint32, id uint16, since int64)
	Lost  func(at int64, conn uint32, code fault.Code, n int, topic []byte, since int64)
	Event func(at int64, conn uint32, what What, text []byte, code fault.Code)
}

// Recorded is a message as it was recorded.
type Recorded struct {
	Number uint64
	From   From
	Topic  []byte
	Time   int64 // of its arrival, ns since 1970
	QoS    byte
	Retain bool
	// Conn is the publisher's connection; 0 where Publisher names it, or nobody.
	Conn      uint32
	Publisher []byte
	// ID is the packet identifier that it came under.
	ID uint16
	// Code is why it was refused or reached nobody; Refused says that it is set.
	Code    fault.Code
	Refused bool
	// Stream is the number of the stream that it was given to, less one, 0 is none; or that
	// which it came from, and At its position there.
	Stream uint8
	At     msg.Position
	// Receivers are those that it was for: clients of this loop, other loops, groups.
	Receivers int
	Outcomes  []Result
	Missing   int // outcomes that were overwritten
}

// Result is an outcome for one receiver.
type Result struct {
	Conn    uint32
	Outcome Outcome
	Shared  bool
	// ID is the packet identifier of what was sent.
	ID uint16
	// Code is why it was dropped, or not retained.
	Code fault.Code
}

// Read visits every record of the segments, which are one ring's in their order.
func Read(segments []Segment, v *Visitor) {
	var r reader
	for i := range segments {
		if r.number != segments[i].Number-1 {
			r.open = r.open[:0]
		}
		r.number = segments[i].Number
		r.segment(&segments[i], v)
	}
}

type reader struct {
	number  uint64
	open    []Result // whose message is still to come
	message Recorded
}

func (r *reader) segment(s *Segment, v *Visitor) {
	var now int64
	next := s.First
	for b := s.bytes; len(b) >= 8; {
		word := binary.LittleEndian.Uint64(b)
		size := 8
		switch conn := uint32(word >> 32); kind(word) {
		case kindTick:
			now, size = int64(binary.LittleEndian.Uint64(b[8:])), tickSize
		case kindText:
			size = (4 + int(uint16(word>>16)) + 7) &^ 7
		case kindOutcome:
			r.open = append(r.open, result(word))
		case kindMessage:
			size = messageSize
			next = r.take(s, b, now, next, v)
		case kindAcked:
			for i := range uint16(word>>8)&0xff + 1 {
				if v.Acked != nil {
					v.Acked(now, conn, uint16(word>>16)+i)
				}
			}
		case kindSent:
			size = sentSize
			if v.Sent != nil {
				v.Sent(now, conn, uint16(word>>16), int64(binary.LittleEndian.Uint64(b[8:])))
			}
		case kindLost:
			size = lostSize
			if rest := binary.LittleEndian.Uint64(b[16:]); v.Lost != nil {
				v.Lost(now, conn, fault.Code(word>>8), int(rest>>32), s.text(uint32(rest)), int64(binary.LittleEndian.Uint64(b[8:])))
			}
		case kindEvent:
			size = eventSize
			if v.Event != nil {
				v.Event(now, conn, What(word>>8), s.text(binary.LittleEndian.Uint32(b[8:])), fault.Code(word>>16))
			}
		default:
			return // cannot be: the bytes were written by this process
		}
		b = b[size:]
	}
}

func result(word uint64) Result {
	o, detail := Outcome(word>>8), uint16(word>>16)
	k := Result{Conn: uint32(word >> 32), Outcome: o &^ Shared, Shared: o&Shared != 0}
	if k.Outcome == Dropped || k.Outcome == NotRetained {
		k.Code = fault.Code(detail)
	} else {
		k.ID = detail
	}
	return k
}

// take shows a message, or a run of them, and returns the number behind it.
func (r *reader) take(s *Segment, b []byte, now int64, number uint64, v *Visitor) uint64 {
	more := r.decode(s, b)
	for i := range more + 1 {
		m := &r.message
		if m.Number = number; i > 0 {
			m.next()
		}
		if number++; v.Message != nil {
			v.Message(now, m)
		}
	}
	r.open = r.open[:0]
	return number
}

// Unlisted says that of the message's receivers on this loop only those have an outcome
// that were not simply sent it: all others were. So it is with QoS 0 where it is routed.
func (m *Recorded) Unlisted() bool { return m.QoS == 0 && m.Receivers > 0 && m.Routed() }

// Routed says that the message met the subscriptions of this loop where it is recorded.
func (m *Recorded) Routed() bool { return m.From <= Due || m.From == Later || m.From == Arrived }

// next is the next message of a run: its packet identifiers follow on.
func (m *Recorded) next() {
	if m.ID > 0 {
		m.ID++
	}
	for i := range m.Outcomes {
		if o := &m.Outcomes[i]; o.Outcome == Sent && o.ID > 0 {
			o.ID++
		}
	}
}

// decode reads a message's record; more is how many like it follow.
func (r *reader) decode(s *Segment, b []byte) (more uint64) {
	first, second, last := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[24:])
	flags, code := byte(first>>16), byte(first>>24)
	m := &r.message
	*m = Recorded{From: From(first >> 8), ID: uint16(first >> 32), Stream: uint8(first >> 48), Receivers: int(uint32(last)),
		Topic: s.text(uint32(second >> 32)), Time: int64(binary.LittleEndian.Uint64(b[16:])), QoS: flags & 3,
		Retain: flags&flagRetain != 0, Outcomes: r.open, Missing: int(last>>32) - len(r.open)}
	if code > 0 {
		m.Code, m.Refused = fault.Code(code-1), true
	}
	if flags&flagNamed != 0 {
		m.Publisher = s.text(uint32(second))
	} else {
		m.Conn = uint32(second)
	}
	rest := binary.LittleEndian.Uint64(b[32:])
	if m.From != Logged {
		return rest
	}
	m.At = msg.Position{Seq: rest, Index: uint32(last)}
	m.Receivers = len(r.open)
	return 0
}

// text is what stands at that place of the segment; 0 is nothing.
func (s *Segment) text(at uint32) []byte {
	if at == 0 || int(at)+4 > len(s.bytes) {
		return nil
	}
	n := int(binary.LittleEndian.Uint16(s.bytes[at+2:]))
	if int(at)+4+n > len(s.bytes) {
		return nil
	}
	return s.bytes[at+4 : int(at)+4+n]
}
