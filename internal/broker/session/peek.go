package session

import "github.com/millrace/millrace/internal/mqtt/packet"

// Pending is one message that the client has not got or is not done with.
type Pending struct {
	// ID is the packet identifier; 0 while it waits.
	ID uint16
	// Awaits is the packet that is due next from the client; 0 while it waits.
	Awaits packet.Type
	// Topic is empty where it is not known: a message of a session that ends with
	// its connection is not kept once it was sent.
	Topic string
	QoS   byte
	// Size is the packet's, in bytes; 0 where it is not known.
	Size int
	// Since is when the session got it, ns since 1970; 0 where it is not known.
	Since int64
}

// Flights are the messages that were sent and are not done with, at most n; now is
// the time.
func (s *Session) Flights(n int, now int64) (list []Pending) {
	if s.flow == nil {
		return nil
	}
	s.flow.queue.each(func(_ int, r record, waits bool) bool {
		if !waits && len(list) < n {
			p := r.pending()
			p.ID, p.Awaits = r.id, s.flow.window.phase(r.id).packet()
			list = append(list, p)
		}
		return !waits && len(list) < n
	})
	for _, f := range s.flow.window.ring {
		if f.id != 0 && !f.kept && len(list) < n {
			list = append(list, Pending{ID: f.id, Awaits: f.phase.packet(), QoS: f.phase.qos(), Since: now - f.age(now)})
		}
	}
	return list
}

// Queued are the messages that wait, oldest first, at most n.
func (s *Session) Queued(n int) (list []Pending) {
	if s.flow == nil {
		return nil
	}
	s.flow.queue.each(func(_ int, r record, waits bool) bool {
		if waits && len(list) < n {
			list = append(list, r.pending())
		}
		return len(list) < n
	})
	return list
}

// Held are the identifiers of QoS 2 messages from the client that it has not
// released, at most n; answered says that their PUBREC was sent.
func (s *Session) Held(n int, f func(id uint16, answered bool)) {
	if s.flow == nil {
		return
	}
	s.flow.exact.each(func(id uint16, answered bool) {
		if n--; n >= 0 {
			f(id, answered)
		}
	})
}

// Drops is how many messages the client did not get.
func (s *Session) Drops() uint64 {
	if s.flow == nil {
		return 0
	}
	return s.flow.dropped
}

// KeepAlive is in seconds; 0 is none.
func (s *Session) KeepAlive() int { return int(s.keepAlive) }

// PeekWill is the topic, quality, retain flag and payload size of the will, and its
// delay in seconds; ok says that there is one.
func (s *Session) PeekWill() (w packet.Will, ok bool) {
	if s.will == nil {
		return w, false
	}
	m := &s.will.message
	return packet.Will{Topic: m.Topic, Payload: m.Payload, QoS: m.QoS, Retain: m.Retain, Delay: s.will.delay}, true
}

func (r *record) pending() Pending {
	return Pending{Topic: string(packet.ImageTopic(r.image)), QoS: r.qos(), Size: len(r.image), Since: r.at}
}

func (p phase) packet() packet.Type {
	return [...]packet.Type{awaitsAck: packet.TypePuback, awaitsReceived: packet.TypePubrec, awaitsComplete: packet.TypePubcomp}[p]
}

func (p phase) qos() byte {
	if p == awaitsAck {
		return 1
	}
	return 2
}
