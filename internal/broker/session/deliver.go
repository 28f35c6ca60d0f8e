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
	// Of is the QoS that the message was published with.
	Of byte
	// Expires says that the packet carries a message expiry interval.
	Expires bool
	// V5 says that it is an MQTT 5 packet.
	V5 bool
	// Whole is the same message as an MQTT 5 packet, to be kept in the place of one
	// that cannot carry its properties; nil when nothing is lost.
	Whole *Image
	// Logged is where the message stands in the log; a durable session that has no room
	// for it gets it from there later.
	Logged Logged
}

// Outcome is what became of a delivery.
type Outcome uint8

// The outcomes.
const (
	Sent    Outcome = iota // appended to the output
	Queued                 // waits for an acknowledgement or for room
	Dropped                // see the code
	Behind                 // there is no room: it is to come from the log later
)

// Policy is what gives way when a message finds its client's queue full.
type Policy uint8

// The policies.
const (
	DropNewest    Policy = iota // the message itself
	DropOldest                  // the messages that have waited longest
	DropQoS0First               // waiting messages of QoS 0, then the message itself
	Disconnect                  // the connection; while there is none, the message itself
)

// Deliver sends the image, or keeps it back while the client is away, has its
// receive maximum unacknowledged or room is false: the output holds as much as it
// may. Beyond the queue's bounds Limits.Policy decides: after Queued, Evicted says
// what gave way; with Dropped, the code says why, and QueueOverrun asks the shell to
// close the connection.
func (s *Session) Deliver(dst []byte, m *Image, now int64, room bool) ([]byte, Outcome, fault.Code) {
	return s.DeliverShared(dst, m, 0, now, room)
}

// DeliverShared is Deliver for a message that came by a shared subscription, which
// the shell gives a number from 1 on: Unsettled tells it again.
func (s *Session) DeliverShared(dst []byte, m *Image, share uint32, now int64, room bool) ([]byte, Outcome, fault.Code) {
	f := s.flow
	switch {
	case s.state == away:
		return s.deliverAway(dst, m, share, now)
	case s.maxPacket > 0 && len(m.Bytes) > int(s.maxPacket): // [MQTT-3.1.2-24]
		return dst, Dropped, s.drop(fault.PacketTooLarge)
	case m.QoS == 0 && room && (f == nil || f.queue.zeroes == 0):
		return s.send(dst, m.Bytes), Sent, 0
	case m.QoS == 0 && !s.limits.QueueQoS0:
		return dst, Dropped, s.drop(fault.SlowReader)
	}
	if f == nil {
		f = s.flows()
	}
	if m.QoS > 0 && room && f.queue.count == 0 && f.queue.unsent == 0 && (!s.keeps(share) || s.mayKeep(m)) && !f.writesFirst(m.QoS) {
		if id, ok := f.window.take(int(s.sendMax), awaited(m.QoS)); ok {
			f.window.stamp(id, now)
			if s.keeps(share) {
				f.keep(m, id, share, now)
			}
			packet.PatchID(m.Bytes, m.IDAt, id)
			return s.send(dst, m.Bytes), Sent, 0
		}
	}
	return s.enqueue(dst, m, share, now)
}

// deliverAway keeps a message for a client that has no connection.
func (s *Session) deliverAway(dst []byte, m *Image, share uint32, now int64) ([]byte, Outcome, fault.Code) {
	if m.QoS == 0 && !s.limits.QueueQoS0 {
		return dst, Dropped, s.drop(fault.Away)
	}
	return s.enqueue(dst, m, share, now)
}

// keeps says whether a message that is sent is kept until it is acknowledged.
func (s *Session) keeps(share uint32) bool { return s.expiry > 0 || share != 0 }

// mayKeep says whether a message that is sent at once may be kept, too. One may,
// however large it is.
func (s *Session) mayKeep(m *Image) bool {
	held, size := s.flow.queue.bytes(), recordHeader+len(m.Bytes)
	return s.tally.fits(held, size) && (held == 0 || held+size <= s.limits.QueueBytes)
}

// keep puts a message that is being sent into the queue, so that it can be sent
// again.
func (f *flow) keep(m *Image, id uint16, share uint32, now int64) {
	r := recordOf(m, share, now)
	r.id = id
	f.window.keep(id, f.queue.keep(r, &f.window))
}

func recordOf(m *Image, share uint32, now int64) record {
	of, logged := m.Of, m.Logged
	if m.Whole != nil {
		m = m.Whole
	}
	r := record{image: m.Bytes, at: now, idAt: m.IDAt, expiryAt: m.expiryAt(), share: share, of: of, logged: logged}
	if m.V5 {
		r.flags = v5
	}
	return r
}

func (s *Session) enqueue(dst []byte, m *Image, share uint32, now int64) ([]byte, Outcome, fault.Code) {
	r := recordOf(m, share, now)
	if (s.Durable() || share != 0) && r.logged.Stream != 0 {
		if s.flows().queue.bytes() > 0 && !s.hasRoom(&r) {
			return dst, Behind, 0
		}
	} else if code, ok := s.makeRoom(&r); !ok {
		return dst, Dropped, s.drop(code)
	}
	f := s.flows()
	f.queue.push(r, &f.window)
	s.reserve()
	return dst, Queued, 0
}

