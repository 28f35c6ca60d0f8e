package packet

import "github.com/millrace/millrace/internal/fault"

var (
	errProtocolName  = fault.New(fault.UnsupportedVersion, "The protocol name is neither MQTT nor MQIsdp [MQTT-3.1.2-1].")
	errProtocolLevel = fault.New(fault.UnsupportedVersion, "The protocol version is none of 3.1, 3.1.1 and 5.0 [MQTT-3.1.2-2].")
	errConnectFlag   = malformed("The reserved flag of CONNECT is set [MQTT-3.1.2-3].")
	errWillFlags     = malformed("CONNECT has will QoS or will retain set without a will [MQTT-3.1.2-11] [MQTT-3.1.2-13].")
	errWillQoS       = malformed("The will's QoS is 3 [MQTT-3.1.2-12].")
	errPasswordAlone = malformed("CONNECT has a password without a user name [MQTT-3.1.2-22].")
)

// Connect is the CONNECT packet.
type Connect struct {
	// Version is the protocol version. Decode sets it even when it refuses the
	// version, so that the refusal can be written for it.
	Version Version
	// CleanStart asks for a new session ("clean session" before MQTT 5).
	CleanStart bool
	// KeepAlive is in seconds; 0 turns it off.
	KeepAlive uint16
	// ClientID is the client identifier; empty asks the server for one.
	ClientID []byte
	// HasWill says that Will is present.
	HasWill bool
	// Will is the will message.
	Will Will
	// Username and Password are nil when absent.
	Username, Password []byte

	// SessionExpiry is in seconds; 0xFFFFFFFF is never.
	SessionExpiry uint32
	// ReceiveMaximum is how many QoS 1 and 2 messages the client takes at a time:
	// 65,535 when absent, and always before MQTT 5.
	ReceiveMaximum uint16
	// TopicAliasMaximum is the highest alias the client takes.
	TopicAliasMaximum uint16
	// MaximumPacketSize is the largest packet the client takes; 0 is no limit.
	MaximumPacketSize uint32
	// RequestResponse asks for response information in CONNACK.
	RequestResponse bool
	// NoProblem asks the server to leave out reason strings and user properties
	// where something failed ("request problem information" 0).
	NoProblem bool
	// AuthMethod and AuthData are nil when absent.
	AuthMethod, AuthData []byte
	// User holds the user properties.
	User []Pair
}

// Will is the message a server publishes when the connection ends unasked.
type Will struct {
	Retain    bool
	QoS       byte
	HasExpiry bool
	// Expiry is the message expiry interval in seconds.
	Expiry uint32
	// Delay is the will delay interval in seconds.
	Delay   uint32
	Topic   []byte
	Payload []byte
	// Properties are those that travel with the message, as in [Publish].
	Properties []byte
}

const (
	flagReserved   = 1 << 0
	flagCleanStart = 1 << 1
	flagWill       = 1 << 2
	flagWillRetain = 1 << 5
	flagPassword   = 1 << 6
	flagUsername   = 1 << 7
	maskWill       = 0b0011_1000
)

// Type is TypeConnect.
func (p *Connect) Type() Type { return TypeConnect }

// Decode reads one whole packet. The version is the packet's own, v is ignored.
func (p *Connect) Decode(b []byte, _ Version) error {
	*p = Connect{User: spare(p.User), ReceiveMaximum: 65535}
	r, err := open(b, 0, header{TypeConnect, 0}) // [MQTT-2.1.3-1]
	if err != nil {
		return err
	}
	if err := p.version(&r); err != nil {
		return err
	}
	if _, err := body(b, p.Version); err != nil { // again, as strict as the version is
		return err
	}
	flags := r.byte()
	p.KeepAlive = r.uint16()
	if err := p.flags(flags); err != nil {
		return err
	}
	if p.Version == V5 {
		p.decode5(&r)
	}
	p.payload(&r, flags)
	return r.done()
}

func (p *Connect) version(r *reader) error {
	name := string(r.bytes())
	p.Version = Version(r.byte())
	if r.err != nil {
		return r.err
	}
	switch {
	case name == "MQTT" && (p.Version == V311 || p.Version == V5), name == "MQIsdp" && p.Version == V31:
		return nil
	case name == "MQTT" || name == "MQIsdp":
		return errProtocolLevel
	}
	return errProtocolName
}

func (p *Connect) flags(f byte) error {
	p.CleanStart, p.HasWill = f&flagCleanStart != 0, f&flagWill != 0
	p.Will.QoS, p.Will.Retain = f>>3&3, f&flagWillRetain != 0
	switch {
	case f&flagReserved != 0 && p.Version != V31:
		return errConnectFlag
	case !p.HasWill && f&maskWill != 0 && p.Version != V31:
		return errWillFlags
	case p.HasWill && p.Will.QoS == 3:
		return errWillQoS
	case p.Version == V311 && f&flagPassword != 0 && f&flagUsername == 0:
		return errPasswordAlone
	}
	if !p.HasWill {
		p.Will = Will{}
	}
	return nil
}

