package session

import (
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// BenchmarkDeliverQoS1 is one QoS 1 message to a client and its PUBACK: for a session
// that ends with its connection nothing is copied, for one that lasts the image is
// kept until then.
func BenchmarkDeliverQoS1(b *testing.B) {
	for name, expiry := range map[string]uint32{"clean": 0, "lasting": 100} {
		b.Run(name, func(b *testing.B) {
			l := Limits{ReceiveMaximum: 100, MaximumPacketSize: 1000, Inflight: 100, Queue: 100, QueueBytes: 1 << 20}
			s := New(&l)
			var ev Event
			c := packet.Connect{Version: packet.V5, ClientID: []byte("c"), SessionExpiry: expiry}
			s.Step(c.Append(nil, packet.V5), 0, &ev, nil)
			s.Accept(nil, &ev.Connect, "c", Admission{})
			p := packet.Publish{Topic: []byte("plant/line/press/state"), Payload: make([]byte, 64), QoS: 1}
			bytes, idAt := p.AppendImage(nil, packet.V5)
			image, out := Image{Bytes: bytes, IDAt: idAt, QoS: 1, Of: 1, V5: true}, make([]byte, 0, 1000)
			answer := packet.AppendAck(nil, packet.TypePuback, 1, packet.Success, packet.V5)
			b.ReportAllocs()
			for b.Loop() {
				out, _, _ = s.Deliver(out[:0], &image, 0, true)
				copy(answer[2:], out[idAt:idAt+2])
				out = s.Step(answer, 0, &ev, out[:0])
			}
			if s.Inflight() != 0 {
				b.Fatal(s.Inflight())
			}
		})
	}
}
