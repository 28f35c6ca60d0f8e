package broker

import (
	"slices"

	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// images holds one message's encodings: a message is encoded once for each kind
// of receiver, however many there are.
type images struct {
	list  []image
	arena []byte
	at    int64 // when the message came
	p     packet.Publish
}

// image is one encoding and what makes it fit a receiver.
type image struct {
	session.Image
	version packet.Version
	retain  bool
	ids     []uint32
}

func (k *images) reset() {
	k.list, k.arena = k.list[:0], k.arena[:0]
	if cap(k.arena) > keepArena {
		k.arena = nil
	}
}

const keepArena = 256 << 10

// find returns the encoding of m for a receiver, making it when there is none.
func (k *images) find(m *msg.Message, v packet.Version, qos byte, retain bool, ids []uint32) *session.Image {
	if v == packet.V31 {
		v = packet.V311 // the two have one PUBLISH
	}
	if v != packet.V5 {
		ids = nil
	}
	k.at = m.Time
	for i := range k.list {
		if e := &k.list[i]; e.version == v && e.QoS == qos && e.retain == retain && slices.Equal(e.ids, ids) {
			return &e.Image
		}
	}
	k.p = packet.Publish{
		Topic: m.Topic, Payload: m.Payload, Properties: m.Properties, QoS: qos, Retain: retain,
		HasExpiry: m.Expiry > 0, Expiry: m.Expiry, SubscriptionIDs: ids,
	}
	from := len(k.arena)
	var idAt int
	k.arena, idAt = k.p.AppendImage(k.arena, v)
	expires := v == packet.V5 && m.Expiry > 0
	k.list = append(k.list, image{
		Image:   session.Image{Bytes: k.arena[from:], IDAt: idAt, QoS: qos, Expires: expires},
		version: v, retain: retain, ids: ids,
	})
	return &k.list[len(k.list)-1].Image
}

// deliver gives m to this loop's receivers on the route; from is the publishing
// client when it lives on this loop. It returns how many receivers there were.
func (w *worker) deliver(r *route, m *msg.Message, from *client) int {
	w.images.reset()
	n := 0
	for i := range r.local {
		t := &r.local[i]
		g := &t.grant
		if t.own != nil && t.client == from {
			g = t.own
		}
		if g.none {
			continue
		}
		n++
		w.deliverTo(t.client, g, m)
	}
	return n
}

func (w *worker) deliverTo(c *client, g *grant, m *msg.Message) {
	if !c.conn.Open() {
		return
	}
	if outcome, code := w.try(c, w.imageFor(c, g, m)); outcome == session.Dropped {
		w.missed(c, code)
	}
}

// imageFor is the encoding of m for that client.
func (w *worker) imageFor(c *client, g *grant, m *msg.Message) *session.Image {
	return w.images.find(m, c.session.Version(), min(m.QoS, g.qos), m.Retain && g.asPublished, g.ids)
}

// try sends the image to the client or keeps it back. It counts what is sent, and
// leaves it to the caller what to do with one that can be neither.
func (w *worker) try(c *client, im *session.Image) (session.Outcome, fault.Code) {
	w.work++
	room := c.conn.Buffered() < c.door.zone.OutputBuffer
	before := c.conn.Output()
	out, outcome, code := c.session.Deliver(before, im, w.loop.Now(), room)
	c.conn.SetOutput(out)
	if outcome == session.Sent {
		w.countOut(c, im.QoS, len(out)-len(before))
		w.delivered(w.images.at)
	}
	return outcome, code
}

// pushWaiting sends what the client's session keeps back, as far as it may go.
func (w *worker) pushWaiting(c *client) {
	for c.session.Waiting() > 0 && c.conn.Buffered() < c.door.zone.OutputBuffer {
		before := c.conn.Output()
		out, sent, expired := c.session.Next(before, w.loop.Now())
		c.conn.SetOutput(out)
		switch {
		case sent:
			w.countOut(c, out[len(before)]>>1&3, len(out)-len(before))
		case expired:
			w.missed(c, fault.Expired)
		default:
			return
		}
	}
}
