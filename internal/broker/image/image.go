// Package image encodes a message for its receivers: once for each kind of them, by version,
// QoS, RETAIN and subscription identifiers, however many there are. The packet that brought
// the message is passed on as it came to those who would be sent the same.
//
// A [Set] holds the images of one message at a time, in memory of its own; they are valid until
// the next message. It belongs to one loop and allocates nothing once it has grown.
package image

import (
	"slices"

	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// Set holds one message's encodings.
type Set struct {
	list  []image
	arena []byte
	at    int64 // when the message came
	p     packet.Publish
	came  asCame
}

// asCame is the packet that brought a message and may go on as it is. Its bytes are the
// reader's: they are valid until the message is routed.
type asCame struct {
	of      *msg.Message
	packet  []byte
	version packet.Version
}

// fits says whether the packet is what such a receiver of the message is sent.
func (k *asCame) fits(m *msg.Message, v packet.Version, qos byte, retain bool, ids []uint32) bool {
	return k.of == m && k.version == v && m.QoS == qos && m.Retain == retain && len(ids) == 0
}

// mainVersion is V311 for V31, too: the two have one PUBLISH.
func mainVersion(v packet.Version) packet.Version {
	if v == packet.V31 {
		return packet.V311
	}
	return v
}

// image is one encoding and what makes it fit a receiver.
type image struct {
	session.Image
	version packet.Version
	retain  bool
	ids     []uint32
}

func (e *image) fits(v packet.Version, qos byte, retain bool, ids []uint32) bool {
	return e.version == v && e.QoS == qos && e.retain == retain && slices.Equal(e.ids, ids)
}

// Reset is called before each message.
func (k *Set) Reset() {
	k.list, k.arena = k.list[:0], k.arena[:0]
	if cap(k.arena) > keepArena {
		k.arena = nil
	}
}

const keepArena = 256 << 10

// Came says that this packet has brought the message, until Gone: its bytes are not kept
// beyond that.
func (k *Set) Came(m *msg.Message, frame []byte, v packet.Version) {
	k.came = asCame{m, frame, mainVersion(v)}
}

// Gone is described at Came.
func (k *Set) Gone() { k.came.of = nil }

// At is when the message came that was encoded last.
func (k *Set) At() int64 { return k.at }

// For is m for a receiver that is granted so much. Of a message that loses something in an
// older version, it has the whole one, too.
func (k *Set) For(m *msg.Message, v packet.Version, granted byte, retain bool, ids []uint32) *session.Image {
	qos := min(m.QoS, granted)
	if v == packet.V5 { // what is mostly there is found without a further call: 5 ns a delivery
		for i := range k.list {
			if e := &k.list[i]; e.fits(v, qos, retain, ids) {
				k.at = m.Time
				return &e.Image
			}
		}
		return k.find(m, v, qos, retain, ids)
	}
	if qos > 0 && (m.Expires() || len(m.Properties) > 0) {
		return k.older(m, v, qos, retain, ids)
	}
	return k.find(m, v, qos, retain, ids)
}

// older is For where the version cannot carry all of the message.
func (k *Set) older(m *msg.Message, v packet.Version, qos byte, retain bool, ids []uint32) *session.Image {
	k.find(m, packet.V5, qos, retain, ids)
	im := k.find(m, v, qos, retain, nil)
	im.Whole = k.find(m, packet.V5, qos, retain, ids)
	return im
}

// find returns the encoding of m for a receiver, making it when there is none.
func (k *Set) find(m *msg.Message, v packet.Version, qos byte, retain bool, ids []uint32) *session.Image {
	if v = mainVersion(v); v != packet.V5 {
		ids = nil
	}
	k.at = m.Time
	for i := range k.list {
		if e := &k.list[i]; e.fits(v, qos, retain, ids) {
			return &e.Image
		}
	}
	return k.encode(m, v, qos, retain, ids)
}

// encode makes a further image.
func (k *Set) encode(m *msg.Message, v packet.Version, qos byte, retain bool, ids []uint32) *session.Image {
	if k.came.fits(m, v, qos, retain, ids) {
		return k.add(k.came.packet, packet.ImageID(k.came.packet), m, v, qos, retain, nil)
	}
	p := &k.p // its other fields stay as they are: it is never a copy, and has no alias
	p.Topic, p.Payload, p.Properties, p.QoS, p.Retain = m.Topic, m.Payload, m.Properties, qos, retain
	p.HasExpiry, p.Expiry, p.SubscriptionIDs = m.Expires(), m.Expiry, ids
	from := len(k.arena)
	var idAt int
	k.arena, idAt = p.AppendImage(k.arena, v)
	return k.add(k.arena[from:], idAt, m, v, qos, retain, ids)
}

func (k *Set) add(image []byte, idAt int, m *msg.Message, v packet.Version, qos byte, retain bool, ids []uint32) *session.Image {
	e := k.next()
	e.Bytes, e.IDAt, e.QoS, e.Of, e.Expires, e.V5 = image, idAt, qos, m.QoS, v == packet.V5 && m.Expires(), v == packet.V5
	e.version, e.retain, e.ids = v, retain, ids
	return &e.Image
}

// next is a further image, in the place of one of an earlier message where there is one.
func (k *Set) next() *image {
	n := len(k.list)
	if n == cap(k.list) {
		k.list = append(k.list, image{})
		return &k.list[n]
	}
	k.list = k.list[:n+1]
	e := &k.list[n]
	e.Whole, e.Logged = nil, session.Logged{}
	return e
}
