package broker

import (
	"fmt"
	"net"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// BenchmarkSessionAway says what a session without a connection costs in heap: with
// one subscription, and what its last connection has left.
func BenchmarkSessionAway(b *testing.B) {
	const n = 5000
	for b.Loop() {
		br := start(b, Options{Loops: 1})
		before := inUse()
		for i := range n {
			nc, err := net.Dial("tcp", br.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			p := packet.Connect{Version: packet.V5, ClientID: fmt.Append(nil, "client-", i), SessionExpiry: 1000}
			s := packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: fmt.Append(nil, "plant/", i), QoS: 1}}}
			_, _ = nc.Write(s.Append(p.Append(nil, packet.V5), packet.V5))
			_, _ = nc.Read(make([]byte, 100))
			_ = nc.Close()
		}
		eventually(b, "all are away", func() bool { return br.connections.Load() == 0 && br.lasting.Load() == n })
		settle(br)
		b.ReportMetric((inUse()-before)/n, "B/session")
		_ = stop(br)
	}
}

// BenchmarkQueueAway counts messages into the queues of 100 sessions that are away;
// ns/op is for one message and session.
func BenchmarkQueueAway(b *testing.B) {
	br := start(b, Options{Loops: 1, Zone: Zone{Queue: 1 << 20, QueueBytes: 1 << 30}})
	for i := range 100 {
		c, _ := come(b, br, fmt.Sprint("c", i), 1000, nil)
		c.subscribe("#", 1)
		c.drop(br)
	}
	pub := enter(b, br, packet.V5, "pub")
	frames, _ := bursts(1, true)
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += burst * 100 {
		pub.write(frames)
		pub.skip(burst * 4)
	}
}
