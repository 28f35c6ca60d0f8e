package broker

import (
	"encoding/binary"
	"errors"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// The kinds of records in the journal beside those of preserve: a durable session, its
// topic filters (filterrecord.go), how far it is with its client, the numbers of the
// streams, and a shared subscription.
const (
	kindSession  = 's'
	kindFilters  = 'f'
	kindProgress = 'p'
	kindStreams  = 'n'
	kindGroup    = 'g'
)

// sessionRecord is a durable session as it is written down, without its progress. Only
// version 1 has filters.
type sessionRecord struct {
	version   packet.Version
	expiry    uint32
	clean     bool
	since     int64 // when it connected, and
	left      int64 // when it left; 0 while it is connected
	user      string
	will      *msg.Message // nil is none
	willDelay uint32
	filters   []*subscription
}

const (
	sessionRecordVersion = 2
	sessionRecordWhole   = 1 // the version before, with the session's filters
)

var errSessionRecord = errors.New("broker: malformed session record")

// The flags of a session record, and of a subscription in it.
const (
	recordClean = 1 << iota
	recordWill
)

const (
	recordNoLocal = 1 << iota
	recordAsPublished
	recordDurable
	recordOwes
	recordSince
)

func flag(on bool, bit byte) byte {
	if on {
		return bit
	}
	return 0
}

// appendRecord appends the client's record; leftAt is when it left by the machine's clock.
func (c *client) appendRecord(dst []byte, leftAt int64) []byte {
	s := &c.session
	will, delay := s.KeptWill()
	if e := c.enduring; will == nil && e.firing != nil {
		will, delay = e.firing, 0
	}
	dst = append(dst, sessionRecordVersion, byte(s.Version()), flag(c.clean, recordClean)|flag(will != nil, recordWill))
	dst = binary.AppendUvarint(dst, uint64(s.Expiry()))
	dst = binary.AppendVarint(dst, c.since)
	dst = binary.AppendVarint(dst, leftAt)
	dst = appendText(dst, c.enduring.user)
	if will != nil {
		dst = binary.AppendUvarint(dst, uint64(delay))
		dst = appendText(dst, string(msg.AppendRecord(nil, will, will.Time)))
	}
	return dst
}

func (s *subscription) append(dst []byte) []byte {
	dst = appendText(dst, s.filter)
	dst = binary.AppendUvarint(dst, uint64(s.id))
	flags := flag(s.noLocal, recordNoLocal) | flag(s.asPublished, recordAsPublished) | flag(s.durable, recordDurable) | flag(s.owes, recordOwes)
	dst = append(dst, s.qos, s.handling, flags|flag(s.since != 0, recordSince))
	if s.since != 0 {
		dst = binary.AppendUvarint(dst, uint64(s.since))
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.begins)))
	for _, p := range s.begins {
		dst = binary.AppendUvarint(dst, p.Seq)
		dst = binary.AppendUvarint(dst, uint64(p.Index))
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// readSessionRecord reads what appendRecord has written; the subscriptions have no client
// yet.
func readSessionRecord(b []byte) (r sessionRecord, err error) {
	f := fields{msg.Fields{B: b}}
	version := f.Byte()
	if version != sessionRecordVersion && version != sessionRecordWhole {
		return r, errSessionRecord
	}
	r.version = packet.Version(f.Byte())
	flags := f.Byte()
	r.clean = flags&recordClean != 0
	r.expiry, r.since, r.left, r.user = uint32(f.Uvarint()), f.Varint(), f.Varint(), f.text()
	if flags&recordWill != 0 {
		r.willDelay = uint32(f.Uvarint())
		var m msg.Message
		if _, err := msg.ReadRecord([]byte(f.text()), &m, 0); err != nil {
			return r, err
		}
		r.will = &m
	}
	if version == sessionRecordWhole {
		for n := f.Uvarint(); n > 0 && !f.Bad; n-- {
			r.filters = append(r.filters, f.subscription())
		}
	}
	if f.Bad || len(f.B) > 0 {
		return r, errSessionRecord
	}
	return r, nil
}

// fields takes a session's record apart.
type fields struct{ msg.Fields }

func (f *fields) subscription() *subscription {
	s := &subscription{filter: f.text(), id: uint32(f.Uvarint()), qos: f.Byte(), handling: f.Byte()}
	flags := f.Byte()
	s.noLocal, s.asPublished, s.durable = flags&recordNoLocal != 0, flags&recordAsPublished != 0, flags&recordDurable != 0
	s.owes = flags&recordOwes != 0
	if flags&recordSince != 0 {
		s.since = uint32(f.Uvarint())
	}
	for n := f.Uvarint(); n > 0 && !f.Bad; n-- {
		s.begins = append(s.begins, msg.Position{Seq: f.Uvarint(), Index: uint32(f.Uvarint())})
	}
	f.Bad = f.Bad || s.filter == "" || s.qos > 2
	return s
}

func (f *fields) text() string { return string(f.Bytes()) }
