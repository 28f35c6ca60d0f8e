package session

import (
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// Never is the session expiry of a session that is kept for ever.
const Never = 1<<32 - 1

// expiry is how long a session is kept for that a client asks to keep.
func (l *Limits) expiry(asked uint32) uint32 {
	if l.SessionExpiry > 0 {
		return min(asked, l.SessionExpiry)
	}
	return asked
}

// Lasts says whether the client of a CONNECT asks for a session that outlives the
// connection.
func Lasts(c *packet.Connect) bool {
	if c.Version == packet.V5 {
		return c.SessionExpiry > 0
	}
	return !c.CleanStart
}

// setExpiry decides how long the session outlives its connection.
func (s *Session) setExpiry(c *packet.Connect, unkept bool) {
	s.unkept = unkept && Lasts(c)
	switch {
	case unkept || !Lasts(c):
		s.expiry = 0
	case s.version == packet.V5:
		s.expiry = s.limits.expiry(c.SessionExpiry)
	default:
		s.expiry = s.limits.expiry(s.limits.SessionExpiry3)
	}
}

// Expiry is how long the session outlives its connection, in seconds; Never is for
// ever, and 0 says that it ends with it.
func (s *Session) Expiry() uint32 { return s.expiry }

// Unkept says that the session ends with its connection though the client asked
// for more.
func (s *Session) Unkept() bool { return s.unkept }

// Away says whether the session waits for its client.
func (s *Session) Away() bool { return s.state == away }

// Leave ends the connection. When false comes back, the session has ended with it;
// else it keeps what is for the client until Resume. What the server still owes the
// client answers for goes to Owed.
func (s *Session) Leave() (stays bool, owed Owed) {
	if s.expiry == 0 || s.id == nil {
		s.state = ended
		return false, Owed{}
	}
	if s.acks != nil && s.acks.count > s.acks.once {
		s.settleBehind()
		owed = Owed{s.acks}
	}
	s.acks, s.aliases, s.numbering = nil, nil, nil
	s.maxPacket, s.keepAlive = 0, 0
	s.state = away
	if s.flow != nil {
		s.flow.queue.release(0)
		s.flow.exact.spare = nil
		s.flow.durable.cut()
	}
	return true, owed
}

// settleBehind takes the log's word on the QoS 2 messages whose PUBREC waited for others:
// nobody says it again.
func (s *Session) settleBehind() {
	for i := range Place(s.acks.count) {
		switch k := s.acks.at(s.acks.head + i); {
		case !k.exact || !k.settled:
		case k.refuses():
			s.refused(k.id)
		default:
			s.answered(*k)
		}
	}
}

// Resume gives the session to the connection on which fresh has taken CONNECT; it
// is to be accepted next.
func (s *Session) Resume(fresh *Session) {
	l, k := s.lasting, s.folded
	*s = *fresh
	s.lasting, s.folded = l, k
}

// restart begins another connection with what is under way.
func (s *Session) restart(dst []byte) []byte {
	f := s.flow
	if f == nil {
		return dst
	}
	f.exact.restart()
	f.queue.restart()
	for _, id := range f.window.released() {
		if f.window.phase(id) != awaitsComplete {
			continue // PUBREL goes when it is written down
		}
		dst = packet.AppendAck(dst, packet.TypePubrel, id, packet.Success, s.version)
	}
	return dst
}

// Unsettled tells, oldest first, the messages of shared subscriptions that another
// member is to get when the session ends: those that wait, and of those that were
// sent the unacknowledged ones of QoS 1, not those of QoS 2 [MQTT-4.8.2-5]. With
// waiting it tells the former alone. What is in m is valid until f returns.
func (s *Session) Unsettled(now int64, waiting bool, f func(share uint32, m *msg.Message)) {
	if s.flow == nil {
		return
	}
	var p packet.Publish
	s.flow.queue.each(func(_ int, r record, waits bool) bool {
		if r.share == 0 || r.logged.Stream != 0 || !waits && (waiting || r.qos() != 1) {
			return true // what is in the log comes from there again
		}
		left, ok := r.remaining(now)
		if r.idAt > 0 {
			packet.PatchID(r.image, r.idAt, 1)
		}
		if ok && r.decode(&p) == nil {
			f(r.share, &msg.Message{
				Topic: p.Topic, Payload: p.Payload, Properties: p.Properties, Time: now, Expiry: left, QoS: r.of,
			})
		}
		return true
	})
}

// Drop ends the waiting messages of a shared subscription, 0 those of all, without
// counting them.
func (s *Session) Drop(share uint32) {
	s.dropWaiting(0, func(r *record) bool { return r.share != 0 && (share == 0 || r.share == share) })
}

// Withhold drops what waits on the topics for which denied is true, and says how many
// messages that were. What was sent is with the client already.
func (s *Session) Withhold(denied func(topic []byte) bool) int {
	n := s.dropWaiting(fault.AccessRevoked, func(r *record) bool { return denied(packet.ImageTopic(r.image)) })
	for range n {
		s.drop(fault.AccessRevoked)
	}
	return n
}

// dropWaiting ends the waiting messages that f is true of; why is 0 when others get them.
func (s *Session) dropWaiting(why fault.Code, f func(*record) bool) int {
	if s.flow == nil {
		return 0
	}
	q := &s.flow.queue
	var places []int
	q.each(func(at int, r record, waits bool) bool {
		if waits && f(&r) {
			places = append(places, at)
		}
		return true
	})
	for _, at := range places {
		if why != 0 {
			s.tellLost(at, why)
		}
		q.remove(at) // the last that is in use goes last: until then the run stays
	}
	return len(places)
}

// Unshare lets what was sent by a shared subscription be the session's own.
func (s *Session) Unshare(share uint32) {
	if s.flow != nil {
		s.flow.queue.unshare(share)
	}
}

// Discard ends what is kept for the client, and says how many messages it did not
// get.
func (s *Session) Discard() (n int) {
	if s.flow == nil {
		return 0
	}
	s.flow.queue.each(func(at int, r record, waits bool) bool {
		if r.share == 0 || !waits && r.qos() == 2 {
			s.tellLost(at, fault.SessionEnded)
			n++
		}
		return true
	})
	s.flow.queue.clear()
	s.flow.dropped += uint64(n)
	return n
}

// Owed are PUBRECs that were due when a connection ended: the log has yet to say
// whether it takes the messages.
type Owed struct{ acks *acks }

// Any says whether there are any.
func (o Owed) Any() bool { return o.acks != nil }

// Owes says whether one of them is still open.
func (s *Session) Owes(o Owed) bool {
	for i := range Place(o.acks.count) {
		if k := o.acks.at(o.acks.head + i); k.exact {
			if held, answered := s.held(k.id); held && !answered {
				return true
			}
		}
	}
	return false
}

// SettleOwed decides one of them, for the session that the connection had. again
// says that the client has sent the message again: then it is answered, unless its
// version has no word for a refusal.
func (s *Session) SettleOwed(dst []byte, o Owed, p Place, answer Answer) (out []byte, again bool) {
	a := o.acks
	if int(p-a.head) < a.count && a.at(p).exact {
		dst, again = s.settleFormer(dst, *a.at(p), answer)
	}
	a.settle(p, answer)
	for _, ok := a.next(); ok; _, ok = a.next() {
	}
	return dst, again
}

func (s *Session) settleFormer(dst []byte, k ack, answer Answer) (out []byte, again bool) {
	if s.flow == nil {
		return dst, false
	}
	now, again := s.acks.find(k.id)
	switch {
	case again && (!answer.refuses() || s.CanRefuse()):
		if !answer.refuses() {
			s.answered(k)
		}
		return s.Settle(dst, now, answer), true
	case answer.refuses():
		s.refused(k.id)
	default:
		s.answered(k)
	}
	return dst, again
}

// Withdraw forgets a QoS 2 message that the log refused and whose client cannot be
// told: its repetition is a new message.
func (s *Session) Withdraw(p Place) {
	if a := s.acks; a != nil && int(p-a.head) < a.count && a.at(p).exact {
		s.refused(a.at(p).id)
	}
}

// will is the message to be published when the client has gone.
type will struct {
	message msg.Message
	delay   uint32 // seconds
}

// keepWill copies the will of a CONNECT, in the place of an earlier one.
func (s *Session) keepWill(c *packet.Connect) {
	if s.will = nil; !c.HasWill {
		return
	}
	m := msg.Message{
		Topic: c.Will.Topic, Payload: c.Will.Payload, Properties: c.Will.Properties, Publisher: s.publisher(),
		QoS: c.Will.QoS, Retain: c.Will.Retain,
	}
	if c.Will.HasExpiry {
		m.SetExpiry(c.Will.Expiry)
	}
	s.will = &will{m.Clone(), c.Will.Delay}
}

// WillDelay is how many seconds the will is to wait, now that the connection has
// ended: it is published then, or with the session's end if that comes first
// [MQTT-3.1.2-8] [MQTT-3.1.3-9]. ok says that there is a will.
func (s *Session) WillDelay() (seconds uint32, ok bool) {
	if s.will == nil {
		return 0, false
	}
	return min(s.will.delay, s.expiry), true
}

// Will takes the will message, which is to be published now; nil when there is none
// or the client left in order.
func (s *Session) Will(now int64) *msg.Message {
	w := s.will
	if s.will = nil; w == nil {
		return nil
	}
	w.message.Time = now
	return &w.message
}

// KeptWill is the will as it is kept, and its delay in seconds; nil is none.
func (s *Session) KeptWill() (m *msg.Message, delay uint32) {
	if s.will == nil {
		return nil, 0
	}
	return &s.will.message, s.will.delay
}

// RestoreWill gives a recovered session its will.
func (s *Session) RestoreWill(m *msg.Message, delay uint32) { s.will = &will{*m, delay} }

// DropWill says that the will was published.
func (s *Session) DropWill() { s.will = nil }
