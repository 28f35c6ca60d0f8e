package session

import (
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// This file is about sessions that survive the process. The shell writes such a session
// down as its [Progress] whenever it has changed; what waits unsent is read from the log
// again. Three packets say that something is certain, so they go out after it was written:
// PUBLISH of QoS 2 (its identifier is taken), PUBREL (the message was received) and
// PUBCOMP (the identifier is free).

// Logged is where in the log a message stands; Stream counts from 1, and 0 is nowhere.
type Logged struct {
	Stream uint8
	At     msg.Position
}

// durable is what a session has to write down, and what waits for it.
type durable struct {
	changed bool         // since Write
	urgent  bool         // something is not sent before the next Write
	done    *completions // mostly nil
	// newest is the time of the newest QoS 2 message of the client, ns since 1970; pending
	// are those of which the log has yet to speak, by identifier, with their times.
	newest  int64
	pending map[uint16]int64
	floor   int64 // of a recovered session: HeldAsOf
}

// completions wait for the next Write, or for Written.
type completions struct{ due, writing []completion }

// completion is a PUBCOMP.
type completion struct {
	id     uint16
	reason byte
}

// Endure makes the session one that survives the process.
func (s *Session) Endure() {
	switch {
	case s.Durable():
	case s.flow == nil:
		s.folded = folded{durable: true, changed: true}
	default:
		s.flow.durable = &durable{changed: true}
	}
}

// Durable says whether the session survives the process.
func (s *Session) Durable() bool {
	return s.folded.durable || s.flow != nil && s.flow.durable != nil
}

// Changed says whether the session is to be written down.
func (s *Session) Changed() bool {
	return s.folded.changed || s.flow != nil && s.flow.durable != nil && s.flow.durable.changed
}

// Urgent says whether something waits for the session to be written down.
func (s *Session) Urgent() bool {
	return s.flow != nil && s.flow.durable != nil && s.flow.durable.urgent
}

// Touch notes that something of the session is to be written down that it does not know
// of itself.
func (s *Session) Touch() {
	if s.folded.durable {
		s.folded.changed = true
	}
	s.flow.touch()
}

func (f *flow) touch() {
	if f != nil && f.durable != nil {
		f.durable.changed = true
	}
}

// writesFirst says whether a message of that QoS may be sent only after its identifier
// was written down.
func (f *flow) writesFirst(qos byte) bool { return qos == 2 && f.durable != nil }

// reserve gives identifiers to the messages of QoS 2 at the head of the queue, as many as
// the client may have under way.
func (s *Session) reserve() {
	f := s.flow
	if f.durable == nil || s.state != serving {
		return
	}
	for f.queue.count > 0 {
		r, _ := f.queue.read(f.queue.front())
		if r.qos() != 2 {
			return
		}
		id, ok := f.window.take(int(s.sendMax), awaitsReceived)
		if !ok {
			return
		}
		f.window.stamp(id, r.at)
		f.window.keep(id, f.queue.reserve(id))
		f.durable.changed, f.durable.urgent = true, true
	}
}

// noteFirst has a PUBREC written down before it is answered; false says that it is to be
// answered at once.
func (s *Session) noteFirst(id uint16) bool {
	f := s.flow
	if f.durable == nil || f.window.phase(id) == awaitsComplete {
		return false
	}
	if f.window.phase(id) == awaitsReceived {
		f.forget(id)
		f.window.advance(id, awaitsNote)
		f.durable.changed, f.durable.urgent = true, true
	}
	return true
}

// complete has the end of a QoS 2 message of the client written down before PUBCOMP.
func (d *durable) complete(id uint16, reason byte) {
	if d.done == nil {
		d.done = new(completions)
	}
	d.done.due = append(d.done.due, completion{id, reason})
	d.changed, d.urgent = true, true
}

// cut ends what was for the connection that has ended: the client asks again.
func (d *durable) cut() {
	if d != nil {
		d.done = nil
	}
}

// stamp gives the times of a client's QoS 2 messages the order of their arrival, whatever
// the clock does.
func (d *durable) stamp(id uint16, now int64) int64 {
	d.newest = max(now, d.newest+1)
	if d.pending == nil {
		d.pending = map[uint16]int64{}
	}
	d.pending[id] = d.newest
	return d.newest
}

// spoken notes that the log has spoken of a QoS 2 message, or nobody will: it is taken, or
// was refused. Its PUBREC may still wait for others.
func (d *durable) spoken(id uint16) {
	if d != nil {
		delete(d.pending, id)
		d.changed = true
	}
}

// heldAsOf is the time up to which the log has spoken of every QoS 2 message.
func (d *durable) heldAsOf() int64 {
	at := d.newest
	for _, t := range d.pending {
		at = min(at, t-1)
	}
	return at
}

// Write appends what is to be written down now to dst: a [Progress] with next, by stream
// the first place that the session has not taken in. Until Written, what changes is for
// the next Write.
func (s *Session) Write(dst []byte, next []Logged) []byte {
	if s.folded.durable {
		s.folded.changed = false
		return Progress{Next: next, LastID: s.folded.lastID}.append(dst)
	}
	f := s.flow
	d := f.durable
	d.changed, d.urgent = false, false
	dst = s.progress(next).append(dst)
	if k := d.done; k != nil {
		k.writing, k.due = append(k.writing, k.due...), k.due[:0]
	}
	f.queue.regate(gated, 0, writing)
	f.window.replace(awaitsNote, awaitsWriting)
	return dst
}

// Written says that what Write returned is safe, and sends what waited for it; then Next
// may have more to send.
func (s *Session) Written(dst []byte) []byte {
	if s.folded.durable {
		return dst
	}
	f := s.flow
	f.queue.regate(writing, gated|writing, 0)
	for _, id := range f.window.released() {
		if f.window.phase(id) == awaitsWriting {
			f.window.advance(id, awaitsComplete)
			dst = s.tell(dst, packet.TypePubrel, id, packet.Success)
		}
	}
	if k := f.durable.done; k != nil {
		for _, c := range k.writing {
			dst = s.tell(dst, packet.TypePubcomp, c.id, c.reason)
		}
		k.writing = k.writing[:0]
	}
	return dst
}

// tell sends an acknowledgement to a client that is there.
func (s *Session) tell(dst []byte, t packet.Type, id uint16, reason byte) []byte {
	if s.state != serving {
		return dst
	}
	return packet.AppendAck(dst, t, id, reason, s.version)
}

// Unqueue drops what waits unsent and stands in the log, and calls f with the place of
// each, in the order of the queue: it is to come from there again. Sessions do so whose
// clients leave or do not keep up. bytes are those of its packet.
func (s *Session) Unqueue(f func(l Logged, bytes int)) {
	if s.flow == nil {
		return
	}
	q := &s.flow.queue
	var places []int
	q.each(func(at int, r record, waits bool) bool {
		if waits && r.logged.Stream != 0 && r.share == 0 {
			f(r.logged, len(r.image))
			places = append(places, at)
		}
		return true
	})
	for _, at := range places {
		if len(q.run) > 0 {
			q.remove(at)
		}
	}
	q.release(0)
}

// Places calls f for what of the log is in the queue by subscriptions of the client's own,
// oldest first, until it returns false; waits says that it was never sent.
func (s *Session) Places(f func(l Logged, waits bool) bool) {
	if s.flow == nil {
		return
	}
	s.flow.queue.each(func(_ int, r record, waits bool) bool {
		return r.logged.Stream == 0 || r.share != 0 || f(r.logged, waits)
	})
}

// OldestPlace is the place of the first message of a stream in the queue, which is the
// lowest: they come and are sent in the order of the log.
func (s *Session) OldestPlace(stream uint8) (at msg.Position, ok bool) {
	s.Places(func(l Logged, _ bool) bool {
		if ok = l.Stream == stream; ok {
			at = l.At
		}
		return !ok
	})
	return at, ok
}

// WaitingFrom is how many messages of the stream wait unsent, and the bytes of their
// packets.
func (s *Session) WaitingFrom(stream uint8) (n, bytes int) {
	if s.flow == nil {
		return 0, 0
	}
	s.flow.queue.each(func(_ int, r record, waits bool) bool {
		if waits && r.logged.Stream == stream && r.share == 0 {
			n++
			bytes += len(r.image)
		}
		return true
	})
	return n, bytes
}

// Forgo drops what waits of the stream and lies before the place, or came at that time
// (ns since 1970) or earlier; it says how many messages that were, and counts none.
func (s *Session) Forgo(stream uint8, before msg.Position, upTo int64) int {
	stay := false
	return s.dropWaiting(fault.Retention, func(r *record) bool {
		stay = stay || r.logged.Stream == stream && r.share == 0 && r.logged.At.Compare(before) >= 0 && r.at > upTo
		return !stay && r.logged.Stream == stream && r.share == 0
	})
}

// Lose counts messages that the client does not get.
func (s *Session) Lose(n uint64, code fault.Code) {
	f := s.flows()
	f.dropped += n
	f.lastDrop = code
}

// Unlogged says whether the queue has a message of QoS 1 or 2 that does not stand in the
// log.
func (s *Session) Unlogged() (has bool) {
	if s.flow == nil {
		return false
	}
	s.flow.queue.each(func(_ int, r record, _ bool) bool {
		has = r.logged.Stream == 0 && r.qos() > 0
		return !has
	})
	return has
}