// makeRoom drops what the policy says until there is room for the record.
func (s *Session) makeRoom(r *record) (fault.Code, bool) {
	f, l := s.flows(), s.limits
	full := func() bool { return s.full(r) }
	if s.allFull(r) {
		return fault.QueueMemory, false
	}
	if !full() {
		return 0, true
	}
	switch {
	case l.Policy == DropOldest:
		for full() && f.queue.count > 0 {
			s.evict(f.queue.front(), fault.QueueOldest)
		}
	case l.Policy == DropQoS0First:
		for full() && f.queue.zeroes > 0 {
			s.evict(f.queue.oldestZero(), fault.QueueQoS0)
		}
	case l.Policy == Disconnect && s.state == serving:
		return fault.QueueOverrun, false
	}
	return fault.QueueFull, !full()
}

// full says whether the session's own queue has no room for the record, allFull whether
// those of all sessions together have none.
func (s *Session) full(r *record) bool {
	q := &s.flows().queue
	return q.count >= s.limits.Queue || q.bytes()+recordHeader+len(r.image) > s.limits.QueueBytes
}

func (s *Session) allFull(r *record) bool {
	return !s.tally.fits(s.flows().queue.bytes(), recordHeader+len(r.image))
}

func (s *Session) hasRoom(r *record) bool { return !s.full(r) && !s.allFull(r) }

func (s *Session) evict(at int, code fault.Code) {
	s.tellLost(at, code)
	s.flow.queue.remove(at)
	s.flow.evicted++
	s.flow.evictedBy = s.drop(code)
}

// Evicted is how many messages have given way to others since it was asked last,
// and the reason.
func (s *Session) Evicted() (n int, code fault.Code) {
	if s.flow == nil {
		return 0, 0
	}
	n, s.flow.evicted = s.flow.evicted, 0
	return n, s.flow.evictedBy
}

// Miss counts a message that the shell does not give to the client.
func (s *Session) Miss(code fault.Code) fault.Code { return s.drop(code) }

// NextSize is how many bytes Next would send, or nearly so; something must wait.
func (s *Session) NextSize() int {
	q := &s.flow.queue
	if q.unsent > 0 {
		return q.sizeAt(q.again())
	}
	return q.sizeAt(q.front())
}

// drop counts a message that the client does not get.
func (s *Session) drop(code fault.Code) fault.Code {
	f := s.flows()
	f.dropped++
	f.lastDrop = code
	return code
}

// Outlived counts a message whose time ran out before it could be delivered.
func (s *Session) Outlived() fault.Code { return s.drop(fault.Expired) }

// Waiting is how many messages are kept back or have to be sent again.
func (s *Session) Waiting() int {
	if s.flow == nil {
		return 0
	}
	return s.flow.queue.count + s.flow.queue.unsent
}

// Inflight is how many delivered messages the client has not acknowledged, or
// completed with QoS 2.
func (s *Session) Inflight() int {
	if s.flow == nil {
		return 0
	}
	return s.flow.window.count
}

// Next sends the next message that was kept back or has to be sent again, if one
// may go now; Queued says that none may. Dropped says that one was dropped instead,
// and why: its time has run out [MQTT-3.3.2-5] or the client takes no packet as
// large.
func (s *Session) Next(dst []byte, now int64) ([]byte, Outcome, fault.Code) {
	f := s.flow
	switch {
	case f == nil:
		return dst, Queued, 0
	case f.queue.unsent > 0:
		s.reserve()
		return s.resend(dst, now)
	case f.queue.count > 0:
		return s.first(dst, now)
	}
	return dst, Queued, 0
}

// first sends the oldest message that waits.
func (s *Session) first(dst []byte, now int64) ([]byte, Outcome, fault.Code) {
	f := s.flow
	at := f.queue.front()
	r, _ := f.queue.read(at)
	qos := r.qos()
	if qos > 0 && f.window.count >= int(s.sendMax) {
		return dst, Queued, 0
	}
	if f.writesFirst(qos) {
		s.reserve()
		return dst, Queued, 0
	}
	left, ok := r.remaining(now)
	if !ok {
		s.tellLost(at, fault.Expired)
		f.queue.remove(at)
		return dst, Dropped, s.drop(fault.Expired)
	}
	var id uint16
	if qos > 0 {
		id, _ = f.window.take(int(s.sendMax), awaited(qos))
		f.window.stamp(id, r.at)
	}
	out, ok := s.sendRecord(dst, &r, left, id, false)
	s.tellSent(id, r.at)
	if !ok {
		s.tellLost(at, fault.PacketTooLarge)
	}
	if ok && id > 0 && s.keeps(r.share) {
		f.window.keep(id, f.queue.sent(id))
		return out, Sent, 0
	}
	f.queue.remove(at)
	f.queue.release(keepQueue)
	if ok {
		return out, Sent, 0
	}
	if id > 0 {
		f.window.release(id)
	}
	return dst, Dropped, s.drop(fault.PacketTooLarge)
}

