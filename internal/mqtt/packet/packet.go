package packet

// Version is the protocol level as CONNECT carries it.
type Version byte

// The versions.
const (
	V31  Version = 3
	V311 Version = 4
	V5   Version = 5
)

// String is the version as people write it: "3.1", "3.1.1", "5.0".
func (v Version) String() string {
	switch v {
	case V31:
		return "3.1"
	case V311:
		return "3.1.1"
	case V5:
		return "5.0"
	}
	return "unknown"
}

// Type is a control packet's type, the upper half of its first byte.
type Type byte

// The types.
const (
	TypeConnect Type = 1 + iota
	TypeConnack
	TypePublish
	TypePuback
	TypePubrec
	TypePubrel
	TypePubcomp
	TypeSubscribe
	TypeSuback
	TypeUnsubscribe
	TypeUnsuback
	TypePingreq
	TypePingresp
	TypeDisconnect
	TypeAuth
)

// Types is one more than the largest Type: the length of a table by type.
const Types = 16

var typeNames = [Types]string{
	"RESERVED", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP",
	"SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
}

// String is the type's name in the specification.
func (t Type) String() string { return typeNames[t&0x0F] }

// TypeOf is the type of the packet that begins with first.
func TypeOf(first byte) Type { return Type(first >> 4) }

// Packet is any control packet.
type Packet interface {
	// Type is the packet's type.
	Type() Type
	// Decode reads b, which is one whole packet, into the receiver.
	Decode(b []byte, v Version) error
	// Append writes the packet behind dst.
	Append(dst []byte, v Version) []byte
}

// New returns an empty packet of the type, nil for a type that does not exist.
func New(t Type) Packet {
	switch t {
	case TypeConnect:
		return new(Connect)
	case TypeConnack:
		return new(Connack)
	case TypePublish:
		return new(Publish)
	case TypePuback, TypePubrec, TypePubrel, TypePubcomp:
		return &Ack{Kind: t}
	case TypeSubscribe:
		return new(Subscribe)
	case TypeSuback:
		return new(Suback)
	case TypeUnsubscribe:
		return new(Unsubscribe)
	case TypeUnsuback:
		return new(Unsuback)
	case TypePingreq:
		return Pingreq{}
	case TypePingresp:
		return Pingresp{}
	case TypeDisconnect:
		return new(Disconnect)
	case TypeAuth:
		return new(Auth)
	}
	return nil
}

// Decode reads one whole packet of any type. Hot paths decode into a struct they
// keep instead.
func Decode(b []byte, v Version) (Packet, error) {
	if len(b) == 0 {
		return nil, errShort
	}
	p := New(TypeOf(b[0]))
	if p == nil {
		return nil, errType
	}
	return p, p.Decode(b, v)
}
