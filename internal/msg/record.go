package msg

import (
	"encoding/binary"
	"errors"
	"math"
)

// ErrRecord says that bytes are no packed record. It never says more: a log
// entry whose CRC held and whose records do not parse is a bug or an attack.
var ErrRecord = errors.New("msg: malformed record")

const (
	flagQoS        = 0b0000_0011
	flagRetain     = 0b0000_0100
	flagProperties = 0b0000_1000
	flagExpiry     = 0b0001_0000
	flagOrigin     = 0b0010_0000
	flagsKnown     = 0b0011_1111
)

// AppendRecord appends m in the log's record layout (docs/formats/entry.md) to
// dst and returns it. base is the smallest time of the record's group; the record
// holds the difference, so m.Time must not be below base.
func AppendRecord(dst []byte, m *Message, base int64) []byte {
	flags := m.QoS & flagQoS
	if m.Retain {
		flags |= flagRetain
	}
	if len(m.Properties) > 0 {
		flags |= flagProperties
	}
	if m.Expires() {
		flags |= flagExpiry
	}
	if m.Origin != 0 {
		flags |= flagOrigin
	}
	dst = append(dst, flags)
	dst = binary.AppendUvarint(dst, uint64(m.Time-base))
	dst = appendBytes(dst, m.Topic)
	dst = appendBytes(dst, m.Publisher)
	if flags&flagProperties != 0 {
		dst = appendBytes(dst, m.Properties)
	}
	if flags&flagExpiry != 0 {
		dst = binary.AppendUvarint(dst, uint64(m.Expiry))
	}
	if flags&flagOrigin != 0 {
		dst = binary.AppendUvarint(dst, uint64(m.Origin))
	}
	return appendBytes(dst, m.Payload)
}

// ReadRecord parses the record at the head of b into m, whose slices then point
// into b, and returns what follows it. base is the smallest time of its group.
func ReadRecord(b []byte, m *Message, base int64) (rest []byte, err error) {
	r := reader{b: b}
	flags := r.byte()
	*m = Message{QoS: flags & flagQoS, Retain: flags&flagRetain != 0}
	m.Time = base + int64(r.uvarint())
	m.Topic = r.bytes()
	m.Publisher = r.bytes()
	if flags&flagProperties != 0 {
		m.Properties = r.bytes()
	}
	if flags&flagExpiry != 0 {
		m.SetExpiry(r.uint32())
	}
	if flags&flagOrigin != 0 {
		m.Origin = Origin(r.uvarint())
	}
	m.Payload = r.bytes()
	if r.bad || flags&^flagsKnown != 0 || m.QoS == 3 {
		return nil, ErrRecord
	}
	return r.b, nil
}

func appendBytes(dst, v []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(v)))
	return append(dst, v...)
}

// reader takes fields off b; after the first that does not fit, bad stays set
// and every further field is zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) uint32() uint32 {
	v := r.uvarint()
	r.bad = r.bad || v > math.MaxUint32
	return uint32(v)
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

// RecordTopic returns the topic of the record at the head of b, pointing into b,
// without parsing the rest; nil when there is none to read.
func RecordTopic(b []byte) []byte {
	r := reader{b: b}
	r.byte()
	r.uvarint()
	return r.bytes()
}
