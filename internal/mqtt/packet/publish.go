package packet

import "encoding/binary"

var (
	errQoS3    = malformed("A PUBLISH has both QoS bits set [MQTT-3.3.1-4].")
	errDup     = protocol("A PUBLISH of QoS 0 has the DUP flag set [MQTT-3.3.1-2].")
	errNoTopic = protocol("A PUBLISH has neither a topic name nor a topic alias.")
)

// Publish is the PUBLISH packet.
type Publish struct {
	// Dup marks a repeated delivery, Retain a message to keep (or a kept one).
	Dup, Retain bool
	// QoS is 0, 1 or 2.
	QoS byte
	// HasExpiry says that Expiry is present.
	HasExpiry bool
	// ID is the packet identifier; 0 with QoS 0.
	ID uint16
	// Alias is the topic alias; 0 is none.
	Alias uint16
	// Expiry is the message expiry interval in seconds.
	Expiry uint32
	// Topic is the topic name; empty only when Alias stands for it.
	Topic []byte
	// Payload is the application message.
	Payload []byte
	// Properties are those that travel with the message (payload format indicator,
	// content type, response topic, correlation data, user properties), in wire
	// form without a length; see [NextProperty].
	Properties []byte
	// SubscriptionIDs are the subscription identifiers, from a server only.
	SubscriptionIDs []uint32

	scratch []byte // Properties, when they did not lie side by side
}

// Type is TypePublish.
func (p *Publish) Type() Type { return TypePublish }

// Decode reads one whole packet.
func (p *Publish) Decode(b []byte, v Version) error {
	*p = Publish{SubscriptionIDs: p.SubscriptionIDs[:0], scratch: p.scratch[:0]}
	if len(b) == 0 || TypeOf(b[0]) != TypePublish {
		return errType
	}
	r, err := body(b, v)
	if err != nil {
		return err
	}
	if err := p.flags(b[0], v); err != nil {
		return err
	}
	p.Topic = r.bytes()
	plain := plainName(p.Topic)
	r.check(plain || text(p.Topic), errText)
	if p.QoS > 0 {
		p.ID = r.id() // [MQTT-2.2.1-2]
	}
	if v == V5 {
		p.decode5(&r)
	}
	if r.err != nil {
		return r.err
	}
	p.Payload = r.b
	if plain {
		return nil
	}
	return p.topic(v)
}

func (p *Publish) flags(first byte, v Version) error {
	p.Dup, p.QoS, p.Retain = first&8 != 0, first>>1&3, first&1 != 0
	if p.QoS == 3 {
		return errQoS3
	}
	if p.Dup && p.QoS == 0 && v != V31 { // 3.1 does not forbid it, and old devices set it
		return errDup
	}
	return nil
}

// topic looks at a topic name that is no plainName.
func (p *Publish) topic(v Version) error {
	if len(p.Topic) == 0 && p.Alias == 0 {
		if v == V5 {
			return errNoTopic
		}
		return errTopicEmpty
	}
	if wild(p.Topic) {
		return errTopicWild
	}
	return nil
}

func (p *Publish) decode5(r *reader) {
	if len(r.b) > 0 && r.b[0] == 0 { // no property, as most messages
		p.Properties, r.b = r.b[:0:0], r.b[1:]
		return
	}
	l := r.list(inPublish)
	whole := l.b
	start, stop := 0, 0 // the run of travelling properties
	for at := 0; ; {
		prop, ok := l.next()
		if !ok {
			break
		}
		next := l.offset()
		switch prop.ID {
		case MessageExpiry:
			p.HasExpiry, p.Expiry = true, prop.Num
		case TopicAlias:
			p.Alias = uint16(prop.Num)
		case SubscriptionIdentifier:
			p.SubscriptionIDs = append(p.SubscriptionIDs, prop.Num)
		default:
			if stop != at && stop > start { // a gap: gather what travels
				p.scratch = append(p.scratch, whole[start:stop]...)
			}
			if stop != at {
				start = at
			}
			stop = next
		}
		at = next
	}
	r.check(l.err == nil, l.err)
	p.Properties = whole[start:stop:stop]
	if len(p.scratch) > 0 {
		p.scratch = append(p.scratch, p.Properties...)
		p.Properties = p.scratch
	}
}

