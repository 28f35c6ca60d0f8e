// Package msg holds the message as the rooms hand it to each other, the packed
// record it becomes in the log, and a position in that log.
//
// It is a leaf: it imports nothing of Millrace.
package msg

// Message is one published application message.
//
// Topic, Payload, Properties and Publisher are borrowed: whoever receives a
// Message may read them until the call returns and copies what it keeps
// ([Message.Clone]).
type Message struct {
	// Topic is a valid topic name: UTF-8, no NUL, no wildcard, 1 to 65,535 bytes.
	Topic []byte
	// Payload is what the publisher sent, undecoded.
	Payload []byte
	// Properties are the MQTT 5 properties that travel with the message to its
	// receivers (payload format indicator, content type, response topic,
	// correlation data, user properties), in wire form without the length.
	Properties []byte
	// Publisher is the publishing client's identifier.
	Publisher []byte
	// Time is the arrival at the node, nanoseconds since 1970 UTC.
	Time int64
	// Expiry is the message expiry interval in seconds from Time; 0 is never, unless
	// ExpiresAtOnce says that the interval is there and 0.
	Expiry        uint32
	ExpiresAtOnce bool
	// QoS is 0, 1 or 2.
	QoS byte
	// Retain is the RETAIN flag of the publish.
	Retain bool
	// Fleeting says that no stream of users takes the message: it is in one already.
	Fleeting bool
	// Origin names what the message is the one publication of; 0 names nothing.
	Origin Origin
}

// Origin is what a message came of that must be published once: when the log holds the
// message, that is settled, whatever the node remembers of it.
type Origin uint64

// DelayedOrigin is that of the delayed message with the number, which is below 2⁶⁰.
func DelayedOrigin(number uint64) Origin { return Origin(number<<originBits | originDelayed) }

// Delayed is the number of the delayed message that was published.
func (o Origin) Delayed() (number uint64, ok bool) {
	return uint64(o) >> originBits, o&originMask == originDelayed
}

// PacketOrigin is that of a QoS 2 message of a client whose session survives the process:
// the packet identifier that it came under.
func PacketOrigin(id uint16) Origin { return Origin(id)<<originBits | originPacket }

// Packet is that packet identifier.
func (o Origin) Packet() (id uint16, ok bool) {
	return uint16(o >> originBits), o&originMask == originPacket
}

// WillOrigin is that of the will with the number, which is below 2⁶⁰.
func WillOrigin(number uint64) Origin { return Origin(number<<originBits | originWill) }

// Will says whether the message is a will.
func (o Origin) Will() bool { return o&originMask == originWill }

const (
	originBits    = 2
	originMask    = 1<<originBits - 1
	originDelayed = 1
	originPacket  = 2
	originWill    = 3
)

// SetExpiry gives the message an expiry interval, which may be 0.
func (m *Message) SetExpiry(seconds uint32) { m.Expiry, m.ExpiresAtOnce = seconds, seconds == 0 }

// Expires says whether the message has an expiry interval.
func (m *Message) Expires() bool { return m.Expiry > 0 || m.ExpiresAtOnce }

// Clone returns a copy that owns its bytes.
func (m *Message) Clone() Message {
	c, _ := m.CloneTo(make([]byte, 0, m.Bytes()))
	return c
}

// CloneTo is Clone with the copied bytes behind those of b, which it returns with
// them; they lie together where b has room for [Message.Bytes] more.
func (m *Message) CloneTo(b []byte) (Message, []byte) {
	c := *m
	b, c.Topic = own(b, m.Topic)
	b, c.Payload = own(b, m.Payload)
	b, c.Properties = own(b, m.Properties)
	b, c.Publisher = own(b, m.Publisher)
	return c, b
}

// Bytes is how many bytes a copy takes beside the Message itself.
func (m *Message) Bytes() int {
	return len(m.Topic) + len(m.Payload) + len(m.Properties) + len(m.Publisher)
}

func own(b, v []byte) (rest, copied []byte) {
	if len(v) == 0 {
		return b, nil
	}
	n := len(b)
	b = append(b, v...)
	return b, b[n:len(b):len(b)]
}
