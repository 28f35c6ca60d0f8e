package msg

import (
	"encoding/binary"
	"errors"
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
	r := Fields{B: b}
	flags := r.Byte()
	*m = Message{QoS: flags & flagQoS, Retain: flags&flagRetain != 0}
	m.Time = base + int64(r.Uvarint())
	m.Topic = r.Bytes()
	m.Publisher = r.Bytes()
	if flags&flagProperties != 0 {
		m.Properties = r.Bytes()
	}
	if flags&flagExpiry != 0 {
		m.SetExpiry(r.Uint32())
	}
	if flags&flagOrigin != 0 {
		m.Origin = Origin(r.Uvarint())
	}
	m.Payload = r.Bytes()
	if r.Bad || flags&^flagsKnown != 0 || m.QoS == 3 {
		return nil, ErrRecord
	}
	return r.B, nil
}

func appendBytes(dst, v []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(v)))
	return append(dst, v...)
}

// RecordTopic returns the topic of the record at the head of b, pointing into b,
// without parsing the rest; nil when there is none to read.
func RecordTopic(b []byte) []byte {
	r := Fields{B: b}
	r.Byte()
	r.Uvarint()
	return r.Bytes()
}
