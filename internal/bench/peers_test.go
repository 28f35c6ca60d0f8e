package bench

import (
	"testing"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// shelf is a wire that keeps what is written.
type shelf struct{ blocked bool }

func (*shelf) open(*peer)         {}
func (*shelf) write(*peer)        {}
func (*shelf) close(*peer)        {}
func (*shelf) wait(time.Duration) {}
func (*shelf) wake()              {}
func (*shelf) end()               {}
func (w *shelf) queued(*peer) int {
	if w.blocked {
		return maxQueued
	}
	return 0
}

// lone returns a publisher that is connected, in a loop of its own.
func lone(tb testing.TB, o Options) (*loop, *publisher, *shelf) {
	tb.Helper()
	o.Scenario, o.Publishers = P2P, 1
	if err := o.Check(); err != nil {
		tb.Fatal(err)
	}
	o.defaults()
	w := &shelf{}
	l := &loop{o: o, run: 7, wire: w, meter: newMeter(), sending: true, origin: time.Unix(0, 0)}
	l.meter.measuring = true
	p := &peer{loop: l, version: o.Version, state: up}
	plan := newPlan(&l.o, "t")
	b := newPublisher(p, &l.o, plan.publishers[0], 0, 1)
	p.role = b
	l.publishers, l.owners = []*publisher{b}, []*publisher{b}
	b.up(65535, 0)
	return l, b, w
}

// sentIDs takes what the publisher wrote and returns the packet identifiers.
func (b *publisher) sentIDs(t *testing.T) []uint16 {
	t.Helper()
	var ids []uint16
	for len(b.out) > 0 {
		size, err := packet.Frame(b.out, 0)
		if err != nil {
			t.Fatal(err)
		}
		var m packet.Publish
		if err := m.Decode(b.out[:size], b.version); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
		b.out = append([]byte(nil), b.out[size:]...)
	}
	return ids
}

func TestClosedLoopWaitsForAcknowledgementAndDelivery(t *testing.T) {
	l, b, _ := lone(t, Options{QoS: 1, Window: 2})
	b.send(1)
	ids := b.sentIDs(t)
	if len(ids) != 2 || ids[0] == ids[1] {
		t.Fatal(ids)
	}
	b.acked(ids[0], 0, 1)
	if l.sendAll(1); len(b.out) > 0 {
		t.Fatal("sent a third before the first was delivered")
	}
	l.delivered(0)
	if l.sendAll(1); len(b.sentIDs(t)) != 1 {
		t.Fatal("acknowledged and delivered, but nothing follows")
	}
}

func TestClosedLoopGoesOnWithoutALostDelivery(t *testing.T) {
	l, b, _ := lone(t, Options{Window: 2})
	b.send(0)
	b.sentIDs(t)
	b.forgive(1) // notes that it waits
	b.forgive(1 + patience/2)
	if l.sendAll(0); len(b.out) > 0 {
		t.Fatal("lost its patience too early")
	}
	b.forgive(2 + patience)
	if l.sendAll(0); len(b.sentIDs(t)) != 2 || l.meter.stalls != 1 {
		t.Fatal("waits for ever")
	}
}

// A broker that stops for a second must show it in every message that was due
// meanwhile, not in the few that were under way.
func TestOpenLoopCountsFromWhenAMessageWasDue(t *testing.T) {
	const begin, second, step = int64(1e15), int64(1e9), int64(1e7)
	l, b, _ := lone(t, Options{QoS: 1, Rate: 100, Window: 1})
	l.start(pace{begin: begin, rate: 100})
	// The first is acknowledged after a second; the broker then answers at once.
	l.owe(begin)
	l.sendAll(begin)
	const now = begin + second - step
	l.owe(now)
	for range 100 {
		for _, id := range b.sentIDs(t) {
			b.acked(id, 0, now)
		}
		l.sendAll(now)
	}
	d := distribution(l.meter.puback)
	if d.Count != 100 || d.Max < 989_000 || d.P50 < 480_000 || d.P50 > 520_000 {
		t.Fatalf("%+v: the wait of messages that were due is left out", d)
	}
	if late := time.Duration(l.meter.lateness); late < time.Second-time.Duration(2*step) {
		t.Fatalf("sent late by %v at most", late)
	}
}

func TestOpenLoopKeepsItsRateOverPublishers(t *testing.T) {
	l, first, _ := lone(t, Options{Rate: 1000})
	second := newPublisher(&peer{loop: l, version: packet.V5, state: up}, &l.o, publisherPlan{topics: []string{"u"}, fan: 1}, 1, 2)
	first.total = 2
	l.publishers = append(l.publishers, second)
	l.start(pace{begin: 1, rate: 1000})
	l.owe(1 + int64(10*time.Millisecond))
	l.sendAll(1 + int64(10*time.Millisecond))
	if first.sent != 6 || second.sent != 5 {
		t.Fatalf("in 10 ms at 1000/s %d and %d were sent", first.sent, second.sent)
	}
}

func TestPublisherStopsWhereTheSocketDoes(t *testing.T) {
	l, b, w := lone(t, Options{Window: 100})
	w.blocked = true
	if b.send(0); b.sent != 0 {
		t.Fatal("sent into a full socket")
	}
	w.blocked = false
	l.drained(b.peer)
	if l.sendAll(0); b.sent != 100 {
		t.Fatal("not called back", b.sent)
	}
}

func TestQoS0WithoutSubscribersAsksWhetherTheBrokerKeepsUp(t *testing.T) {
	o := Options{Scenario: Pub, Publishers: 1}
	o.defaults()
	l, _, _ := lone(t, Options{})
	b := newPublisher(&peer{loop: l, version: packet.V5, state: up}, &o, publisherPlan{topics: []string{"t"}}, 0, 1)
	b.role = b
	if b.send(0); b.sent != probes*probeEvery {
		t.Fatalf("%d sent without an answer", b.sent)
	}
	if err := b.feed(packet.Pingresp{}.Append(nil, packet.V5), 0); err != nil {
		t.Fatal(err)
	}
	if l.sendAll(0); b.sent != (probes+1)*probeEvery {
		t.Fatalf("%d sent after an answer", b.sent)
	}
}

func TestPacketsMayArriveInAnyPieces(t *testing.T) {
	l, b, _ := lone(t, Options{QoS: 1, Window: 50})
	b.send(1)
	var acks []byte
	for _, id := range b.sentIDs(t) {
		acks = packet.AppendAck(acks, packet.TypePuback, id, 0, packet.V5)
	}
	for i := range acks {
		if err := b.feed(acks[i:i+1], 1); err != nil {
			t.Fatal(err)
		}
	}
	if l.meter.acked != 50 || len(b.in) != 0 {
		t.Fatal(l.meter.acked, len(b.in))
	}
}

func TestStrangePacketsAreCountedNotTrusted(t *testing.T) {
	l, b, _ := lone(t, Options{QoS: 1, Window: 1})
	b.acked(0, 0, 0)
	b.acked(2, 0, 0)
	b.acked(1, 0, 0)
	if l.meter.strange != 3 || len(b.free) != 1 {
		t.Fatal(l.meter.strange, b.free)
	}
	s := newSubscriber(&peer{loop: l, state: up}, &l.o, subscriberPlan{lanes: []uint32{0}})
	payload := make([]byte, stampSize)
	stamp{run: 7, lane: 1 << 30}.put(payload)
	for _, p := range [][]byte{nil, payload[:5], payload} {
		s.received(&packet.Publish{Payload: p}, 0)
	}
	if l.meter.strange != 6 {
		t.Fatal(l.meter.strange)
	}
}

// round sends one message, delivers and acknowledges it.
func (b *publisher) round(s *subscriber, in *packet.Publish) {
	b.send(1)
	in.Payload = b.out[len(b.out)-b.loop.o.Payload:]
	s.received(in, 2)
	b.out = b.out[:0]
	b.dirty, b.loop.dirty = false, b.loop.dirty[:0]
	b.acked(1, 0, 2)
	b.loop.sendAll(1)
}

func pairFor(tb testing.TB) (*publisher, *subscriber) {
	l, b, _ := lone(tb, Options{QoS: 1, Window: 1})
	return b, newSubscriber(&peer{loop: l, state: up}, &l.o, subscriberPlan{lanes: []uint32{0}})
}

func TestAMessageCostsNoAllocation(t *testing.T) {
	b, s := pairFor(t)
	var in packet.Publish
	b.round(s, &in)
	if n := testing.AllocsPerRun(1000, func() { b.round(s, &in) }); n != 0 {
		t.Fatalf("%v allocations a message", n)
	}
	if s.loop.meter.received < 1000 || s.loop.meter.strange != 0 {
		t.Fatal("the messages did not arrive", s.loop.meter.counts)
	}
}

func BenchmarkSendReceiveAndCheck(b *testing.B) {
	p, s := pairFor(b)
	var in packet.Publish
	b.ReportAllocs()
	for b.Loop() {
		p.round(s, &in)
	}
}
