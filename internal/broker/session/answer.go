package session

import "github.com/millrace/millrace/internal/mqtt/packet"

// This file takes the client's acknowledgements of what it was sent, and the end
// of its own QoS 2 messages. One that was never asked for, or asked for by a
// session that has ended, is no error; one of the wrong kind is.

// puback ends a QoS 1 message.
func (s *Session) puback(frame []byte, ev *Event, dst []byte) []byte {
	if err := ev.ack.Decode(frame, s.version); err != nil {
		return s.fail(dst, ev, err)
	}
	switch s.phase(ev.ack.ID) {
	case landed:
		return dst
	case awaitsAck:
		return s.done(ev, dst)
	}
	return s.fail(dst, ev, errWrongAck)
}

// pubrec is the first answer to a QoS 2 message. An error in it ends the message;
// else PUBREL follows [MQTT-4.3.3-4], again when PUBREC comes again.
func (s *Session) pubrec(frame []byte, ev *Event, dst []byte) []byte {
	if err := ev.ack.Decode(frame, s.version); err != nil {
		return s.fail(dst, ev, err)
	}
	refused := ev.ack.Reason >= packet.UnspecifiedError
	switch p := s.phase(ev.ack.ID); {
	case p == awaitsAck, p >= awaitsComplete && refused:
		return s.fail(dst, ev, errWrongAck)
	case p == landed && refused:
		return dst
	case p == landed:
		return packet.AppendAck(dst, packet.TypePubrel, ev.ack.ID, packet.PacketIDNotFound, s.version)
	case refused:
		return s.done(ev, dst)
	}
	if s.noteFirst(ev.ack.ID) {
		return dst
	}
	s.flow.forget(ev.ack.ID)
	s.flow.window.advance(ev.ack.ID, awaitsComplete)
	return packet.AppendAck(dst, packet.TypePubrel, ev.ack.ID, packet.Success, s.version)
}

// pubcomp ends a QoS 2 message.
func (s *Session) pubcomp(frame []byte, ev *Event, dst []byte) []byte {
	if err := ev.ack.Decode(frame, s.version); err != nil {
		return s.fail(dst, ev, err)
	}
	switch s.phase(ev.ack.ID) {
	case landed:
		return dst
	case awaitsComplete:
		return s.done(ev, dst)
	}
	return s.fail(dst, ev, errWrongAck)
}

// phase is what a message in flight awaits.
func (s *Session) phase(id uint16) phase {
	if s.flow == nil {
		return landed
	}
	return s.flow.window.phase(id)
}

// done frees the identifier of a message that the client is done with.
func (s *Session) done(ev *Event, dst []byte) []byte {
	s.timed(ev, ev.ack.ID, s.heard)
	s.flow.land(ev.ack.ID)
	ev.Do, ev.Acked = Acknowledged, ev.ack.ID
	return dst
}

// pubrel ends a QoS 2 message of the client [MQTT-4.3.3-11].
func (s *Session) pubrel(frame []byte, ev *Event, dst []byte) []byte {
	if err := ev.ack.Decode(frame, s.version); err != nil {
		return s.fail(dst, ev, err)
	}
	reason := packet.Success
	switch held, answered := s.held(ev.ack.ID); {
	case held && !answered:
		return s.fail(dst, ev, errEarlyRelease)
	case !held:
		reason = packet.PacketIDNotFound
	default:
		s.flow.exact.release(ev.ack.ID)
	}
	if s.Durable() {
		s.flows().durable.complete(ev.ack.ID, reason)
		return dst
	}
	return packet.AppendAck(dst, packet.TypePubcomp, ev.ack.ID, reason, s.version)
}
