package session

import (
	"encoding/binary"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Image is a PUBLISH that was encoded once for many receivers.
type Image struct {
	// Bytes is the packet; Deliver writes each client's identifier into it.
	Bytes []byte
	// IDAt is where the identifier goes.
	IDAt int
	// QoS is 0, 1 or 2.
	QoS byte
	// Expires says that the packet carries a message expiry interval.
	Expires bool
}

// Outcome is what became of a delivery.
type Outcome uint8

// The outcomes.
const (
	Sent    Outcome = iota // appended to the output
	Queued                 // waits for an acknowledgement or for room
	Dropped                // see the code
)

// Deliver sends the image, or keeps it back while the client has its receive
// maximum unacknowledged or room is false: the output holds as much as it may.
// Beyond the queue's bounds the message is dropped; the code says why.
func (s *Session) Deliver(dst []byte, m *Image, now int64, room bool) ([]byte, Outcome, fault.Code) {
	switch {
	case s.maxPacket > 0 && len(m.Bytes) > s.maxPacket: // [MQTT-3.1.2-24]
		return dst, Dropped, fault.PacketTooLarge
	case m.QoS == 0 && !room:
		return dst, Dropped, fault.SlowReader
	case m.QoS == 0:
		return s.send(dst, m.Bytes), Sent, 0
	}
	if room && s.queue.count == 0 {
		if id, ok := s.window.take(s.sendMax, awaited(m.QoS)); ok {
			packet.PatchID(m.Bytes, m.IDAt, id)
			return s.send(dst, m.Bytes), Sent, 0
		}
	}
	if s.queue.count >= s.limits.Queue || s.queue.bytes()+len(m.Bytes) > s.limits.QueueBytes {
		return dst, Dropped, fault.QueueFull
	}
	s.queue.push(waiting{image: m.Bytes, at: now, idAt: m.IDAt, expiryAt: m.expiryAt()})
	return dst, Queued, 0
}

// Waiting is how many messages are kept back.
func (s *Session) Waiting() int { return s.queue.count }

// Inflight is how many delivered messages the client has not acknowledged, or
// completed with QoS 2.
func (s *Session) Inflight() int { return s.window.count }

// Next sends a message that was kept back, if one may go now. expired says that
// its time had run out instead [MQTT-3.3.2-5].
func (s *Session) Next(dst []byte, now int64) (out []byte, sent, expired bool) {
	if s.queue.count == 0 || s.window.count >= s.sendMax {
		return dst, false, false
	}
	w := s.queue.pop()
	left, ok := w.remaining(now)
	if !ok {
		return dst, false, true
	}
	id, _ := s.window.take(s.sendMax, awaited(w.image[0]>>1&3))
	packet.PatchID(w.image, w.idAt, id)
	if w.expiryAt > 0 { // [MQTT-3.3.2-6]
		binary.BigEndian.PutUint32(w.image[w.expiryAt:], left)
	}
	dst = s.send(dst, w.image)
	s.queue.release(keepQueue)
	return dst, true, false
}

// awaited is what a message of that QoS awaits once it is sent.
func awaited(qos byte) phase {
	if qos == 2 {
		return awaitsReceived
	}
	return awaitsAck
}

// keepQueue is how much memory an empty queue keeps.
const keepQueue = 4 << 10

// expiryAt is where the expiry interval lies: it is the first property, behind
// the identifier and the properties' length.
func (m *Image) expiryAt() int {
	if !m.Expires {
		return 0
	}
	at := m.IDAt + 2
	for m.Bytes[at] >= 0x80 {
		at++
	}
	return at + 2
}

// remaining is what is left of the expiry interval, in seconds.
func (w *waiting) remaining(now int64) (seconds uint32, ok bool) {
	if w.expiryAt == 0 {
		return 0, true
	}
	whole := int64(binary.BigEndian.Uint32(w.image[w.expiryAt:]))
	gone := max(now-w.at, 0) / 1e9
	return uint32(max(whole-gone, 0)), gone < whole
}
