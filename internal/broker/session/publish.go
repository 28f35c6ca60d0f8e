package session

import (
	"unicode/utf8"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// publish takes a PUBLISH of the client.
func (s *Session) publish(frame []byte, now int64, ev *Event, dst []byte) []byte {
	p := &ev.publish
	if err := p.Decode(frame, s.version); err != nil {
		return s.fail(dst, ev, err)
	}
	if err := s.publishable(p); err != nil {
		return s.fail(dst, ev, err)
	}
	if err := s.resolve(p); err != nil {
		return s.fail(dst, ev, err)
	}
	if p.QoS == 2 {
		if held, answered := s.held(p.ID); held {
			return s.again(dst, p.ID, answered)
		}
	}
	if p.QoS > 0 && s.underWay() >= int(s.limits.ReceiveMaximum) && s.version == packet.V5 { // [MQTT-3.3.4-9]
		return s.fail(dst, ev, errReceiveMaximum)
	}
	if p.QoS == 2 {
		s.flows().exact.add(p.ID)
	}
	ev.Message = msg.Message{
		Topic: p.Topic, Payload: p.Payload, Properties: p.Properties, Publisher: s.publisher(),
		Time: now, QoS: p.QoS, Retain: p.Retain,
	}
	if p.HasExpiry {
		ev.Message.SetExpiry(p.Expiry)
	}
	if p.QoS == 2 && s.Durable() {
		ev.Message.Time = s.flow.durable.stamp(p.ID, now)
	}
	ev.Do, ev.PacketID, ev.AsCame = Publish, p.ID, !p.Dup && p.Alias == 0 && !p.HasExpiry && packet.Shortest(frame)
	if err := s.allowed(p.Topic); err != nil {
		return s.refusePublish(dst, ev, err)
	}
	if s.limits.CheckPayload && !textual(p.Properties, p.Payload) { // section 3.3.2.3.2
		return s.refusePublish(dst, ev, errPayloadFormat)
	}
	return dst
}

// textual says whether a payload is UTF-8 where its format indicator says so.
func textual(properties, payload []byte) bool {
	if len(properties) == 0 {
		return true
	}
	format, ok := packet.Find(properties, packet.PayloadFormat)
	return !ok || format.Num != 1 || utf8.Valid(payload)
}

// publishable holds a PUBLISH against what CONNACK told.
func (s *Session) publishable(p *packet.Publish) error {
	switch {
	case len(p.SubscriptionIDs) > 0: // [MQTT-3.3.4-6]
		return errClientIDs
	case p.Retain && !s.limits.Retain && s.version == packet.V5: // [MQTT-3.2.2-14]
		return errRetain
	}
	return nil
}

// again answers a QoS 2 PUBLISH that comes again: with another PUBREC, or with the
// one that is still due [MQTT-4.3.3-10].
func (s *Session) again(dst []byte, id uint16, answered bool) []byte {
	s.flow.exact.repeat(id)
	if answered {
		return packet.AppendAck(dst, packet.TypePubrec, id, packet.Success, s.version)
	}
	if _, due := s.acks.find(id); !due { // it is due to an earlier connection
		s.Await(id, 2) // the log answers for the earlier one
	}
	return dst
}

// held says whether a QoS 2 message of the client is held and its PUBREC was sent.
func (s *Session) held(id uint16) (held, answered bool) {
	if s.flow == nil {
		return false, false
	}
	return s.flow.exact.state(id)
}

// underWay is how many messages of the client count against the receive maximum
// (section 4.9): a QoS 2 message does until PUBCOMP, unless the client has begun
// another connection since.
func (s *Session) underWay() (n int) {
	if s.acks != nil {
		n = s.acks.once
	}
	if s.flow != nil {
		n += s.flow.exact.count - s.flow.exact.former
	}
	return n
}

// allowed says whether the client may publish to such topics at all.
func (s *Session) allowed(name []byte) error {
	if name[0] == '$' && !topic.Publishable(name) {
		return errServerTopic
	}
	return s.limits.Topics.Name(name)
}

// refusePublish turns down a message. MQTT 3.1.1 has no word for it: the message is
// acknowledged and goes nowhere [MQTT-3.3.5-2].
func (s *Session) refusePublish(dst []byte, ev *Event, err error) []byte {
	ev.Do, ev.Err = Refused, err
	if ev.Message.QoS == 0 {
		return dst
	}
	return s.Acknowledge(dst, ev.PacketID, ev.Message.QoS, Refusal(fault.CodeOf(err)))
}

// Full says whether as many acknowledgements are owed to the client as its
// receive maximum. MQTT 5 clients know the bound; the others are to be read no
// further until the log has settled some.
func (s *Session) Full() bool {
	return s.acks != nil && s.acks.count >= int(s.limits.ReceiveMaximum)
}

// Await keeps back the PUBACK or PUBREC of a message, by its QoS, until it is
// settled.
func (s *Session) Await(id uint16, qos byte) Place {
	if s.acks == nil {
		s.acks = &acks{}
	}
	return s.acks.await(id, qos == 2)
}

// Acknowledge owes a PUBACK or PUBREC, by the message's QoS, that is settled
// already.
func (s *Session) Acknowledge(dst []byte, id uint16, qos byte, a Answer) []byte {
	if s.acks == nil || s.acks.count == 0 {
		return s.acknowledge(dst, ack{id: id, Answer: a, exact: qos == 2})
	}
	return s.Settle(dst, s.Await(id, qos), a)
}

// Settle decides an awaited acknowledgement and sends those whose turn has come. A
// refusal cannot be told before MQTT 5: see [Session.CanRefuse].
func (s *Session) Settle(dst []byte, p Place, a Answer) []byte {
	if s.acks == nil {
		return dst
	}
	if k, ok := s.acks.settle(p, a); ok && k.exact && !a.refuses() {
		s.flow.durable.spoken(k.id)
	}
	for k, ok := s.acks.next(); ok; k, ok = s.acks.next() {
		dst = s.acknowledge(dst, k)
	}
	return dst
}

// acknowledge sends a PUBACK, or a PUBREC. The identifier of a refused QoS 2
// message is free again; before MQTT 5 no refusal can be told, and PUBREL follows.
func (s *Session) acknowledge(dst []byte, k ack) []byte {
	t := packet.TypePuback
	if k.exact {
		t = packet.TypePubrec
		if k.refuses() && s.version == packet.V5 { // [MQTT-4.3.3-9]
			s.refused(k.id)
		} else {
			s.answered(k)
		}
	}
	if !k.refuses() || s.version != packet.V5 {
		return packet.AppendAck(dst, t, k.id, k.Reason, s.version)
	}
	return s.explainedTo(dst, titles[k.Why], func(dst, text []byte) []byte { // [MQTT-3.4.2-2] [MQTT-3.5.2-2]
		return (&packet.Ack{Kind: t, ID: k.id, Reason: k.Reason, ReasonString: text}).Append(dst, s.version)
	})
}

// answered notes that the PUBREC of a message is sent, or would have been.
func (s *Session) answered(k ack) {
	s.flow.exact.answer(k.id)
	s.flow.durable.spoken(k.id)
}

// refused frees the identifier of a message that was refused: its repetition is a new one.
func (s *Session) refused(id uint16) {
	s.flow.exact.release(id)
	s.flow.durable.spoken(id)
}

// CanRefuse says whether a PUBACK or PUBREC can carry an error. Where it cannot, the
// connection is closed without it and the client repeats the message.
func (s *Session) CanRefuse() bool { return s.version == packet.V5 }

// Reason is the reason code of a fault in packets of the type, a general one when
// the fault's own does not belong there.
func Reason(t packet.Type, code fault.Code) byte {
	if r := code.Reason(); packet.ReasonBelongs(t, r) {
		return r
	}
	if t == packet.TypeDisconnect && code == fault.Banned {
		return packet.AdministrativeAction // 0x8A is for CONNACK alone
	}
	if t == packet.TypeConnack {
		return packet.ServerUnavailable
	}
	if packet.ReasonBelongs(t, packet.ImplementationError) {
		return packet.ImplementationError
	}
	return packet.UnspecifiedError
}
