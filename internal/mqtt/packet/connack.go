package packet

var (
	errConnackFlags   = malformed("The reserved acknowledge flags of CONNACK are set [MQTT-3.2.2-1].")
	errConnackSession = protocol("A CONNACK that refuses says that a session is present [MQTT-3.2.2-6].")
	errConnackCode    = protocol("CONNACK has an unknown return code [MQTT-3.2.2-8].")
)

// Connack is the CONNACK packet. Its zero value accepts, with every limit at the
// specification's default.
type Connack struct {
	// SessionPresent says that the server goes on with a session.
	SessionPresent bool
	// Reason is the reason code; the return codes of 3.1 and 3.1.1 are translated.
	Reason byte

	// HasSessionExpiry says that SessionExpiry, in seconds, overrules the client's.
	HasSessionExpiry bool
	SessionExpiry    uint32
	// ReceiveMaximum is how many QoS 1 and 2 messages the server takes at a time;
	// Decode gives 65,535 when absent.
	ReceiveMaximum uint16
	// HasMaximumQoS says that the server takes at most MaximumQoS, 0 or 1.
	HasMaximumQoS bool
	MaximumQoS    byte
	// The four name what the server does not have.
	NoRetain, NoWildcards, NoSubscriptionIDs, NoShared bool
	// MaximumPacketSize is the largest packet the server takes; 0 is no limit.
	MaximumPacketSize uint32
	// TopicAliasMaximum is the highest alias the server takes.
	TopicAliasMaximum uint16
	// HasServerKeepAlive says that ServerKeepAlive, in seconds, overrules the
	// client's keep alive.
	HasServerKeepAlive bool
	ServerKeepAlive    uint16
	// The following are nil when absent.
	AssignedClientID, ReasonString, ResponseInformation []byte
	ServerReference, AuthMethod, AuthData               []byte
	// User holds the user properties.
	User []Pair
}

// Type is TypeConnack.
func (p *Connack) Type() Type { return TypeConnack }

// Decode reads one whole packet.
func (p *Connack) Decode(b []byte, v Version) error {
	*p = Connack{User: spare(p.User), ReceiveMaximum: 65535}
	r, err := open(b, v, header{TypeConnack, 0})
	if err != nil {
		return err
	}
	flags, code := r.byte(), r.byte()
	p.SessionPresent = flags&1 != 0 && v != V31
	r.check(flags&^1 == 0 || v == V31, errConnackFlags)
	if v == V5 {
		p.Reason = code
		r.check(ReasonBelongs(TypeConnack, code), errReason)
		p.decode5(&r)
	} else {
		r.check(int(code) < len(returnCodes), errConnackCode)
		if r.err == nil {
			p.Reason = returnCodes[code]
		}
	}
	r.check(p.Reason == Success || !p.SessionPresent, errConnackSession)
	return r.done()
}

// returnCodes are the CONNACK return codes of 3.1 and 3.1.1 as reason codes.
var returnCodes = [...]byte{Success, UnsupportedVersion, ClientIDNotValid, ServerUnavailable, BadUserNameOrPassword, NotAuthorized}

// ReturnCode is the nearest 3.1.1 return code for a CONNACK reason code.
func ReturnCode(reason byte) byte {
	for code, r := range returnCodes {
		if r == reason {
			return byte(code)
		}
	}
	switch reason {
	case Banned, BadAuthMethod:
		return 5
	}
	return 3
}

func (p *Connack) decode5(r *reader) {
	l := r.list(inConnack)
	for prop, ok := l.next(); ok; prop, ok = l.next() {
		p.set(prop)
	}
	r.check(l.err == nil, l.err)
	r.check(p.AuthData == nil || p.AuthMethod != nil, errNoMethod)
}

func (p *Connack) set(prop Property) {
	switch prop.ID {
	case SessionExpiry:
		p.HasSessionExpiry, p.SessionExpiry = true, prop.Num
	case ReceiveMaximum:
		p.ReceiveMaximum = uint16(prop.Num)
	case MaximumQoS:
		p.HasMaximumQoS, p.MaximumQoS = true, byte(prop.Num)
	case RetainAvailable:
		p.NoRetain = prop.Num == 0
	case WildcardAvailable:
		p.NoWildcards = prop.Num == 0
	case SubscriptionIDsAllowed:
		p.NoSubscriptionIDs = prop.Num == 0
	case SharedAvailable:
		p.NoShared = prop.Num == 0
	case MaximumPacketSize:
		p.MaximumPacketSize = prop.Num
	case TopicAliasMaximum:
		p.TopicAliasMaximum = uint16(prop.Num)
	case ServerKeepAlive:
		p.HasServerKeepAlive, p.ServerKeepAlive = true, uint16(prop.Num)
	case AssignedClientID:
		p.AssignedClientID = prop.Value
	case ReasonString:
		p.ReasonString = prop.Value
	case ResponseInformation:
		p.ResponseInformation = prop.Value
	case ServerReference:
		p.ServerReference = prop.Value
	case AuthMethod:
		p.AuthMethod = prop.Value
	case AuthData:
		p.AuthData = prop.Value
	case UserProperty:
		p.User = append(p.User, Pair{prop.Key, prop.Value})
	}
}

// Append writes the packet behind dst.
func (p *Connack) Append(dst []byte, v Version) []byte {
	flags := byte(0)
	if p.SessionPresent && v != V31 {
		flags = 1
	}
	dst, at := begin(dst, header{TypeConnack, 0})
	if v != V5 {
		return end(append(dst, flags, ReturnCode(p.Reason)), at)
	}
	return end(p.append5(append(dst, flags, p.Reason)), at)
}

func (p *Connack) append5(dst []byte) []byte {
	w := beginList(dst)
	w.num(SessionExpiry, p.SessionExpiry, p.HasSessionExpiry)
	w.num(ReceiveMaximum, uint32(p.ReceiveMaximum), p.ReceiveMaximum != 0 && p.ReceiveMaximum != 65535)
	w.num(MaximumQoS, uint32(p.MaximumQoS), p.HasMaximumQoS)
	w.num(RetainAvailable, 0, p.NoRetain)
	w.num(MaximumPacketSize, p.MaximumPacketSize, p.MaximumPacketSize != 0)
	w.bytes(AssignedClientID, p.AssignedClientID)
	w.num(TopicAliasMaximum, uint32(p.TopicAliasMaximum), p.TopicAliasMaximum != 0)
	w.bytes(ReasonString, p.ReasonString)
	w.num(WildcardAvailable, 0, p.NoWildcards)
	w.num(SubscriptionIDsAllowed, 0, p.NoSubscriptionIDs)
	w.num(SharedAvailable, 0, p.NoShared)
	w.num(ServerKeepAlive, uint32(p.ServerKeepAlive), p.HasServerKeepAlive)
	w.bytes(ResponseInformation, p.ResponseInformation)
	w.bytes(ServerReference, p.ServerReference)
	w.bytes(AuthMethod, p.AuthMethod)
	w.bytes(AuthData, p.AuthData)
	w.user(p.User)
	return w.end()
}
