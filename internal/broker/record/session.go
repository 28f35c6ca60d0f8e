package record

import (
	"encoding/binary"
	"errors"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// The kinds of records; see the package.
const (
	KindSession  = 's'
	KindFilters  = 'f'
	KindProgress = 'p'
	KindIndex    = 'x'
	KindStreams  = 'n'
)

// Session is a durable session without its filters and its progress.
type Session struct {
	Version packet.Version
	// Expiry is how long it outlives a connection, in seconds.
	Expiry uint32
	// Clean says that its client asked to begin without an earlier session.
	Clean bool
	// Since is when its client connected, Left when it left, ns since 1970; 0 while it is
	// connected.
	Since, Left int64
	// User is whose it is, when somebody checked.
	User string
	// Will is nil for none; WillDelay is in seconds.
	Will      *msg.Message
	WillDelay uint32
	// filters are those of a record of version 1.
	filters []Filter
}

const (
	sessionVersion = 2
	sessionWhole   = 1 // the version before, with the session's filters
)

var errRecord = errors.New("record: malformed record of a session")

// The flags of a session.
const (
	sessionClean = 1 << iota
	sessionWill
)

func flag(on bool, bit byte) byte {
	if on {
		return bit
	}
	return 0
}

// Write gives the record in the place of what dst holds, and notes it in the trail.
func (s *Session) Write(dst []byte, t *Trail) []byte {
	dst = s.append(dst[:0])
	t.wroteSession(dst)
	return dst
}

func (s *Session) append(dst []byte) []byte {
	dst = append(dst, sessionVersion, byte(s.Version), flag(s.Clean, sessionClean)|flag(s.Will != nil, sessionWill))
	dst = binary.AppendUvarint(dst, uint64(s.Expiry))
	dst = binary.AppendVarint(dst, s.Since)
	dst = binary.AppendVarint(dst, s.Left)
	dst = appendText(dst, s.User)
	if s.Will != nil {
		dst = binary.AppendUvarint(dst, uint64(s.WillDelay))
		dst = appendText(dst, string(msg.AppendRecord(nil, s.Will, s.Will.Time)))
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// readSession reads what append has written.
func readSession(b []byte) (s Session, err error) {
	f := fields{msg.Fields{B: b}}
	version := f.Byte()
	if version != sessionVersion && version != sessionWhole {
		return s, errRecord
	}
	s.Version = packet.Version(f.Byte())
	flags := f.Byte()
	s.Clean = flags&sessionClean != 0
	s.Expiry, s.Since, s.Left, s.User = uint32(f.Uvarint()), f.Varint(), f.Varint(), f.text()
	if flags&sessionWill != 0 {
		s.WillDelay = uint32(f.Uvarint())
		var m msg.Message
		if _, err := msg.ReadRecord([]byte(f.text()), &m, 0); err != nil {
			return s, err
		}
		s.Will = &m
	}
	if version == sessionWhole {
		for n := f.Uvarint(); n > 0 && !f.Bad; n-- {
			s.filters = append(s.filters, f.filter())
		}
	}
	if f.Bad || len(f.B) > 0 {
		return s, errRecord
	}
	return s, nil
}

// fields takes a record apart.
type fields struct{ msg.Fields }

func (f *fields) text() string { return string(f.Bytes()) }

// AppendNames appends the record of the streams' names, by number less one.
func AppendNames(dst []byte, names []string) []byte {
	for _, name := range names {
		dst = appendText(dst, name)
	}
	return dst
}

// ReadNames reads what AppendNames has written, to where it is cut off.
func ReadNames(b []byte) (names []string) {
	for f := (fields{msg.Fields{B: b}}); len(f.B) > 0; {
		names = append(names, f.text())
	}
	return names
}
