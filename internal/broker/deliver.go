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

func (k *images) reset() {
	k.list, k.arena = k.list[:0], k.arena[:0]
	if cap(k.arena) > keepArena {
		k.arena = nil
	}
}

const keepArena = 256 << 10

// find returns the encoding of m for a receiver, making it when there is none.
func (k *images) find(m *msg.Message, v packet.Version, qos byte, retain bool, ids []uint32) *session.Image {
	if v = mainVersion(v); v != packet.V5 {
		ids = nil
	}
	k.at = m.Time
	for i := range k.list {
		if e := &k.list[i]; e.version == v && e.QoS == qos && e.retain == retain && slices.Equal(e.ids, ids) {
			return &e.Image
		}
	}
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

func (k *images) add(image []byte, idAt int, m *msg.Message, v packet.Version, qos byte, retain bool, ids []uint32) *session.Image {
	e := k.next()
	e.Bytes, e.IDAt, e.QoS, e.Of, e.Expires, e.V5 = image, idAt, qos, m.QoS, v == packet.V5 && m.Expires(), v == packet.V5
	e.version, e.retain, e.ids = v, retain, ids
	return &e.Image
}

// next is a further image, in the place of one of an earlier message where there is one.
func (k *images) next() *image {
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

// deliver gives m to this loop's receivers on the route; from is the publishing
// client when it lives on this loop. It returns how many receivers there were.
func (w *worker) deliver(r *route, m *msg.Message, from *client) int {
	w.images.reset()
	w.unlisted = m.QoS == 0
	n, receivers := 0, r.local
	if m.QoS > 0 && r.owed == len(r.local)-r.atOnce {
		n, receivers = r.owed, r.local[:r.atOnce] // the others get it from the log
	}
	for i := range receivers {
		t := &receivers[i]
		g := &t.grant
		if t.own != nil && t.client == from {
			g = t.own
		}
		if g.none {
			continue
		}
		n++
		if t.logged && m.QoS > 0 {
			continue // it comes from the log
		}
		w.deliverTo(t.client, g, m)
	}
	w.unlisted = false
	return n
}

func (w *worker) deliverTo(c *client, g *grant, m *msg.Message) {
	if outcome, code := w.try(c, w.imageFor(c, g, m), 0); outcome == session.Dropped {
		w.missed(c, code)
	}
}

// imageFor is the encoding of m for that client.
func (w *worker) imageFor(c *client, g *grant, m *msg.Message) *session.Image {
	v, qos, retain := c.session.Version(), min(m.QoS, g.qos), m.Retain && g.asPublished
	if v == packet.V5 || qos == 0 || !m.Expires() && len(m.Properties) == 0 {
		return w.images.find(m, v, qos, retain, g.ids)
	}
	w.images.find(m, packet.V5, qos, retain, g.ids)
	im := w.images.find(m, v, qos, retain, nil)
	im.Whole = w.images.find(m, packet.V5, qos, retain, g.ids)
	return im
}

// try sends the image to the client or keeps it for it; share is the number of the
// shared subscription by which it comes, 0 is none. It counts what is sent, and
// leaves it to the caller what to do with one that can be neither.
func (w *worker) try(c *client, im *session.Image, share uint32) (outcome session.Outcome, code fault.Code) {
	outcome, code = w.attempt(c, im, share)
	if w.recorder != nil && !(w.unlisted && outcome == session.Sent) {
		w.recordOutcome(c, im, share, outcome, code)
	}
	return outcome, code
}

func (w *worker) attempt(c *client, im *session.Image, share uint32) (outcome session.Outcome, code fault.Code) {
	w.work += 1 + len(im.Bytes)/workBytes
	if c.session.Away() {
		_, outcome, code = c.session.DeliverShared(nil, im, share, w.loop.Now(), false)
	} else if !c.conn.Open() {
		if im.Logged.Stream != 0 {
			return session.Behind, 0
		}
		return session.Dropped, fault.NoSubscriber
	} else {
		room := c.conn.Buffered() < c.door.zone.OutputBuffer
		if room && !w.mayTake(c, len(im.Bytes)) {
			if im.QoS == 0 && !c.door.zone.QueueQoS0 {
				return w.missOutput(c)
			}
			room = false
			w.starve(c)
		}
		before := c.conn.Output()
		var out []byte
		out, outcome, code = c.session.DeliverShared(before, im, share, w.loop.Now(), room)
		c.conn.SetOutput(out)
		if outcome == session.Sent {
			w.countOut(c, out[len(before):])
			w.delivered(w.images.at)
			w.meterOut(im.QoS, outcome)
			return outcome, code
		}
	}
	w.meterOut(im.QoS, outcome)
	if n, why := c.session.Evicted(); n > 0 {
		w.lost(c, why, n)
	}
	if outcome == session.Dropped && code == fault.QueueOverrun {
		w.overrun = append(w.overrun, c)
	}
	return outcome, code
}

// pushWaiting sends what the client's session keeps back, as far as it may go.
func (w *worker) pushWaiting(c *client) {
	for c.session.Waiting() > 0 && c.conn.Buffered() < c.door.zone.OutputBuffer {
		if !w.mayTake(c, c.session.NextSize()) {
			w.starve(c)
			return
		}
		w.work++
		before := c.conn.Output()
		out, outcome, code := c.session.Next(before, w.loop.Now())
		c.conn.SetOutput(out)
		switch outcome {
		case session.Sent:
			w.countOut(c, out[len(before):])
			w.recordSent(c)
		case session.Dropped:
			w.missed(c, code)
		default:
			return
		}
	}
}

// endOverrun closes the connections whose queues were full, by policy.
func (w *worker) endOverrun() {
	for i, c := range w.overrun {
		w.end(c, errOverrun)
		w.overrun[i] = nil
	}
	w.overrun = w.overrun[:0]
}

var errOverrun = fault.New(fault.QueueOverrun, "More messages wait for the client than its queue may hold.")
