package stream

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/msg"
)

// benchBatch makes a batch of n messages of 64 bytes on a hundred topics.
func benchBatch(n int) *msg.Batch { return benchBatchOf(n, 64) }

func benchBatchOf(n, size int) *msg.Batch {
	b := new(msg.Batch)
	payload := make([]byte, size)
	for i := range n {
		m := msg.Message{Topic: fmt.Appendf(nil, "plant/area/line%d/cell/temperature", i%100), Payload: payload, Publisher: []byte("press-1"), Time: 1_700_000_000_000_000_000 + int64(i), QoS: 1}
		b.Add(&m, uint64(i))
	}
	return b
}

func BenchmarkEncodeEntry(b *testing.B) {
	for _, n := range []int{1, 100, 2000} {
		b.Run(fmt.Sprint("messages=", n), func(b *testing.B) {
			parts := []part{{benchBatch(n), 0, n}}
			var enc encoder
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = enc.encode(dst[:0], 1, 1, parts)
			}
			b.SetBytes(int64(len(dst)))
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/msg")
		})
	}
}

func BenchmarkDecodeEntry(b *testing.B) {
	for _, n := range []int{1, 100, 2000} {
		b.Run(fmt.Sprint("messages=", n), func(b *testing.B) {
			raw := encode(1, 1, benchBatch(n))
			var ms []msg.Message
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				e, err := ReadEntry(raw)
				if err == nil {
					ms, err = e.Messages(ms[:0])
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/msg")
		})
	}
}

func BenchmarkMayHold(b *testing.B) {
	e, _ := ReadEntry(encode(1, 1, benchBatch(100)))
	topic := []byte("plant/area/line7/cell/pressure")
	b.ReportAllocs()
	for b.Loop() {
		e.MayHold(topic)
	}
}

func BenchmarkRoute(b *testing.B) {
	c := captures{{"plant/+/alarm", "lab/#"}, {"#"}}
	topic := []byte("plant/area/line7/cell/pressure")
	b.ReportAllocs()
	for b.Loop() {
		c.route(topic)
	}
}

// BenchmarkAppend keeps batches over the real log; 16 are under way at a time, as a
// broker's loops have them, and one with batch=1/lone.
func BenchmarkAppend(b *testing.B) {
	for _, d := range []bus.Durability{bus.Power, bus.Process} {
		b.Run(fmt.Sprintf("%v/lone", d), func(b *testing.B) { benchAppend(b, d, 1, 1) })
		for _, n := range []int{1, 16, 64, 1000} {
			b.Run(fmt.Sprintf("%v/batch=%d", d, n), func(b *testing.B) { benchAppend(b, d, n, 16) })
		}
	}
}

// BenchmarkAppendLarge keeps batches of 1 KB messages while a reader stands at the tail.
func BenchmarkAppendLarge(b *testing.B) {
	engine, o := onDisk(b, b.TempDir(), bus.Power)
	defer engine.Close()
	s := running(b, nil, func(x *Options) { *x = o })
	defer s.Close(context.Background())
	ctx, cancel := context.WithCancel(context.Background())
	var reading sync.WaitGroup
	reading.Go(func() {
		_ = s.Read(ctx, "telemetry", msg.Position{}, func(msg.Position, []msg.Message) error { return nil })
	})
	defer reading.Wait()
	defer cancel()
	const size, inFlight = 210, 8
	free := make(chan *msg.Batch, inFlight)
	for range inFlight {
		free <- benchBatchOf(size, 1024)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		s.Keep(0, <-free, func(batch *msg.Batch, _ error) { free <- batch })
	}
	for range inFlight {
		<-free
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "msg/s")
}

func benchAppend(b *testing.B, d bus.Durability, size, inFlight int) {
	engine, o := onDisk(b, b.TempDir(), d)
	defer engine.Close()
	s := running(b, nil, func(x *Options) { *x = o })
	defer s.Close(context.Background())
	free := make(chan *msg.Batch, inFlight)
	for range inFlight {
		free <- benchBatch(size)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		s.Keep(0, <-free, func(batch *msg.Batch, err error) {
			if err != nil {
				b.Error(err)
			}
			free <- batch
		})
	}
	for range inFlight {
		<-free
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "msg/s")
	st := s.Stats()[0]
	b.ReportMetric(float64(st.AppendP50.Microseconds()), "p50-us")
	b.ReportMetric(float64(st.AppendP99.Microseconds()), "p99-us")
	b.ReportMetric(float64(st.Messages)/float64(max(st.Entries, 1)), "msg/entry")
}

// BenchmarkAppendOpenLoop is many publishers at a steady 5,000 messages a second.
func BenchmarkAppendOpenLoop(b *testing.B) {
	engine, o := onDisk(b, b.TempDir(), bus.Power)
	defer engine.Close()
	s := running(b, nil, func(x *Options) { *x = o })
	defer s.Close(context.Background())
	left := make(chan struct{}, b.N)
	next := time.Now()
	b.ResetTimer()
	for range b.N {
		next = next.Add(time.Duration(rand.ExpFloat64() * 200_000))
		time.Sleep(time.Until(next))
		s.Keep(0, benchBatch(1), func(*msg.Batch, error) { left <- struct{}{} })
	}
	for range b.N {
		<-left
	}
	b.StopTimer()
	st := s.Stats()[0]
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	b.ReportMetric(float64(st.AppendP50.Microseconds()), "p50-us")
	b.ReportMetric(float64(st.AppendP99.Microseconds()), "p99-us")
	b.ReportMetric(float64(st.Messages)/float64(max(st.Entries, 1)), "msg/entry")
}

// BenchmarkRead reads a stored stream of a million messages from its beginning.
func BenchmarkRead(b *testing.B) {
	engine, o := onDisk(b, b.TempDir(), bus.Process)
	defer engine.Close()
	s := running(b, nil, func(x *Options) { *x = o })
	defer s.Close(context.Background())
	const total = 1_000_000
	batch := benchBatch(1000)
	for range total / 1000 {
		if err := keep(s, batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		n := 0
		_ = s.Read(b.Context(), "telemetry", msg.Position{}, func(_ msg.Position, ms []msg.Message) error {
			if n += len(ms); n == total {
				return errEnough
			}
			return nil
		})
	}
	b.ReportMetric(float64(total*b.N)/b.Elapsed().Seconds(), "msg/s")
}

// BenchmarkStart opens bus and stream over a million stored messages.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	for i := range b.N + 1 {
		if i == 1 {
			b.ResetTimer()
		}
		engine, o := onDisk(b, dir, bus.Process)
		s, err := New(o)
		if err == nil {
			err = s.Start(b.Context())
		}
		if err != nil {
			b.Fatal(err)
		}
		if i == 0 {
			batch := benchBatch(1000)
			for range 1000 {
				if err := keep(s, batch); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.StopTimer()
		s.Close(context.Background())
		engine.Close()
		b.StartTimer()
	}
}

// BenchmarkTail is from the hand-over of one message to a reader at the tail.
func BenchmarkTail(b *testing.B) {
	engine, o := onDisk(b, b.TempDir(), bus.Process)
	defer engine.Close()
	s := running(b, nil, func(x *Options) { *x = o })
	defer s.Close(context.Background())
	got := make(chan int, 1)
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error)
	go func() {
		ended <- s.Read(ctx, "telemetry", msg.Position{}, func(_ msg.Position, ms []msg.Message) error {
			got <- len(ms)
			return nil
		})
	}()
	batch := benchBatch(1)
	b.ReportAllocs()
	for b.Loop() {
		if err := keep(s, batch); err != nil {
			b.Fatal(err)
		}
		<-got
	}
	cancel()
	<-ended
}
