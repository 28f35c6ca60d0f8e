package session

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

func random(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func TestWindowHandsEachIdentifierToOneMessage(t *testing.T) {
	r := random(t)
	for _, limit := range []int{1, 2, 20, 1024, 65535} {
		var w window
		inUse := map[uint16]bool{}
		for range 20_000 {
			if r.IntN(5) < 3 {
				id, ok := w.take(limit, awaitsAck)
				if ok != (len(inUse) < limit) || ok && (id == 0 || inUse[id]) {
					t.Fatalf("limit %d, %d in use: %d %v", limit, len(inUse), id, ok)
				}
				if ok {
					inUse[id] = true
				}
				continue
			}
			id := uint16(r.IntN(1 << 16))
			for known := range inUse { // mostly one that is in use
				if r.IntN(10) > 0 {
					id = known
				}
				break
			}
			if (w.phase(id) != landed) != inUse[id] {
				t.Fatalf("%d: in use %v", id, inUse[id])
			}
			if inUse[id] {
				w.release(id)
			}
			delete(inUse, id)
		}
		if w.count != len(inUse) {
			t.Fatal(w.count, len(inUse))
		}
	}
}

func TestAcksLeaveInOrder(t *testing.T) {
	r := random(t)
	var a acks
	var awaiting []Place
	given, taken := 0, 0
	for range 200_000 { // the places wrap around
		switch k := r.IntN(3); {
		case k == 0 && len(awaiting) < 500:
			awaiting = append(awaiting, a.await(uint16(given%65535+1), given%3 == 0))
			given++
		case k > 0 && len(awaiting) > 0:
			i := r.IntN(len(awaiting))
			a.settle(awaiting[i], Answer{})
			awaiting = append(awaiting[:i], awaiting[i+1:]...)
		}
		for k, ok := a.next(); ok; k, ok = a.next() {
			if int(k.id) != taken%65535+1 || k.exact != (taken%3 == 0) {
				t.Fatalf("%+v, want %d", k, taken%65535+1)
			}
			taken++
		}
	}
	if given-taken != a.count || a.once > a.count || given < 66_000 {
		t.Fatal(given, taken, a.count)
	}
}

// A run of everything a queue is asked to do, against lists of what must be in it.
func TestQueueHoldsWhatIsNotDoneWith(t *testing.T) {
	r := random(t)
	var q queue
	var w window
	var tally Tally
	q.tally = &tally
	var waiting []record
	kept := map[uint16]record{}
	var order []uint16 // of kept, oldest first
	unsent := 0
	for i := range 30_000 {
		switch k := r.IntN(100); {
		case k < 45 && len(waiting) < 200:
			rec := record{image: bytes.Repeat([]byte{byte(i)}, r.IntN(300)), at: int64(i), idAt: i % 3, expiryAt: i % 7}
			q.push(rec, &w)
			waiting = append(waiting, rec)
		case k < 70 && len(waiting) > 0 && unsent == 0 && w.count < 100:
			got, _ := q.read(q.front())
			want := waiting[0]
			if want.idAt == 0 { // QoS 0 is sent and forgotten
				q.remove(q.front())
				waiting = waiting[1:]
				continue
			}
			id, _ := w.take(1000, awaitsAck)
			if !bytes.Equal(got.image, want.image) || got.at != want.at || got.idAt != want.idAt || got.expiryAt != want.expiryAt {
				t.Fatalf("%v, want %v", got, want)
			}
			w.keep(id, q.sent(id))
			want.id = id
			kept[id], order, waiting = want, append(order, id), waiting[1:]
		case k < 90 && len(order) > 0: // acknowledged, mostly the oldest
			n := 0
			if r.IntN(5) == 0 {
				n = r.IntN(len(order))
			}
			id := order[n]
			at, _ := w.letGo(id)
			got, _ := q.read(q.place(at))
			if want := kept[id]; got.id != id || !bytes.Equal(got.image, want.image) {
				t.Fatalf("%d: %v, want %v", id, got, want)
			}
			q.remove(q.place(at))
			w.release(id)
			if n >= len(order)-unsent {
				unsent--
			}
			order = append(order[:n], order[n+1:]...)
			delete(kept, id)
		case k < 92 && len(waiting) > 0: // the queue is too full
			q.remove(q.front())
			waiting = waiting[1:]
		case k == 92:
			q.restart()
			unsent = len(order)
		case k > 92 && unsent > 0:
			got, _ := q.read(q.again())
			if want := order[len(order)-unsent]; got.id != want {
				t.Fatalf("%d is sent again, want %d", got.id, want)
			}
			q.resent()
			unsent--
		}
		zeroes := 0
		for _, rec := range waiting {
			if rec.idAt == 0 {
				zeroes++
			}
		}
		if q.count != len(waiting) || q.kept != len(order) || q.unsent != unsent || q.zeroes != zeroes || int(tally.Bytes) != q.bytes() || int(tally.Waiting) != q.count {
			t.Fatalf("%d: %+v, want %d waiting, %d kept, %d unsent", i, q, len(waiting), len(order), unsent)
		}
	}
	if cap(q.run) > 1<<20 {
		t.Fatal(cap(q.run))
	}
}

func TestExactRemembersWhatIsHeld(t *testing.T) {
	r := random(t)
	var e exact
	model := map[uint16]bool{} // held: answered
	for range 200_000 {
		id := uint16(r.IntN(1 << 16))
		if r.IntN(2) > 0 {
			id = uint16(r.IntN(600))
		}
		held, answered := e.state(id)
		if was, ok := model[id]; ok != held || was != answered {
			t.Fatalf("%d: %v %v, want %v %v", id, held, answered, ok, was)
		}
		switch k := r.IntN(3); {
		case k == 0 && !held:
			e.add(id)
			model[id] = false
		case k == 1 && held:
			e.answer(id)
			model[id] = true
		case k == 2:
			if e.release(id) != held {
				t.Fatal("release", id)
			}
			delete(model, id)
		}
	}
	for id := range model {
		e.release(id)
	}
	for _, p := range e.pages {
		if p != nil {
			t.Fatal("an empty page is kept")
		}
	}
	if e.count != 0 {
		t.Fatal(e.count)
	}
}

// admitted is a session that was admitted.
func admitted(v packet.Version, l *Limits) *Session {
	s := New(l)
	var ev Event
	s.Step((&packet.Connect{Version: v, CleanStart: true, ClientID: []byte("c")}).Append(nil, v), 0, &ev, nil)
	s.Accept(nil, &ev.Connect, "c", Admission{})
	return &s
}

var wide = Limits{ReceiveMaximum: 1024, MaximumPacketSize: 1 << 20, Inflight: 1024, Queue: 1000, QueueBytes: 1 << 20, Subscriptions: 100, TopicAliases: 32}

// A burst makes room for what is under way; a client that has become quiet gives it back.
func TestRestGivesBackWhatABurstNeeded(t *testing.T) {
	s := admitted(packet.V5, &wide)
	image, idAt := (&packet.Publish{Topic: []byte("t"), Payload: make([]byte, 64), QoS: 1}).AppendImage(nil, 5)
	for range wide.Inflight {
		s.DeliverShared(nil, &Image{Bytes: image, IDAt: idAt, QoS: 1, V5: true}, 1, 1, true)
	}
	s.Rest()
	if s.Inflight() != wide.Inflight {
		t.Fatal("what is under way was given back:", s.Inflight())
	}
	var ev Event
	for id := range uint16(wide.Inflight) {
		s.Step(packet.AppendAck(nil, packet.TypePuback, id+1, packet.Success, 5), 1, &ev, nil)
	}
	s.Rest()
	if f := s.flow; len(f.window.ring) > firstRing || cap(f.queue.run) > keepQueue {
		t.Fatal("a quiet client holds", len(f.window.ring), "places and", cap(f.queue.run), "bytes")
	}
	s.Deliver(nil, &Image{Bytes: image, IDAt: idAt, QoS: 1, V5: true}, 1, true)
	if id := binary.BigEndian.Uint16(image[idAt:]); id != uint16(wide.Inflight)+1 {
		t.Fatal("identifiers begin again after a rest:", id)
	}
}

func FuzzStep(f *testing.F) {
	f.Add(byte(5), (&packet.Publish{Topic: []byte("a"), QoS: 1, ID: 1}).Append(nil, 5))
	f.Add(byte(4), (&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("#")}}}).Append(nil, 4))
	f.Add(byte(0), (&packet.Connect{Version: 5, CleanStart: true, ClientID: []byte("c")}).Append(nil, 5))
	f.Add(byte(5), []byte{0x40, 2, 0, 1, 0xE0, 0})
	f.Add(byte(5), append((&packet.Publish{Topic: []byte("a"), Alias: 3}).Append(nil, 5), (&packet.Publish{Alias: 3, QoS: 1, ID: 1}).Append(nil, 5)...))
	f.Add(byte(4), append((&packet.Publish{Topic: []byte("a"), QoS: 2, ID: 1}).Append(nil, 4), 0x62, 2, 0, 1, 0x50, 2, 0, 9, 0x70, 2, 0, 9))
	f.Fuzz(func(t *testing.T, version byte, b []byte) {
		s := New(&wide)
		if v := packet.Version(version); v >= packet.V31 && v <= packet.V5 {
			s = *admitted(v, &wide)
		}
		var ev Event
		for len(b) > 0 {
			n, err := packet.Frame(b, 0)
			if err != nil || n == 0 || n > len(b) {
				return
			}
			out := s.Step(b[:n], 1, &ev, nil)
			if ev.Do == End && s.Serving() {
				t.Fatal("serving after its end")
			}
			if ev.Do == Publish && ev.Message.QoS > 0 {
				out = s.Settle(out, s.Await(ev.PacketID, ev.Message.QoS), Answer{})
			}
			for len(out) > 0 { // what the session says is made of packets
				n, err := packet.Frame(out, 0)
				if err != nil || n == 0 || n > len(out) {
					t.Fatalf("% x: %v", out, err)
				}
				if _, err := packet.Decode(out[:n], s.Version()); err != nil {
					t.Fatalf("% x: %v", out, err)
				}
				out = out[n:]
			}
			b = b[n:]
		}
	})
}

