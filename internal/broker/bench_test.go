package broker

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/outbox"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// sinkLog is a Keeper that commits at once and keeps nothing.
type sinkLog struct{}

func (sinkLog) Route([]byte) (int, bool)                                    { return 0, true }
func (sinkLog) Keep(_ int, b *msg.Batch, committed func(*msg.Batch, error)) { committed(b, nil) }

const burst = 64 // packets a write

// BenchmarkPublish counts messages from one publisher through a real socket and
// one loop; ns/op is for one message.
func BenchmarkPublish(b *testing.B) {
	for _, c := range []struct {
		name string
		qos  byte
		log  outbox.Keeper
	}{{"qos0", 0, nil}, {"qos1", 1, nil}, {"qos0kept", 0, sinkLog{}}, {"qos1kept", 1, sinkLog{}}, {"qos2", 2, nil}, {"qos2kept", 2, sinkLog{}}} {
		b.Run(c.name, func(b *testing.B) {
			br := start(b, Options{Loops: 1, Keeper: c.log})
			pub := enter(b, br, packet.V5, "pub")
			frames, answers := bursts(c.qos, c.log != nil)
			var releases []byte
			for i := range burst {
				releases = packet.AppendAck(releases, packet.TypePubrel, uint16(i+1), packet.Success, packet.V5)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(frames) / burst))
			for n := 0; n < b.N; n += burst {
				pub.write(frames)
				await := answers
				if await == 0 { // a PINGREQ in every burst paces QoS 0
					await = 2
				}
				pub.skip(await)
				if c.qos == 2 {
					pub.write(releases)
					pub.skip(burst * 4)
				}
			}
		})
	}
}

// skip reads n bytes of answers.
func (c *raw) skip(n int) {
	if len(c.in) < n {
		c.in = make([]byte, n)
	}
	if _, err := io.ReadFull(c.nc, c.in[:n]); err != nil {
		c.t.Fatal(err)
	}
}

// bursts are the packets of one write, and how many bytes answer them.
func bursts(qos byte, kept bool) (frames []byte, answers int) {
	for i := range burst {
		p := publish("plant/line/press/state", string(make([]byte, 64)), qos, uint16(i+1)*uint16(min(qos, 1)))
		frames = p.Append(frames, packet.V5)
	}
	if qos == 0 {
		return packet.Pingreq{}.Append(frames, packet.V5), 0
	}
	if kept {
		return frames, burst * 4
	}
	return frames, burst * 5 // nobody receives them: PUBACK has a reason
}

// BenchmarkFanOut counts deliveries from one publisher to 100 subscribers; ns/op
// is for one delivery.
func BenchmarkFanOut(b *testing.B) {
	for qos := byte(0); qos <= 1; qos++ {
		b.Run(fmt.Sprintf("qos%d", qos), func(b *testing.B) {
			const subscribers = 100
			br := start(b, Options{Loops: 1})
			var all sync.WaitGroup
			rounds := (b.N + subscribers*burst - 1) / (subscribers * burst)
			for i := range subscribers {
				sub := enter(b, br, packet.V5, fmt.Sprint("sub", i))
				sub.subscribe("#", 0)
				size := publish("plant/line/press/state", string(make([]byte, 64)), 0, 0).Size(packet.V5)
				all.Go(func() { discard(sub.nc, rounds*burst*size) })
			}
			pub := enter(b, br, packet.V5, "pub")
			frames, _ := bursts(qos, false)
			b.ReportAllocs()
			b.ResetTimer()
			for range rounds {
				pub.write(frames)
				if qos == 0 {
					expect[packet.Pingresp](pub)
					continue
				}
				for range burst {
					expect[*packet.Ack](pub)
				}
			}
			all.Wait()
		})
	}
}

// BenchmarkShared counts messages through a group of ten, half of them on another
// loop; ns/op is for one message.
func BenchmarkShared(b *testing.B) {
	br := start(b, Options{Loops: 2})
	for i := range 10 {
		sub := enter(b, br, packet.V5, fmt.Sprint("sub", i))
		sub.subscribe("$share/g/#", 0)
		go func() { _, _ = io.Copy(io.Discard, sub.nc) }() // ends with the connection
	}
	pub := enter(b, br, packet.V5, "pub")
	frames, _ := bursts(0, false)
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += burst {
		pub.write(frames)
		pub.skip(2)
	}
}

// BenchmarkAliases counts deliveries to a client that takes topic aliases.
func BenchmarkAliases(b *testing.B) {
	br := start(b, Options{Loops: 1})
	sub := dial(b, br, packet.V5)
	sub.write(connectBytes(packet.V5, "sub", func(p *packet.Connect) { p.TopicAliasMaximum = 10 }))
	expect[*packet.Connack](sub)
	sub.subscribe("#", 0)
	go func() { _, _ = io.Copy(io.Discard, sub.nc) }() // ends with the connection
	pub := enter(b, br, packet.V5, "pub")
	frames, _ := bursts(0, false)
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += burst {
		pub.write(frames)
		pub.skip(2)
	}
}

func discard(nc net.Conn, n int) { _, _ = io.CopyN(io.Discard, nc, int64(n)) }

// BenchmarkIdleConnection says what an idle connection costs in memory, the test's
// own end, about 1 KB, included.
func BenchmarkIdleConnection(b *testing.B) {
	const n = 2000
	for b.Loop() {
		br := start(b, Options{})
		before := inUse()
		for i := range n {
			enter(b, br, packet.V5, fmt.Sprint("client-", i)).in = nil
		}
		b.ReportMetric((inUse()-before)/n, "B/connection")
		_ = stop(br)
	}
}

// inUse is how many bytes heap and stacks take.
func inUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

func BenchmarkRoute(b *testing.B) {
	r := new(router)
	for i := range 100_000 {
		r.add(&subscription{client: &client{}, filter: fmt.Sprintf("plant/%d/+/state", i)})
	}
	k := newRoutes(r, 0)
	b.Run("cached", func(b *testing.B) {
		name := []byte("plant/77/press/state")
		b.ReportAllocs()
		for b.Loop() {
			if len(k.find(name).local) != 1 {
				b.Fatal("no receiver")
			}
		}
	})
	b.Run("once", func(b *testing.B) {
		names := make([][]byte, 1<<17)
		for i := range names {
			names[i] = fmt.Appendf(nil, "plant/%d/press%d/state", i%100_000, i)
		}
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			k.find(names[i&(1<<17-1)])
			i++
		}
	})
}

// BenchmarkSubscribeTenThousand is one SUBSCRIBE of as many filters as one may have, new
// ones each time, and the UNSUBSCRIBE after it: what all others of the loop wait for.
func BenchmarkSubscribeTenThousand(b *testing.B) {
	const filters = 10_000
	br := start(b, Options{Loops: 1})
	c := enter(b, br, packet.V5, "greedy")
	b.ReportAllocs()
	for n := range b.N {
		s, u := &packet.Subscribe{ID: 1}, &packet.Unsubscribe{ID: 2}
		for i := range filters {
			f := fmt.Appendf(nil, "plant/%d/line/%d/+/state", n, i)
			s.Filters, u.Filters = append(s.Filters, packet.Subscription{Filter: f}), append(u.Filters, f)
		}
		in, out := s.Append(nil, packet.V5), u.Append(nil, packet.V5)
		began := time.Now()
		c.write(in)
		expect[*packet.Suback](c)
		b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "ms/subscribe")
		c.write(out)
		expect[*packet.Unsuback](c)
	}
}
