package bench

import (
	"sync/atomic"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

const (
	// maxQueued bounds the bytes of a publisher that wait to be written.
	maxQueued = 64 << 10
	// patience is how long a closed loop waits for a delivery that does not come,
	// before it goes on without.
	patience = int64(1e9)
	// probeEvery is after how many messages of QoS 0, which nobody answers, a
	// publisher sends a PINGREQ to learn that the broker has read them, and probes is
	// how many of those may be unanswered. Without them "sent" would mean that
	// megabytes lie in the system's buffers.
	probeEvery = 256
	probes     = 2
)

// publisher is a peer that sends. Its loop alone touches it, but for delivered,
// waiting and called.
type publisher struct {
	*peer
	index  int // among the publishers of all loops
	total  int
	qos    byte
	closed bool // the window counts deliveries, too
	fan    int
	window int
	lanes  []lane

	probing bool // asks whether the broker keeps up
	probed  int  // messages since the last PINGREQ
	asked   int  // PINGREQ not answered

	limited bool // sends quota messages and no more
	quota   int
	hollow  bool // sends empty messages, which clear what is retained

	sent   uint64 // since the run began; it numbers the messages
	due    uint64 // open loop: how many should be sent by now
	base   uint64 // of the pace: messages sent before it began
	free   []uint16
	flight []flying // by packet identifier - 1

	refused   []uint64     // numbers of messages that the broker did not take
	delivered atomic.Int64 // to all subscribers together
	waiting   atomic.Bool  // for a delivery
	called    atomic.Bool  // in a loop's list of those that may send
	forgiven  int64        // deliveries no longer waited for
	progress  int64        // delivered when it last moved
	moved     int64        // and when that was
}

// flying is a message that is not acknowledged; the zero value is none.
type flying struct {
	due      int64
	number   uint64 // among all of the publisher
	recorded bool   // by PUBREC
}

// lane is one publisher's messages to one topic.
type lane struct {
	number uint32
	image  []byte // the PUBLISH; identifier and stamp are patched into each copy
	idAt   int
	sent   uint64
}

func newPublisher(p *peer, o *Options, plan publisherPlan, index, total int) *publisher {
	b := &publisher{
		peer: p, index: index, total: total, qos: o.QoS, fan: plan.fan, window: o.Window,
		limited: o.Scenario == Retained || o.Scenario == Offline || o.Scenario == Durable && o.Durable.Step.fills(),
	}
	b.closed = o.Rate == 0 && plan.fan > 0 && !b.limited
	b.probing = o.Rate == 0 && plan.fan == 0 && o.QoS == 0
	if o.Scenario == Retained {
		b.qos = 1 // the acknowledgement says that the broker has it
	}
	b.lanes = make([]lane, len(plan.topics))
	for i := range b.lanes {
		b.lanes[i].number = plan.first + uint32(i)
	}
	b.encode(plan.topics, o.Retain || o.Scenario == Retained, make([]byte, o.Payload))
	return b
}

// encode makes the image of each lane's PUBLISH.
func (b *publisher) encode(topics []string, retain bool, payload []byte) {
	for i, topic := range topics {
		m := packet.Publish{Topic: []byte(topic), Payload: payload, QoS: b.qos, Retain: retain, ID: uint16(b.qos)}
		b.lanes[i].image, b.lanes[i].idAt = m.AppendImage(nil, b.version)
	}
}

// clear has the publisher empty its retained topics.
func (b *publisher) clear(topics []string) {
	b.hollow, b.quota = true, len(b.lanes)
	b.encode(topics, true, nil)
}

func (b *publisher) up(window int, _ int64) {
	if b.flight != nil {
		b.resume()
		return
	}
	b.window = min(b.window, window)
	if b.qos == 0 {
		return
	}
	b.flight = make([]flying, b.window)
	for id := b.window; id > 0; id-- {
		b.free = append(b.free, uint16(id))
	}
}

func (b *publisher) subscribed([]byte, int64)        {}
func (b *publisher) received(*packet.Publish, int64) {}

// acked frees the message's place.
func (b *publisher) acked(id uint16, reason byte, now int64) {
	m := &b.loop.meter
	if id == 0 || int(id) > len(b.flight) || b.flight[id-1].due == 0 {
		m.strange++
		return
	}
	f := b.flight[id-1]
	if f.recorded && reason == packet.PacketIDNotFound {
		reason = packet.Success // it was released before the connection was lost
	}
	if !b.hollow {
		m.ack(now-f.due, reason)
	}
	b.excuse(f, reason)
	b.flight[id-1] = flying{}
	b.free = append(b.free, id)
	b.loop.call(b)
}

// send sends what may be sent now.
func (b *publisher) send(now int64) {
	pace := b.loop.pace
	for b.room() {
		at := now
		if pace.open() {
			if b.sent-b.base >= b.due {
				return
			}
			at = pace.due(uint64(b.index) + (b.sent-b.base)*uint64(b.total))
			b.loop.meter.late(now - at)
		}
		b.one(at, b.loop.run)
	}
}

// room reports whether the window and the buffer take one more message.
func (b *publisher) room() bool {
	if b.state != up || b.qos > 0 && len(b.free) == 0 || b.limited && b.quota == 0 || b.asked == probes {
		return false
	}
	if b.stuck = b.loop.wire.queued(b.peer) >= maxQueued; b.stuck {
		return false
	}
	if !b.closed || b.undelivered() < b.limit() {
		return true
	}
	b.waiting.Store(true)
	// A delivery between the look and the flag must not go unseen.
	return b.undelivered() < b.limit()
}

func (b *publisher) undelivered() int64 {
	return int64(b.sent)*int64(b.fan) - b.delivered.Load() - b.forgiven
}

// limit is the window in deliveries, less the one message that would be next.
func (b *publisher) limit() int64 { return int64(b.window-1)*int64(b.fan) + 1 }

// one appends the next message.
func (b *publisher) one(due int64, run uint32) {
	l := &b.lanes[b.sent%uint64(len(b.lanes))]
	from := len(b.out)
	b.out = append(b.out, l.image...)
	if !b.hollow {
		stamp{run: run, lane: l.number, seq: l.sent, due: due}.put(b.out[len(b.out)-b.loop.o.Payload:])
		b.loop.meter.sent++
	}
	b.quota--
	if b.qos > 0 {
		id := b.free[len(b.free)-1]
		b.free = b.free[:len(b.free)-1]
		b.flight[id-1] = flying{due: due, number: b.sent}
		packet.PatchID(b.out[from:], l.idAt, id)
	}
	l.sent++
	b.sent++
	if b.probed++; b.probing && b.probed == probeEvery {
		b.probe()
	}
	b.touch()
}

func (b *publisher) probe() {
	b.probed = 0
	b.asked++
	b.ping()
}

// ponged is told by the peer: the broker has read what was sent before a PINGREQ.
func (b *publisher) ponged() {
	if b.asked > 0 {
		b.asked--
		b.loop.call(b)
	}
}

// forgive ends the wait for deliveries that do not come; the flows will say which.
func (b *publisher) forgive(now int64) {
	if n := b.delivered.Load(); n != b.progress || !b.waiting.Load() {
		b.progress, b.moved = n, now
		return
	}
	if now-b.moved >= patience {
		b.forgiven += b.undelivered()
		b.moved = now
		b.loop.meter.stalls++
		b.loop.call(b)
	}
}

// unacknowledged is how many messages wait for their PUBACK or PUBCOMP.
func (b *publisher) unacknowledged() int { return len(b.flight) - len(b.free) }
