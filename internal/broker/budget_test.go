package broker

import (
	"fmt"
	"testing"

	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// A node with little memory is flooded. Clients that are away and clients that do not
// read would take far more than there is; what is held never does. Those who hold most
// lose messages, each counted by its reason: a client that is away and gets little, and
// one that reads, lose nothing.
func TestAFloodIsHeldWithinTheMemoryLimit(t *testing.T) {
	const limit, size, rounds = 5 << 20, 25 << 10, 300
	b := start(t, Options{Loops: 2, Memory: MemoryOptions{Limit: limit, Used: func() uint64 { return 0 }}})
	for i := range 6 {
		hog, _ := come(t, b, fmt.Sprint("away", i), 1000, nil)
		hog.subscribe("flood/#", 1)
		hog.drop(b)
	}
	for i := range 4 {
		enter(t, b, packet.V5, fmt.Sprint("deaf", i)).subscribe("flood/#", 0)
	}
	modest, _ := come(t, b, "modest", 1000, nil)
	modest.subscribe("rare", 1)
	modest.drop(b)
	good := enter(t, b, packet.V5, "good")
	good.subscribe("flood/#", 1)
	pub := enter(t, b, packet.V5, "pub")
	payload := string(make([]byte, size))
	var queues, output int64
	for i := range rounds {
		if i%3 == 0 {
			pub.send(publish("rare", fmt.Sprint(i), 1, 9))
			expect[*packet.Ack](pub)
		}
		pub.send(publish("flood/a", payload, 1, uint16(i+1)))
		m := expect[*packet.Publish](good)
		good.send(&packet.Ack{Kind: packet.TypePuback, ID: m.ID})
		expect[*packet.Ack](pub)
		s := b.Stats()
		queues, output = max(queues, s.QueueBytes), max(output, s.OutputBytes)
	}
	if most := b.options.SessionBytes; queues > most || queues < most/2 {
		t.Errorf("queues held %d of %d bytes", queues, most)
	}
	if most := b.options.outputBytes(); output > most || output < most/4 {
		t.Errorf("output held %d of %d bytes", output, most)
	}
	list, _, err := b.Clients(t.Context(), view.ClientQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if spared := c.ID == "modest" || c.ID == "good"; c.ID != "pub" && spared == (c.Dropped > 0) {
			t.Errorf("%s: %d dropped, last %s", c.ID, c.Dropped, c.Error)
		}
	}
	for _, c := range list {
		d, err := b.Client(t.Context(), c.ID)
		sum := uint64(0)
		for _, by := range d.DroppedBy {
			sum += by.Count
		}
		if err != nil || sum != d.Dropped || len(d.DroppedBy) > 0 && d.DroppedBy[0].Count < d.Dropped/uint64(len(d.DroppedBy)) {
			t.Errorf("%s: %d dropped, by reason %v, %v", c.ID, d.Dropped, d.DroppedBy, err)
		}
	}
	eventually(t, "every loss is counted with its client and by its reason", func() bool { return allLossesAreCounted(t, b) })
	if s := b.Stats(); s.Dropped[fault.MemoryGuard] == 0 || s.Dropped[fault.QueueMemory] == 0 {
		t.Errorf("%v", s.Dropped)
	}
	modest, a := come(t, b, "modest", 1000, nil)
	for i := 0; a.SessionPresent && i < rounds; i += 3 {
		m := expect[*packet.Publish](modest)
		if string(m.Payload) != fmt.Sprint(i) {
			t.Fatalf("%q instead of %d", m.Payload, i)
		}
		modest.send(&packet.Ack{Kind: packet.TypePuback, ID: m.ID})
	}
}

// allLossesAreCounted says whether clients and the broker have counted as many messages;
// more may be lost between the two looks.
func allLossesAreCounted(t *testing.T, b *Broker) bool {
	list, _, err := b.Clients(t.Context(), view.ClientQuery{})
	if err != nil {
		t.Fatal(err)
	}
	lost := uint64(0)
	for _, c := range list {
		lost += c.Dropped
	}
	for code, n := range b.Stats().Dropped {
		if fault.Code(code) != fault.NoSubscriber {
			lost -= n
		}
	}
	return lost == 0
}
