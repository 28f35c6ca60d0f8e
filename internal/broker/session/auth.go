package session

import (
	"bytes"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

var (
	errNoMethod     = fault.New(fault.Protocol, "AUTH came although CONNECT named no authentication method [MQTT-4.12.0-6].")
	errOtherMethod  = fault.New(fault.BadAuthMethod, "AUTH names another authentication method than CONNECT [MQTT-4.12.0-5] [MQTT-4.12.1-1].")
	errAuthReason   = fault.New(fault.Protocol, "AUTH has a reason code that has no place here.")
	errEarlyPacket  = fault.New(fault.Protocol, "A packet other than AUTH or DISCONNECT came before CONNACK [MQTT-3.1.2-30].")
	errReproveAgain = fault.New(fault.Protocol, "A re-authentication was begun before the last one had ended.")
)

// proof is an enhanced authentication (MQTT 5 section 4.12).
type proof struct {
	method []byte
	data   []byte // for CONNACK
	going  bool   // the server has asked and the client is to answer
}

func newProof(c *packet.Connect) *proof {
	if c.AuthMethod == nil {
		return nil
	}
	return &proof{method: bytes.Clone(c.AuthMethod)}
}

// last are what CONNACK says of it [MQTT-4.12.0-5].
func (p *proof) last() (method, data []byte) {
	if p == nil {
		return nil, nil
	}
	data, p.data = p.data, nil
	return p.method, data
}

// prove takes what comes between CONNECT and CONNACK.
func (s *Session) prove(frame []byte, ev *Event, dst []byte) []byte {
	switch packet.TypeOf(frame[0]) {
	case packet.TypeAuth:
		return s.auth(frame, ev, dst)
	case packet.TypeDisconnect:
		return s.disconnect(frame, ev, dst)
	}
	return s.fail(dst, ev, errEarlyPacket)
}

// auth takes an AUTH: an answer to a challenge, or the wish to be asked anew.
func (s *Session) auth(frame []byte, ev *Event, dst []byte) []byte {
	if s.proof == nil {
		return s.fail(dst, ev, errNoMethod)
	}
	p := &ev.Auth
	if err := p.Decode(frame, s.version); err != nil {
		return s.fail(dst, ev, err)
	}
	if err := s.proof.takes(p, s.state == serving); err != nil {
		return s.fail(dst, ev, err)
	}
	s.proof.going = false
	ev.Do = Authenticate
	return dst
}

func (k *proof) takes(p *packet.Auth, serving bool) error {
	switch {
	case p.Method != nil && !bytes.Equal(p.Method, k.method):
		return errOtherMethod
	case p.Reason == packet.ContinueAuth && k.going:
		return nil
	case p.Reason == packet.ReAuthenticate && serving && k.going:
		return errReproveAgain
	case p.Reason == packet.ReAuthenticate && serving:
		return nil
	}
	return errAuthReason
}

// Challenge asks the client for the next step of its authentication method.
func (s *Session) Challenge(dst, data []byte) []byte {
	if s.state == asked {
		s.state = proving
	}
	s.proof.going = true
	a := packet.Auth{Reason: packet.ContinueAuth, Method: s.proof.method, Data: data} // [MQTT-4.12.0-2]
	return a.Append(dst, s.version)
}

// Proved says that the client has shown who it is; CONNACK will carry data.
func (s *Session) Proved(data []byte) { s.proof.data = bytes.Clone(data) }

// Reproved ends a re-authentication that went well.
func (s *Session) Reproved(dst, data []byte) []byte {
	a := packet.Auth{Reason: packet.Success, Method: s.proof.method, Data: data}
	return a.Append(dst, s.version)
}
