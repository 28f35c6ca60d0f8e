package session

import (
	"bytes"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// State is what a session keeps from connection to connection, as a value that can
// be written down and read again. Subscriptions are the shell's.
type State struct {
	// ClientID is the client identifier, Version what its client spoke last.
	ClientID string
	Version  packet.Version
	// Expiry is how long the session outlives its connection, in seconds.
	Expiry uint32
	// Will is the will that has not been published, WillDelay its delay in seconds;
	// nil is none.
	Will      *msg.Message
	WillDelay uint32
	// Held are the identifiers of QoS 2 messages taken from the client and not
	// released; of Answered the PUBREC was sent.
	Held, Answered []uint16
	// Released are the identifiers of QoS 2 messages for which PUBCOMP is due,
	// oldest first.
	Released []uint16
	// LastID is the packet identifier that was given last.
	LastID uint16
	// Messages are those for the client, oldest first.
	Messages []Message
	// Dropped is how many messages the client did not get.
	Dropped uint64
}

// Message is one message for the client: sent and not acknowledged when it has an
// identifier, else waiting.
type Message struct {
	// Image is the PUBLISH packet, of MQTT 5 when V5 says so.
	Image []byte
	V5    bool
	// Of is the QoS that it was published with, Share the number of the shared
	// subscription by which it came.
	Of    byte
	Share uint32
	// ID is the packet identifier; 0 is none.
	ID uint16
	// At is when the session got it, ns since 1970: its expiry counts from then.
	At int64

	idAt, expiryAt int
}

// State returns a copy of what lasts.
func (s *Session) State() State {
	st := State{ClientID: string(s.publisher()), Version: s.version, Expiry: s.expiry}
	if s.will != nil {
		m := s.will.message.Clone()
		st.Will, st.WillDelay = &m, s.will.delay
	}
	f := s.flow
	if f == nil {
		return st
	}
	f.exact.each(func(id uint16, answered bool) {
		if st.Held = append(st.Held, id); answered {
			st.Answered = append(st.Answered, id)
		}
	})
	st.Released, st.LastID, st.Dropped = f.window.released(), f.window.last, f.dropped
	f.queue.each(func(_ int, r record, waits bool) bool {
		m := Message{Image: bytes.Clone(r.image), V5: r.flags&v5 != 0, Of: r.of, Share: r.share, At: r.at, idAt: r.idAt, expiryAt: r.expiryAt}
		if !waits {
			m.ID = r.id
		}
		st.Messages = append(st.Messages, m)
		return true
	})
	return st
}

// Restored returns the session of the state, waiting for its client.
func Restored(l *Limits, st State) Session {
	s := Session{limits: l, version: st.Version, state: away}
	s.setID(st.ClientID)
	s.expiry = st.Expiry
	if st.Will != nil {
		s.will = &will{st.Will.Clone(), st.WillDelay}
	}
	f := s.flows()
	for _, id := range st.Held {
		f.exact.add(id)
	}
	for _, id := range st.Answered {
		f.exact.answer(id)
	}
	for _, id := range st.Released {
		f.window.enter(id, awaitsComplete)
	}
	for i := range st.Messages {
		f.restore(&st.Messages[i])
	}
	f.window.last, f.dropped = st.LastID, st.Dropped
	return s
}

func (f *flow) restore(m *Message) {
	r := record{image: m.Image, at: m.At, idAt: m.idAt, expiryAt: m.expiryAt, share: m.Share, id: m.ID, of: m.Of}
	if m.V5 {
		r.flags = v5
	}
	if r.idAt == 0 && r.qos() > 0 { // the state was read from somewhere
		r.idAt = topicEnd(m.Image)
	}
	if m.V5 && r.expiryAt == 0 {
		r.expiryAt = findExpiry(m.Image)
	}
	if m.ID == 0 {
		f.queue.push(r, &f.window)
		return
	}
	f.window.enter(m.ID, awaited(r.qos()))
	f.window.keep(m.ID, f.queue.keep(r, &f.window))
}

// findExpiry is where the expiry interval of an MQTT 5 PUBLISH lies, which this
// package puts first among its properties; 0 is nowhere.
func findExpiry(image []byte) int {
	at := topicEnd(image)
	if image[0]>>1&3 > 0 {
		at += 2
	}
	for image[at] >= 0x80 {
		at++
	}
	if image[at] == 0 || at+1 >= len(image) || packet.PropertyID(image[at+1]) != packet.MessageExpiry {
		return 0
	}
	return at + 2
}
