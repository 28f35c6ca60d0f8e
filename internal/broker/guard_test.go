package broker

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Subscribers that acknowledge nothing make their queues grow. The guard cuts the
// longest, again and again, and what waits stays below what there is.
func TestQueuesAreShedBeforeMemoryIsUsedUp(t *testing.T) {
	var b *Broker
	used := func() uint64 { return uint64(max(b.queued.Load(), 0)) }
	var stages []limit.Stage
	b = start(t, Options{Zone: Zone{Inflight: 1, Queue: 1 << 20, QueueBytes: 64 << 20}, Memory: MemoryOptions{
		Used: used, Changed: func(s limit.Stage, _, _ uint64) { stages = append(stages, s) },
	}})
	g := &guard{Guard: limit.Guard{Limit: 1 << 20}}
	slow, other := enter(t, b, packet.V5, "slow"), enter(t, b, packet.V5, "other")
	slow.subscribe("a/#", 1)
	other.subscribe("a/b/#", 1)
	pub := enter(t, b, packet.V5, "pub")
	payload := string(make([]byte, 1000))
	var most uint64
	for i := range 3000 {
		topic := "a/b"
		if i%10 > 0 {
			topic = "a/c"
		}
		pub.send(publish(topic, payload, 1, uint16(i+1)))
		expect[*packet.Ack](pub)
		if i%100 == 99 {
			settle(b)
			most = max(most, used())
			b.lookAtMemory(g)
			settle(b)
		}
	}
	if most > 1<<20 || most < 700<<10 {
		t.Errorf("%d bytes waited", most)
	}
	s := b.Stats()
	if s.Dropped[fault.MemoryGuard] < 1000 || len(stages) == 0 || stages[0] != limit.Shed {
		t.Errorf("dropped %v, stages %v", s.Dropped, stages)
	}
	page, _, err := b.Clients(t.Context(), view.ClientQuery{Limit: 10})
	for _, i := range page { // who lost them is shown
		if i.ID == "slow" && (i.Dropped < 1000 || i.Error != fault.MemoryGuard) {
			t.Errorf("slow: dropped %d, last error %s", i.Dropped, i.Error)
		}
	}
	if err != nil || len(page) != 3 {
		t.Errorf("%d clients, %v", len(page), err)
	}
	for i := range 20 { // the shorter queue goes on in its order
		p := expect[*packet.Publish](other)
		if string(p.Topic) != "a/b" {
			t.Fatalf("%d: %s", i, p.Topic)
		}
		other.send(&packet.Ack{Kind: packet.TypePuback, ID: p.ID})
	}
}

// Close to the limit nobody new comes in, and a client that publishes much waits;
// one that publishes little does not. It ends when there is memory again.
func TestNearlyNoMemory(t *testing.T) {
	var used atomic.Uint64
	clock := newClock()
	b := start(t, Options{Now: clock.now, Memory: MemoryOptions{Used: used.Load}})
	g := &guard{Guard: limit.Guard{Limit: 1000}}
	light, heavy := enter(t, b, packet.V5, "light"), enter(t, b, packet.V5, "heavy")
	used.Store(950)
	b.lookAtMemory(g)
	settle(b)
	if b.Stats().MemoryStage != int(limit.Refuse) {
		t.Fatal("the stage is ", b.Stats().MemoryStage)
	}
	for v, want := range map[packet.Version]byte{packet.V5: packet.ServerBusy, packet.V311: packet.ServerUnavailable} {
		if r := knock(t, b, v, "new", ""); r != want {
			t.Errorf("%s: %s", v, packet.ReasonName(r))
		}
	}
	light.send(publish("t", "x", 1, 1))
	expect[*packet.Ack](light)
	for i := range 4 {
		heavy.send(publish("t", string(make([]byte, 20<<10)), 1, uint16(i+1)))
	}
	for range 3 {
		expect[*packet.Ack](heavy)
	}
	eventually(t, "the heavy one waits", func() bool { s := b.Stats(); return s.Slowed == 1 && s.Guarded == 1 })
	light.send(publish("t", "x", 1, 2))
	expect[*packet.Ack](light)
	used.Store(100)
	b.lookAtMemory(g)
	if b.Stats().MemoryStage != int(limit.Refuse) {
		t.Error("one look ends an episode")
	}
	clock.forward(time.Duration(limit.Hold))
	b.lookAtMemory(g)
	settle(b)
	if r := knock(t, b, packet.V5, "new", ""); r != packet.Success {
		t.Error(packet.ReasonName(r))
	}
	clock.forward(1e9)
	b.tick()
	expect[*packet.Ack](heavy)
}