func BenchmarkStepPublish(b *testing.B) {
	for qos := byte(0); qos <= 2; qos++ {
		b.Run(fmt.Sprintf("qos%d", qos), func(b *testing.B) {
			s := admitted(packet.V5, &wide)
			frame := (&packet.Publish{Topic: []byte("plant/press/1/state"), Payload: make([]byte, 64), QoS: qos, ID: uint16(min(qos, 1))}).Append(nil, 5)
			var ev Event
			release := packet.AppendAck(nil, packet.TypePubrel, 1, 0, 5)
			out := make([]byte, 0, 100)
			b.ReportAllocs()
			for b.Loop() {
				out = s.Step(frame, 1, &ev, out[:0])
				if qos > 0 {
					out = s.Settle(out, s.Await(ev.PacketID, ev.Message.QoS), Answer{})
				}
				if qos == 2 {
					out = s.Step(release, 1, &ev, out)
				}
			}
		})
	}
}

func BenchmarkDeliver(b *testing.B) {
	s := admitted(packet.V5, &wide)
	image, idAt := (&packet.Publish{Topic: []byte("plant/press/1/state"), Payload: make([]byte, 64), QoS: 1}).AppendImage(nil, 5)
	m := Image{Bytes: image, IDAt: idAt, QoS: 1}
	var ev Event
	out := make([]byte, 0, 200)
	ack := []byte{0x40, 2, 0, 0}
	b.ReportAllocs()
	for b.Loop() {
		out, _, _ = s.Deliver(out[:0], &m, 1, true)
		copy(ack[2:], out[idAt:idAt+2])
		out = s.Step(ack, 1, &ev, out[:0])
	}
}
