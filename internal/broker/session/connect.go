package session

import (
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

var (
	errNoConnect      = fault.New(fault.Protocol, "The first packet is not CONNECT [MQTT-3.1.0-1].")
	errSecondConnect  = fault.New(fault.Protocol, "A second CONNECT came on the connection [MQTT-3.1.0-2].")
	errUnexpected     = fault.New(fault.Protocol, "A client does not send packets of this type.")
	errClientID       = fault.New(fault.BadClientID, "An empty client identifier needs a clean session [MQTT-3.1.3-8].")
	errLongID         = fault.New(fault.BadClientID, "The client identifier is longer than this server takes.")
	errWrongAck       = fault.New(fault.Protocol, "An acknowledgement of another kind than the message awaits [MQTT-4.3.2-4] [MQTT-4.3.3-8].")
	errEarlyRelease   = fault.New(fault.Protocol, "PUBREL came before the PUBREC it answers [MQTT-4.3.3-4].")
	errRetain         = fault.New(fault.RetainUnsupported, "Retained messages are not supported, as CONNACK told [MQTT-3.2.2-14].")
	errAlias          = fault.New(fault.TopicAlias, "A topic alias above the maximum that CONNACK told [MQTT-3.3.2-9].")
	errUnknownAlias   = fault.New(fault.Protocol, "A topic alias without a topic name was not set before on the connection [MQTT-3.3.2-7].")
	errClientIDs      = fault.New(fault.Protocol, "A client sends no subscription identifier in PUBLISH [MQTT-3.3.4-6].")
	errAnswer         = fault.New(fault.PacketTooLarge, "The answer would be larger than the client's maximum packet size [MQTT-3.1.2-24].")
	errReceiveMaximum = fault.New(fault.ReceiveMaximum, "More messages under way than the receive maximum [MQTT-3.3.4-9].")
	errPayloadFormat  = fault.New(fault.PayloadFormat, "The payload is not the UTF-8 that its format indicator says.")
	errServerTopic    = fault.New(fault.Forbidden, "Topics that begin with $ are the server's own.")
	errExpiry         = fault.New(fault.Protocol, "DISCONNECT sets a session expiry though it was 0 [MQTT-3.1.2-23].")
)

// connect takes CONNECT and lets the shell decide.
func (s *Session) connect(frame []byte, ev *Event, dst []byte) []byte {
	p := &ev.Connect
	err := p.Decode(frame, 0)
	if err == nil {
		err = s.acceptable(p)
	}
	s.version, s.state = speak(p.Version), asked
	s.proof, s.maxPacket, s.terse = newProof(p), p.MaximumPacketSize, p.NoProblem
	if err != nil {
		ev.Do, ev.Err = End, err
		return s.Refuse(dst, err)
	}
	ev.Do = Connect
	return dst
}

// speak is the version a refusal is written in for a client of that version.
func speak(v packet.Version) packet.Version {
	switch {
	case v > packet.V5:
		return packet.V5
	case v < packet.V31:
		return packet.V311
	}
	return v
}

func (s *Session) acceptable(p *packet.Connect) error {
	switch {
	case len(p.ClientID) == 0 && p.Version != packet.V5 && !p.CleanStart: // [MQTT-3.1.3-8]
		return errClientID
	case len(p.ClientID) == 0 && p.Version == packet.V31:
		return errClientID
	case s.limits.ClientID > 0 && len(p.ClientID) > s.limits.ClientID:
		return errLongID
	case p.HasWill && s.limits.CheckPayload && !textual(p.Will.Properties, p.Will.Payload):
		return errPayloadFormat
	case p.HasWill && p.Will.Retain && !s.limits.Retain && p.Version == packet.V5: // [MQTT-3.2.2-13]
		return errRetain
	case p.HasWill && p.Will.Topic[0] == '$':
		return errServerTopic
	case p.HasWill:
		return s.limits.Topics.Name(p.Will.Topic)
	}
	return nil
}

// Admission is how a client comes in.
type Admission struct {
	// Assigned says that the identifier was made for the client.
	Assigned bool
	// Present says that the session is one that waited for it: see Resume.
	Present bool
	// Unkept says that the session is to end with its connection though the client
	// asks for more.
	Unkept bool
}

// Over says that the session takes no more packets of its connection.
func (s *Session) Over() bool { return s.state == ended }

// Accept admits the client under the identifier, answers with CONNACK, and sends
// PUBREL again where PUBCOMP is due [MQTT-4.4.0-1]. c is its CONNECT. A client that takes no packet as
// large as CONNACK is not told, and the session is over.
func (s *Session) Accept(dst []byte, c *packet.Connect, id string, how Admission) []byte {
	l := s.limits
	s.state = serving
	s.setID(id)
	s.sendMax = uint16(min(l.Inflight, int(c.ReceiveMaximum))) // [MQTT-3.3.4-9]
	s.maxPacket = c.MaximumPacketSize
	s.numbering = newNumbering(min(l.TopicAliases, c.TopicAliasMaximum)) // [MQTT-3.1.2-26] [MQTT-3.1.2-27]
	a := packet.Connack{
		SessionPresent: how.Present, // [MQTT-3.2.2-2] [MQTT-3.2.2-3]
		NoRetain:       !l.Retain, TopicAliasMaximum: l.TopicAliases,
		ReceiveMaximum: l.ReceiveMaximum, MaximumPacketSize: uint32(l.MaximumPacketSize),
	}
	s.setExpiry(c, how.Unkept)
	a.HasSessionExpiry, a.SessionExpiry = s.expiry != c.SessionExpiry, s.expiry
	if how.Assigned {
		a.AssignedClientID = s.publisher()
	}
	if c.RequestResponse && l.ResponsePrefix != "" { // [MQTT-3.1.2-28]
		a.ResponseInformation = append([]byte(l.ResponsePrefix), id...)
	}
	s.keepAlive = c.KeepAlive
	if l.KeepAlive > 0 && (s.keepAlive == 0 || s.keepAlive > l.KeepAlive) && s.version == packet.V5 {
		s.keepAlive = l.KeepAlive
		a.HasServerKeepAlive, a.ServerKeepAlive = true, l.KeepAlive // [MQTT-3.1.2-21]
	}
	a.AuthMethod, a.AuthData = s.proof.last()
	from := len(dst)
	dst = a.Append(dst, s.version)
	if s.maxPacket > 0 && len(dst)-from > int(s.maxPacket) { // [MQTT-3.1.2-24]
		s.state = ended
		return dst[:from]
	}
	s.keepWill(c)
	if how.Present {
		dst = s.restart(dst)
	}
	return dst
}

// Refer sends the client to another server: with CONNACK or, once it was admitted,
// with DISCONNECT. reference may be empty. Where there is no room for both, the
// reference goes before the words.
func (s *Session) Refer(dst []byte, err error, reference []byte) []byte {
	if s.version != packet.V5 || s.state == ended {
		return s.End(dst, err)
	}
	in, from := s.state, len(dst)
	s.state = ended
	write := func(dst, text []byte) []byte { return s.referred(dst, in, fault.CodeOf(err), reference, text) }
	dst = s.explained(dst, reasonString(err), write)
	if s.maxPacket > 0 && len(dst)-from > int(s.maxPacket) { // [MQTT-3.1.2-24]
		reference = nil
		return s.explained(dst[:from], reasonString(err), write)
	}
	return dst
}

// referred is the packet for a client in that state; the reference is left out when
// it is empty.
func (s *Session) referred(dst []byte, in state, code fault.Code, reference, text []byte) []byte {
	if len(reference) == 0 {
		reference = nil
	}
	if in == serving {
		return (&packet.Disconnect{Reason: code.Reason(), ServerReference: reference, ReasonString: text}).Append(dst, s.version)
	}
	return (&packet.Connack{Reason: code.Reason(), ServerReference: reference, ReasonString: text}).Append(dst, s.version)
}

// Refuse turns the client away with CONNACK.
func (s *Session) Refuse(dst []byte, err error) []byte {
	code := fault.CodeOf(err)
	s.state = ended
	if s.version == 0 {
		return dst
	}
	if s.version != packet.V5 && (code == fault.Malformed || code == fault.Protocol || code == fault.BadTopicName) {
		return dst // there is no return code for it: 3.1.1 [MQTT-3.1.4-1] [MQTT-3.2.2-6]
	}
	a := packet.Connack{Reason: Reason(packet.TypeConnack, code)}
	return s.explained(dst, reasonString(err), func(dst, text []byte) []byte { // [MQTT-3.2.2-19]
		a.ReasonString = text
		return a.Append(dst, s.version)
	})
}
