package packet

import "fmt"

// The reason codes (section 2.4). GrantedQoS0 and NormalDisconnection share the
// value of Success.
const (
	Success               byte = 0x00
	GrantedQoS1           byte = 0x01
	GrantedQoS2           byte = 0x02
	DisconnectWithWill    byte = 0x04
	NoMatchingSubscribers byte = 0x10
	NoSubscriptionExisted byte = 0x11
	ContinueAuth          byte = 0x18
	ReAuthenticate        byte = 0x19
	UnspecifiedError      byte = 0x80
	MalformedPacket       byte = 0x81
	ProtocolError         byte = 0x82
	ImplementationError   byte = 0x83
	UnsupportedVersion    byte = 0x84
	ClientIDNotValid      byte = 0x85
	BadUserNameOrPassword byte = 0x86
	NotAuthorized         byte = 0x87
	ServerUnavailable     byte = 0x88
	ServerBusy            byte = 0x89
	Banned                byte = 0x8A
	ServerShuttingDown    byte = 0x8B
	BadAuthMethod         byte = 0x8C
	KeepAliveTimeout      byte = 0x8D
	SessionTakenOver      byte = 0x8E
	TopicFilterInvalid    byte = 0x8F
	TopicNameInvalid      byte = 0x90
	PacketIDInUse         byte = 0x91
	PacketIDNotFound      byte = 0x92
	ReceiveMaxExceeded    byte = 0x93
	TopicAliasInvalid     byte = 0x94
	PacketTooLarge        byte = 0x95
	MessageRateTooHigh    byte = 0x96
	QuotaExceeded         byte = 0x97
	AdministrativeAction  byte = 0x98
	PayloadFormatInvalid  byte = 0x99
	RetainNotSupported    byte = 0x9A
	QoSNotSupported       byte = 0x9B
	UseAnotherServer      byte = 0x9C
	ServerMoved           byte = 0x9D
	SharedNotSupported    byte = 0x9E
	ConnectionRate        byte = 0x9F
	MaximumConnectTime    byte = 0xA0
	SubIDsNotSupported    byte = 0xA1
	WildcardNotSupported  byte = 0xA2
)

const (
	inPubs = 1<<TypePuback | 1<<TypePubrec
	inSubs = 1<<TypeSuback | 1<<TypeUnsuback
)

// reasons is table 2-6 of the specification: name and packets of each code.
var reasons = [256]struct {
	name string
	in   uint16
}{
	Success:               {"Success", inConnack | inAcks | inDisc | inAuth},
	GrantedQoS1:           {"Granted QoS 1", 1 << TypeSuback},
	GrantedQoS2:           {"Granted QoS 2", 1 << TypeSuback},
	DisconnectWithWill:    {"Disconnect with Will Message", inDisc},
	NoMatchingSubscribers: {"No matching subscribers", inPubs},
	NoSubscriptionExisted: {"No subscription existed", 1 << TypeUnsuback},
	ContinueAuth:          {"Continue authentication", inAuth},
	ReAuthenticate:        {"Re-authenticate", inAuth},
	UnspecifiedError:      {"Unspecified error", inConnack | inPubs | inSubs | inDisc},
	MalformedPacket:       {"Malformed Packet", inConnack | inDisc},
	ProtocolError:         {"Protocol Error", inConnack | inDisc},
	ImplementationError:   {"Implementation specific error", inConnack | inPubs | inSubs | inDisc},
	UnsupportedVersion:    {"Unsupported Protocol Version", inConnack},
	ClientIDNotValid:      {"Client Identifier not valid", inConnack},
	BadUserNameOrPassword: {"Bad User Name or Password", inConnack},
	NotAuthorized:         {"Not authorized", inConnack | inPubs | inSubs | inDisc},
	ServerUnavailable:     {"Server unavailable", inConnack},
	ServerBusy:            {"Server busy", inConnack | inDisc},
	Banned:                {"Banned", inConnack},
	ServerShuttingDown:    {"Server shutting down", inDisc},
	BadAuthMethod:         {"Bad authentication method", inConnack | inDisc},
	KeepAliveTimeout:      {"Keep Alive timeout", inDisc},
	SessionTakenOver:      {"Session taken over", inDisc},
	TopicFilterInvalid:    {"Topic Filter invalid", inSubs | inDisc},
	TopicNameInvalid:      {"Topic Name invalid", inConnack | inPubs | inDisc},
	PacketIDInUse:         {"Packet Identifier in use", inPubs | inSubs},
	PacketIDNotFound:      {"Packet Identifier not found", 1<<TypePubrel | 1<<TypePubcomp},
	ReceiveMaxExceeded:    {"Receive Maximum exceeded", inDisc},
	TopicAliasInvalid:     {"Topic Alias invalid", inDisc},
	PacketTooLarge:        {"Packet too large", inConnack | inDisc},
	MessageRateTooHigh:    {"Message rate too high", inDisc},
	QuotaExceeded:         {"Quota exceeded", inConnack | inPubs | 1<<TypeSuback | inDisc},
	AdministrativeAction:  {"Administrative action", inDisc},
	PayloadFormatInvalid:  {"Payload format invalid", inConnack | inPubs | inDisc},
	RetainNotSupported:    {"Retain not supported", inConnack | inDisc},
	QoSNotSupported:       {"QoS not supported", inConnack | inDisc},
	UseAnotherServer:      {"Use another server", inConnack | inDisc},
	ServerMoved:           {"Server moved", inConnack | inDisc},
	SharedNotSupported:    {"Shared Subscriptions not supported", 1<<TypeSuback | inDisc},
	ConnectionRate:        {"Connection rate exceeded", inConnack | inDisc},
	MaximumConnectTime:    {"Maximum connect time", inDisc},
	SubIDsNotSupported:    {"Subscription Identifiers not supported", 1<<TypeSuback | inDisc},
	WildcardNotSupported:  {"Wildcard Subscriptions not supported", 1<<TypeSuback | inDisc},
}

// ReasonName is the reason code's name in the specification.
func ReasonName(reason byte) string {
	if name := reasons[reason].name; name != "" {
		return name
	}
	return fmt.Sprintf("unknown reason 0x%02X", reason)
}

// ReasonBelongs reports whether packets of the type may carry the reason code.
func ReasonBelongs(t Type, reason byte) bool { return reasons[reason].in&(1<<t) != 0 }