func (p *Connect) decode5(r *reader) {
	l := r.list(inConnect)
	for prop, ok := l.next(); ok; prop, ok = l.next() {
		switch prop.ID {
		case SessionExpiry:
			p.SessionExpiry = prop.Num
		case ReceiveMaximum:
			p.ReceiveMaximum = uint16(prop.Num)
		case TopicAliasMaximum:
			p.TopicAliasMaximum = uint16(prop.Num)
		case MaximumPacketSize:
			p.MaximumPacketSize = prop.Num
		case RequestResponse:
			p.RequestResponse = prop.Num == 1
		case RequestProblem:
			p.NoProblem = prop.Num == 0
		case AuthMethod:
			p.AuthMethod = prop.Value
		case AuthData:
			p.AuthData = prop.Value
		case UserProperty:
			p.User = append(p.User, Pair{prop.Key, prop.Value})
		}
	}
	r.check(l.err == nil, l.err)
	r.check(p.AuthData == nil || p.AuthMethod != nil, errNoMethod)
}

// payload reads what follows the variable header [MQTT-3.1.3-1].
func (p *Connect) payload(r *reader, flags byte) {
	p.ClientID = r.text()
	if p.HasWill {
		p.Will.decode(r, p.Version)
	}
	// MQTT 3.1 lets the two be missing though their flags are set.
	if flags&flagUsername != 0 && !(p.Version == V31 && len(r.b) == 0) {
		p.Username = r.text()
	}
	if flags&flagPassword != 0 && !(p.Version == V31 && len(r.b) == 0) {
		p.Password = r.bytes()
	}
}

func (w *Will) decode(r *reader, v Version) {
	if v == V5 {
		w.decode5(r)
	}
	w.Topic = r.text()
	r.check(len(w.Topic) > 0, errTopicEmpty)
	r.check(!wild(w.Topic), errTopicWild)
	w.Payload = r.bytes()
}

func (w *Will) decode5(r *reader) {
	l := r.list(inWill)
	for at := 0; ; at = l.offset() {
		rest := l.b
		prop, ok := l.next()
		if !ok {
			break
		}
		switch prop.ID {
		case MessageExpiry:
			w.HasExpiry, w.Expiry = true, prop.Num
		case WillDelay:
			w.Delay = prop.Num
		default:
			w.Properties = append(w.Properties, rest[:l.offset()-at]...)
		}
	}
	r.check(l.err == nil, l.err)
}

// Append writes the packet behind dst, for p.Version.
func (p *Connect) Append(dst []byte, _ Version) []byte {
	name := "MQTT"
	if p.Version == V31 {
		name = "MQIsdp"
	}
	dst, at := begin(dst, header{TypeConnect, 0})
	dst = appendBytes(dst, []byte(name))
	dst = append(dst, byte(p.Version), p.flagByte(), byte(p.KeepAlive>>8), byte(p.KeepAlive))
	if p.Version == V5 {
		dst = p.append5(dst)
	}
	dst = appendBytes(dst, p.ClientID)
	if p.HasWill {
		dst = p.Will.append(dst, p.Version)
	}
	if p.Username != nil {
		dst = appendBytes(dst, p.Username)
	}
	if p.Password != nil {
		dst = appendBytes(dst, p.Password)
	}
	return end(dst, at)
}

func (p *Connect) flagByte() (f byte) {
	if p.CleanStart {
		f |= flagCleanStart
	}
	if p.HasWill {
		f |= flagWill | p.Will.QoS<<3
		if p.Will.Retain {
			f |= flagWillRetain
		}
	}
	if p.Username != nil {
		f |= flagUsername
	}
	if p.Password != nil {
		f |= flagPassword
	}
	return f
}

func (p *Connect) append5(dst []byte) []byte {
	w := beginList(dst)
	w.num(SessionExpiry, p.SessionExpiry, p.SessionExpiry != 0)
	w.num(ReceiveMaximum, uint32(p.ReceiveMaximum), p.ReceiveMaximum != 0 && p.ReceiveMaximum != 65535)
	w.num(MaximumPacketSize, p.MaximumPacketSize, p.MaximumPacketSize != 0)
	w.num(TopicAliasMaximum, uint32(p.TopicAliasMaximum), p.TopicAliasMaximum != 0)
	w.num(RequestResponse, 1, p.RequestResponse)
	w.num(RequestProblem, 0, p.NoProblem)
	w.bytes(AuthMethod, p.AuthMethod)
	w.bytes(AuthData, p.AuthData)
	w.user(p.User)
	return w.end()
}

func (w *Will) append(dst []byte, v Version) []byte {
	if v == V5 {
		l := beginList(dst)
		l.num(WillDelay, w.Delay, w.Delay != 0)
		l.num(MessageExpiry, w.Expiry, w.HasExpiry)
		l.dst = append(l.dst, w.Properties...)
		dst = l.end()
	}
	return appendBytes(appendBytes(dst, w.Topic), w.Payload)
}
