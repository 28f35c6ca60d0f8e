package session

import (
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
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
	ev.Message = msg.Message{
		Topic: p.Topic, Payload: p.Payload, Properties: p.Properties, Publisher: s.publisher,
		Time: now, QoS: p.QoS, Retain: p.Retain,
	}
	if p.HasExpiry {
		ev.Message.Expiry = p.Expiry
	}
	ev.Do, ev.PacketID = Publish, p.ID
	if p.Topic[0] == '$' {
		return s.refusePublish(dst, ev)
	}
	return dst
}

// publishable holds a PUBLISH against what CONNACK told.
func (s *Session) publishable(p *packet.Publish) error {
	switch {
	case p.QoS > MaximumQoS: // [MQTT-3.2.2-11]
		return errQoS
	case p.Alias != 0: // none were allowed [MQTT-3.3.2-9]
		return errAlias
	case len(p.SubscriptionIDs) > 0: // [MQTT-3.3.4-6]
		return errClientIDs
	case p.Retain && !s.limits.Retain && s.version == packet.V5: // [MQTT-3.2.2-14]
		return errRetain
	case p.QoS > 0 && s.Full() && s.version == packet.V5: // [MQTT-3.3.4-9]
		return errReceiveMaximum
	}
	return nil
}

// refusePublish turns down a message to a topic of the server's own. MQTT 3.1.1
// has no word for it: the message is acknowledged and goes nowhere [MQTT-3.3.5-2].
func (s *Session) refusePublish(dst []byte, ev *Event) []byte {
	ev.Do, ev.Err = Refused, errServerTopic
	if ev.Message.QoS == 0 {
		return dst
	}
	return s.Acknowledge(dst, ev.PacketID, packet.NotAuthorized)
}

// Full says whether the client has as many PUBLISH packets unacknowledged as it
// may have. MQTT 5 clients know the bound; the others are to be read no further.
func (s *Session) Full() bool { return s.acks.count >= int(s.limits.ReceiveMaximum) }

// Await keeps back the PUBACK of the identifier until it is settled.
func (s *Session) Await(id uint16) Place { return s.acks.await(id) }

// Acknowledge owes a PUBACK that is settled already.
func (s *Session) Acknowledge(dst []byte, id uint16, reason byte) []byte {
	if s.acks.count == 0 {
		return packet.AppendAck(dst, packet.TypePuback, id, reason, s.version)
	}
	return s.Settle(dst, s.acks.await(id), reason)
}

// Settle decides an awaited PUBACK and sends those whose turn has come. A reason
// from 0x80 on cannot be told before MQTT 5: see [Session.CanRefuse].
func (s *Session) Settle(dst []byte, p Place, reason byte) []byte {
	s.acks.settle(p, reason)
	for id, why, ok := s.acks.next(); ok; id, why, ok = s.acks.next() {
		dst = packet.AppendAck(dst, packet.TypePuback, id, why, s.version)
	}
	return dst
}

// CanRefuse says whether a PUBACK can carry an error. Where it cannot, the
// connection is closed without it and the client repeats the message.
func (s *Session) CanRefuse() bool { return s.version == packet.V5 }

// Reason is the reason code of a fault in packets of the type, a general one when
// the fault's own does not belong there.
func Reason(t packet.Type, code fault.Code) byte {
	if r := code.Reason(); packet.ReasonBelongs(t, r) {
		return r
	}
	if t == packet.TypeConnack {
		return packet.ServerUnavailable
	}
	if packet.ReasonBelongs(t, packet.ImplementationError) {
		return packet.ImplementationError
	}
	return packet.UnspecifiedError
}