// resend sends the oldest message that the client did not acknowledge on an earlier
// connection [MQTT-4.4.0-1], in the order of then [MQTT-4.6.0-1]. One of QoS 1 may
// expire; one of QoS 2 may be with the client already, which would take another
// message under its identifier for it.
func (s *Session) resend(dst []byte, now int64) ([]byte, Outcome, fault.Code) {
	f := s.flow
	if f.window.count-f.queue.unsent >= int(s.sendMax) {
		return dst, Queued, 0
	}
	at := f.queue.again()
	r, _ := f.queue.read(at)
	if r.flags&gated != 0 {
		return dst, Queued, 0
	}
	left, ok := r.remaining(now)
	if !ok && r.qos() == 1 {
		s.tellLost(at, fault.Expired)
		f.land(r.id)
		return dst, Dropped, s.drop(fault.Expired)
	}
	out, ok := s.sendRecord(dst, &r, max(left, 1), r.id, r.flags&unborn == 0)
	s.tellSent(r.id, r.at)
	if !ok { // [MQTT-3.1.2-25]
		s.tellLost(at, fault.PacketTooLarge)
		f.land(r.id)
		return dst, Dropped, s.drop(fault.PacketTooLarge)
	}
	f.queue.run[at+flagsInHeader] &^= byte(unborn)
	f.queue.resent()
	return out, Sent, 0
}

// land is done with a message in flight.
func (f *flow) land(id uint16) {
	f.forget(id)
	f.window.release(id)
	f.touch()
}

// forget is done with the image of a message in flight.
func (f *flow) forget(id uint16) {
	if at, kept := f.window.letGo(id); kept {
		f.queue.remove(f.queue.place(at))
	}
}

// sendRecord appends the record's packet for this connection's version; false says
// that the client does not take one as large.
func (s *Session) sendRecord(dst []byte, r *record, left uint32, id uint16, dup bool) ([]byte, bool) {
	if (r.flags&v5 != 0) != (s.version == packet.V5) {
		return s.translate(dst, r, left, id, dup)
	}
	if s.maxPacket > 0 && len(r.image) > int(s.maxPacket) { // [MQTT-3.1.2-24]
		return dst, false
	}
	if r.idAt > 0 {
		packet.PatchID(r.image, r.idAt, id)
	}
	if dup { // [MQTT-3.3.1-1]
		packet.PatchDup(r.image)
	}
	if r.expiryAt == 0 {
		return s.send(dst, r.image), true
	}
	interval := r.image[r.expiryAt : r.expiryAt+4]
	whole := binary.BigEndian.Uint32(interval)
	binary.BigEndian.PutUint32(interval, left) // [MQTT-3.3.2-6]
	dst = s.send(dst, r.image)
	binary.BigEndian.PutUint32(interval, whole)
	return dst, true
}

// translate is sendRecord for a client that has come back with another version.
func (s *Session) translate(dst []byte, r *record, left uint32, id uint16, dup bool) ([]byte, bool) {
	var p packet.Publish
	if r.idAt > 0 {
		packet.PatchID(r.image, r.idAt, id)
	}
	if err := r.decode(&p); err != nil {
		return dst, false // cannot be: the image was encoded by this process
	}
	p.Dup = dup
	if p.HasExpiry {
		p.Expiry = left
	}
	if s.maxPacket > 0 && p.Size(s.version) > int(s.maxPacket) { // [MQTT-3.1.2-24]
		return dst, false
	}
	return p.Append(dst, s.version), true
}

// decode reads the record's packet; p points into it.
func (r *record) decode(p *packet.Publish) error {
	if r.flags&v5 != 0 {
		return p.Decode(r.image, packet.V5)
	}
	return p.Decode(r.image, packet.V311)
}

// awaited is what a message of that QoS awaits once it is sent.
func awaited(qos byte) phase {
	if qos == 2 {
		return awaitsReceived
	}
	return awaitsAck
}

func (r *record) qos() byte { return r.image[0] >> 1 & 3 }

// expiryAt is where the expiry interval lies: it is the first property, behind
// the identifier and the properties' length.
func (m *Image) expiryAt() int {
	if !m.Expires {
		return 0
	}
	at := m.IDAt + 2
	if m.QoS == 0 {
		at = topicEnd(m.Bytes)
	}
	for m.Bytes[at] >= 0x80 {
		at++
	}
	return at + 2
}

// topicEnd is where the topic of an encoded PUBLISH ends.
func topicEnd(image []byte) int {
	at := 1
	for image[at] >= 0x80 {
		at++
	}
	at++
	return at + 2 + int(binary.BigEndian.Uint16(image[at:]))
}

// remaining is what is left of the expiry interval, in seconds.
func (r *record) remaining(now int64) (seconds uint32, ok bool) {
	if r.expiryAt == 0 {
		return 0, true
	}
	whole := int64(binary.BigEndian.Uint32(r.image[r.expiryAt:]))
	passed := max(now-r.at, 0) / 1e9
	return uint32(max(whole-passed, 0)), passed < whole
}
