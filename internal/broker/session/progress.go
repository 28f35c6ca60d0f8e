package session

import (
	"encoding/binary"
	"errors"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// Progress is how far a durable session is with its client, as it is written down.
type Progress struct {
	// Next is, by stream, the first place that the session has not taken in.
	Next []Logged
	// Open are the messages that have an identifier and are not done with, in the order
	// of their sending.
	Open []Open
	// LastID is the packet identifier that was given last.
	LastID uint16
	// Held are the identifiers of QoS 2 messages taken from the client and not released, but
	// for those of which the log has yet to speak; HeldAsOf is a time before all of these.
	Held     []uint16
	HeldAsOf int64
	// Dropped is how many messages the client did not get.
	Dropped uint64
}

// Open is a message with an identifier. Of one that was Received PUBREC has come, and
// its place is of no more interest. Shared says that it came by a shared subscription,
// Exact that it was sent with QoS 2.
type Open struct {
	ID       uint16
	Received bool
	Shared   bool
	Exact    bool
	Place    Logged
}

var errProgress = errors.New("session: malformed progress")

// progressVersion is the first byte of a progress.
const progressVersion = 2

// The flags of an open message.
const (
	openReceived = 1 << iota
	openShared
	openExact
	openFlags = iota // how many
)

func (s *Session) progress(next []Logged) Progress {
	f := s.flow
	p := Progress{Next: next, LastID: f.window.last, HeldAsOf: f.durable.heldAsOf(), Dropped: f.dropped}
	f.queue.each(func(_ int, r record, waits bool) bool {
		if waits {
			return false
		}
		p.Open = append(p.Open, Open{ID: r.id, Shared: r.share != 0, Exact: r.qos() == 2, Place: r.logged})
		return true
	})
	for _, id := range f.window.released() {
		p.Open = append(p.Open, Open{ID: id, Received: true})
	}
	f.exact.each(func(id uint16, _ bool) {
		if _, pending := f.durable.pending[id]; !pending {
			p.Held = append(p.Held, id)
		}
	})
	return p
}

func (p Progress) append(dst []byte) []byte {
	dst = append(dst, progressVersion)
	dst = binary.AppendUvarint(dst, uint64(p.LastID))
	dst = binary.AppendUvarint(dst, p.Dropped)
	dst = binary.AppendVarint(dst, p.HeldAsOf)
	dst = binary.AppendUvarint(dst, uint64(len(p.Next)))
	for _, l := range p.Next {
		dst = l.append(dst)
	}
	dst = binary.AppendUvarint(dst, uint64(len(p.Open)))
	for _, o := range p.Open {
		flags := uint64(0)
		if o.Received {
			flags = openReceived
		}
		if o.Shared {
			flags |= openShared
		}
		if o.Exact {
			flags |= openExact
		}
		dst = binary.AppendUvarint(dst, uint64(o.ID)<<openFlags|flags)
		if !o.Received {
			dst = o.Place.append(dst)
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(p.Held)))
	for _, id := range p.Held {
		dst = binary.AppendUvarint(dst, uint64(id))
	}
	return dst
}

func (l Logged) append(dst []byte) []byte {
	dst = append(dst, l.Stream)
	dst = binary.AppendUvarint(dst, l.At.Seq)
	return binary.AppendUvarint(dst, uint64(l.At.Index))
}

// ReadProgress reads what Write has written.
func ReadProgress(b []byte) (p Progress, err error) {
	r := progressReader{msg.Fields{B: b}}
	version := r.Byte()
	if version == 0 || version > progressVersion {
		return p, errProgress
	}
	p.LastID, p.Dropped = r.id(), r.Uvarint()
	p.HeldAsOf = r.Varint()
	for range r.count() {
		next := r.place()
		r.Bad = r.Bad || next.Stream == 0 // what came by no stream has a place among the open alone
		p.Next = append(p.Next, next)
	}
	for range r.count() {
		n := r.Uvarint()
		if version == 1 {
			n = n>>1<<openFlags | n&openReceived | openExact
		}
		o := Open{ID: uint16(n >> openFlags), Received: n&openReceived != 0, Shared: n&openShared != 0, Exact: n&openExact != 0}
		r.Bad = r.Bad || n>>(16+openFlags) != 0 || o.ID == 0
		if !o.Received {
			o.Place = r.place()
		}
		p.Open = append(p.Open, o)
	}
	for range r.count() {
		p.Held = append(p.Held, r.id())
	}
	if r.Bad || len(r.B) > 0 {
		return Progress{}, errProgress
	}
	return p, nil
}

// progressReader takes a progress apart.
type progressReader struct{ msg.Fields }

// count is how many of something follow, each a byte at least.
func (r *progressReader) count() int {
	n := r.Uvarint()
	if n > uint64(len(r.B)) {
		r.Bad = true
		return 0
	}
	return int(n)
}

func (r *progressReader) id() uint16 {
	v := r.Uvarint()
	r.Bad = r.Bad || v > 1<<16-1
	return uint16(v)
}

func (r *progressReader) place() Logged {
	l := Logged{Stream: r.Byte()}
	l.At.Seq = r.Uvarint()
	l.At.Index = r.Uint32()
	return l
}

// Recovered returns the durable session of a client as it was written down, waiting for
// its client. expiry is how long it outlives a connection, in seconds. Refill gives it
// the messages that are open, Hold what the log knows of the client's own.
func Recovered(l *Limits, id string, v packet.Version, expiry uint32, p *Progress) Session {
	s := Session{limits: l, version: v, state: away}
	s.setID(id)
	s.expiry = expiry
	s.folded = folded{lastID: p.LastID, durable: true}
	if len(p.Open)+len(p.Held) == 0 && p.HeldAsOf == 0 && p.Dropped == 0 {
		return s
	}
	f := s.flows()
	f.durable.newest, f.durable.floor, f.dropped = p.HeldAsOf, p.HeldAsOf, p.Dropped
	for _, id := range p.Held {
		f.exact.add(id)
		f.exact.answer(id)
	}
	for _, o := range p.Open {
		if o.Received {
			f.window.enter(o.ID, awaitsComplete)
		}
	}
	return s
}

// Refill puts an open message of the progress back, in their order and before anything
// else is delivered. at is when the message came, ns since 1970; share is as in
// DeliverShared.
func (s *Session) Refill(o Open, m *Image, share uint32, at int64) {
	f := s.flows()
	r := recordOf(m, share, at)
	r.id, r.logged = o.ID, o.Place
	f.window.enter(o.ID, awaited(r.qos()))
	f.window.stamp(o.ID, at)
	f.window.keep(o.ID, f.queue.keep(r, &f.window))
}

// Hold notes that the log has a QoS 2 message of the client with that identifier and
// time; one that the progress knows of is passed over.
func (s *Session) Hold(id uint16, at int64) {
	d := s.flows().durable
	if at <= d.floor {
		return
	}
	d.newest, d.changed = max(d.newest, at), true
	if held, _ := s.held(id); !held {
		s.flow.exact.add(id)
		s.flow.exact.answer(id)
	}
}
