package share

import (
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

// A message that is taken, given to one of five members and acknowledged.
func BenchmarkMessage(b *testing.B) {
	g := New[int](Limits{Messages: 16 << 10, Bytes: 4 << 20}, []Place{{1, msg.Position{Seq: 1}}})
	for who := range 5 {
		g.Here(who, 1000)
	}
	m := &msg.Message{Topic: []byte("plant/line/cell"), Payload: make([]byte, 64), Publisher: []byte("device")}
	turn := 0
	b.ReportAllocs()
	for n := range b.N {
		g.Take(Place{1, msg.Position{Seq: uint64(n + 1)}}, m)
		who, p, _, _ := g.Next(func(free []*Member[int], _ *msg.Message) *Member[int] { turn++; return free[turn%len(free)] })
		g.Ack(who, p)
	}
}

// A message that is taken, given and acknowledged, after others, makes no garbage.
func TestAMessageMakesNoGarbage(t *testing.T) {
	g := New[int](Limits{Messages: 16 << 10, Bytes: 4 << 20}, []Place{{1, msg.Position{Seq: 1}}})
	g.Here(1, 1000)
	m := &msg.Message{Topic: []byte("plant/line/cell"), Payload: make([]byte, 64), Publisher: []byte("device")}
	seq := uint64(0)
	turn := func() {
		var places [20]Place
		for i := range places {
			seq++
			g.Take(Place{1, msg.Position{Seq: seq}}, m)
			_, places[i], _, _ = g.Next(func(free []*Member[int], _ *msg.Message) *Member[int] { return free[0] })
		}
		for _, p := range places {
			g.Ack(1, p)
		}
	}
	turn()
	if n := testing.AllocsPerRun(100, turn); n > 1 {
		t.Errorf("20 messages make %v allocations", n)
	}
}

// What is written down of a group with 5,000 messages under way.
func BenchmarkRecord(b *testing.B) {
	g := New[int](Limits{Messages: 16 << 10, Bytes: 4 << 20}, []Place{{1, msg.Position{Seq: 1}}})
	g.Here(1, 5000)
	for n := range 5000 {
		g.Take(Place{1, msg.Position{Seq: uint64(n + 1)}}, &msg.Message{Topic: []byte("t")})
		g.Next(func(free []*Member[int], _ *msg.Message) *Member[int] { return free[0] })
	}
	var dst []byte
	b.ReportAllocs()
	for range b.N {
		dst = g.Append(dst[:0])
	}
	b.ReportMetric(float64(len(dst)), "B/record")
}
