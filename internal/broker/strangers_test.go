package broker

import (
	"testing"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

func TestALargeConnectIsRefused(t *testing.T) {
	b := start(t, Options{Zone: Zone{MaxConnectSize: 1000}})
	large := func(n int) func(*packet.Connect) {
		return func(p *packet.Connect) {
			will("gone", 0, false)(p)
			p.Will.Payload = make([]byte, n)
		}
	}
	for _, v := range versions {
		c := dial(t, b, v)
		c.write(connectBytes(v, "c", large(1000))[:40]) // the rest is not waited for
		if v == packet.V5 {
			if a := expect[*packet.Connack](c); a.Reason != packet.PacketTooLarge {
				t.Errorf("%#x", a.Reason)
			}
		}
		c.closed()
		in := dial(t, b, v)
		in.write(connectBytes(v, "in", large(900)))
		if a := expect[*packet.Connack](in); a.Reason != packet.Success {
			t.Errorf("%v: %#x", v, a.Reason)
		}
		in.send(publish("a", string(make([]byte, 2000)), 1, 1)) // who is in may send more
		expect[*packet.Ack](in)
	}
	if n := b.Stats().Refused[fault.PacketTooLarge]; n != 3 {
		t.Errorf("%d were counted", n)
	}
}

func TestStrangersHoldNoMoreThanTheyMay(t *testing.T) {
	b := start(t, Options{Loops: 1, StrangerBytes: 10_000})
	half := connectBytes(packet.V5, "slow", func(p *packet.Connect) {
		will("gone", 0, false)(p)
		p.Will.Payload = make([]byte, 2000)
	})
	var slow []*raw
	for i := range 5 {
		c := dial(t, b, packet.V5)
		c.write(half[:2000])
		slow = append(slow, c)
		eventually(t, "it has been read", func() bool { return strangersHold(t, b) == 2000*(i+1) })
	}
	if n := b.Stats().Refused[fault.MemoryGuard]; n != 0 {
		t.Fatalf("%d were closed", n)
	}
	dial(t, b, packet.V5).write(half[:1000]) // however it is read, the oldest go until 7,500 bytes are left
	for _, c := range slow[:2] {
		c.closed()
	}
	for _, c := range slow[2:4] {
		c.write(half[2000:])
		if a := expect[*packet.Connack](c); a.Reason != packet.Success {
			t.Errorf("%#x", a.Reason)
		}
	}
	if n := b.Stats().Refused[fault.MemoryGuard]; n != 2 {
		t.Errorf("%d were closed", n)
	}
}

// strangersHold is how many bytes the first loop has of clients that are not in.
func strangersHold(t *testing.T, b *Broker) (n int) {
	t.Helper()
	if err := b.tell(t.Context(), b.workers[0], func(w *worker) { n = w.strangers.bytes }); err != nil {
		t.Fatal(err)
	}
	return n
}