// Append writes the packet behind dst. A packet beyond the protocol's largest
// leaves dst as it was.
func (p *Publish) Append(dst []byte, v Version) []byte {
	dst, _ = p.AppendImage(dst, v)
	return dst
}

// AppendImage is Append, and says how far into the packet its identifier lies (0
// with QoS 0): an encoded packet can be copied for many receivers and each copy
// given its own identifier by [PatchID].
func (p *Publish) AppendImage(dst []byte, v Version) (out []byte, idAt int) {
	topic := p.Topic[:min(len(p.Topic), 65535)]
	remaining, props := p.sizes(len(topic), v)
	if remaining > MaxRemaining {
		return dst, 0
	}
	from := len(dst)
	dst = append(dst, p.first())
	dst = appendUvarint(dst, remaining)
	dst = appendBytes(dst, topic)
	if p.QoS > 0 {
		idAt = len(dst) - from
		dst = append(dst, byte(p.ID>>8), byte(p.ID))
	}
	if v == V5 {
		dst = p.append5(appendUvarint(dst, props))
	}
	return append(dst, p.Payload...), idAt
}

// Size is how many bytes Append takes, fixed header included.
func (p *Publish) Size(v Version) int {
	remaining, _ := p.sizes(min(len(p.Topic), 65535), v)
	return 1 + uvarintSize(remaining) + remaining
}

// sizes returns the remaining length and, in MQTT 5, the property length.
func (p *Publish) sizes(topic int, v Version) (remaining, props int) {
	remaining = 2 + topic + len(p.Payload)
	if p.QoS > 0 {
		remaining += 2
	}
	if v != V5 {
		return remaining, 0
	}
	props = len(p.Properties)
	if p.HasExpiry {
		props += 5
	}
	if p.Alias != 0 {
		props += 3
	}
	for _, id := range p.SubscriptionIDs {
		props += 1 + uvarintSize(int(id))
	}
	return remaining + uvarintSize(props) + props, props
}

func (p *Publish) first() byte {
	first := byte(TypePublish)<<4 | p.QoS<<1
	if p.Dup {
		first |= 8
	}
	if p.Retain {
		first |= 1
	}
	return first
}

func (p *Publish) append5(dst []byte) []byte {
	if p.HasExpiry {
		dst = binary.BigEndian.AppendUint32(append(dst, byte(MessageExpiry)), p.Expiry)
	}
	if p.Alias != 0 {
		dst = append(dst, byte(TopicAlias), byte(p.Alias>>8), byte(p.Alias))
	}
	for _, id := range p.SubscriptionIDs {
		dst = appendUvarint(append(dst, byte(SubscriptionIdentifier)), int(id))
	}
	return append(dst, p.Properties...)
}

// Shortest reports whether the length of a whole packet is written as short as can be:
// before MQTT 5 it need not.
func Shortest(b []byte) bool {
	at := 1
	for b[at] >= 0x80 {
		at++
	}
	return at == 1 || b[at] != 0
}

// ImageID is how far into an encoded PUBLISH its identifier lies; 0 with QoS 0.
func ImageID(image []byte) int {
	if image[0]&0b0110 == 0 {
		return 0
	}
	at := 2
	for image[at-1] >= 0x80 {
		at++
	}
	return at + 2 + int(binary.BigEndian.Uint16(image[at:]))
}

// PatchID writes a packet identifier into an encoded PUBLISH at the place that
// AppendImage told.
func PatchID(image []byte, idAt int, id uint16) {
	binary.BigEndian.PutUint16(image[idAt:], id)
}

// PatchDup sets the DUP flag of an encoded PUBLISH.
func PatchDup(image []byte) { image[0] |= 8 }
