package broker

import (
	"context"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// BenchmarkRecording is what the flight recorder adds to a delivery, in ns: the time that
// a loop's handler takes, without sockets, with a recorder of the usual size and with one
// that a processor's second cache holds, less the time without one. The three, and a
// second one without a recorder that shows the noise, take turns.
func BenchmarkRecording(b *testing.B) {
	for _, s := range []stage{
		{"p2p-qos0", 4, 1, 0, 16},
		{"p2p-qos1", 100, 1, 1, 16},
		{"fanout-qos0", 1, 500, 0, 1},
		{"fanout-qos1", 1, 500, 1, 1},
	} {
		b.Run(s.name, func(b *testing.B) {
			all := []*staged{s.recording(b, -1), s.recording(b, 16<<20), s.recording(b, 1<<20), s.recording(b, -1)}
			for b.Loop() {
				for _, k := range all {
					k.slice()
				}
			}
			b.ReportMetric(0, "ns/op")
			without := all[0].undisturbed()
			b.ReportMetric(without, "ns-without")
			for i, name := range []string{"", "ns-added", "ns-added-1MiB", "ns-noise"} {
				if i > 0 {
					b.ReportMetric(all[i].undisturbed()-without, name)
				}
			}
		})
	}
}

// stage is who publishes what to whom.
type stage struct {
	name        string
	publishers  int
	subscribers int // of each
	qos         byte
	window      int // messages of a publisher in one turn
}

// staged is a broker with the stage's clients.
type staged struct {
	stage
	b       *testing.B
	broker  *Broker
	frames  [][]byte // by publisher
	pubs    []*client
	subs    []*client
	answers [][]byte
	took    []float64
}

func (s stage) recording(b *testing.B, bytes int64) *staged {
	return s.on(b, Options{Loops: 1, Transport: Epoll, RecorderBytes: bytes})
}

func (s stage) on(b *testing.B, o Options) *staged {
	k := &staged{stage: s, b: b, broker: start(b, o)}
	w := k.broker.workers[0]
	for p := range s.publishers {
		name, topic := fmt.Sprint("pub-", p), fmt.Sprint("plant/line/press/state/", p)
		k.drain(enter(b, k.broker, packet.V5, name))
		k.pubs = append(k.pubs, w.clients[name])
		var frames []byte
		for i := range s.window {
			frames = publish(topic, string(make([]byte, 64)), s.qos, uint16(i+1)*uint16(s.qos)).Append(frames, packet.V5)
		}
		k.frames = append(k.frames, frames)
		for n := range s.subscribers {
			name := fmt.Sprint("sub-", p, "-", n)
			c := enter(b, k.broker, packet.V5, name)
			c.subscribe(topic, s.qos)
			k.drain(c)
			k.subs = append(k.subs, w.clients[name])
		}
	}
	k.answers = make([][]byte, len(k.subs))
	return k
}

// drain reads what comes, until the connection ends.
func (k *staged) drain(c *raw) { go func() { _, _ = io.Copy(io.Discard, c.nc) }() }

// slice goes through some turns, and notes what each took.
func (k *staged) slice() {
	for range 20 {
		var took time.Duration
		k.turn(func(w *worker) {
			began := time.Now()
			for i, c := range k.pubs {
				w.Read(c.conn, k.frames[i])
			}
			took = time.Since(began)
			k.answer()
		})
		if k.qos > 0 {
			k.turn(func(w *worker) {
				began := time.Now()
				for i, c := range k.subs {
					w.Read(c.conn, k.answers[i])
				}
				took += time.Since(began)
			})
		}
		k.took = append(k.took, float64(took)/float64(len(k.subs)*k.window))
	}
}

// undisturbed is the time of a delivery that a tenth of the turns come below: what the
// machine does beside makes the others slower.
func (k *staged) undisturbed() float64 {
	slices.Sort(k.took)
	return k.took[len(k.took)/10]
}

func (k *staged) turn(f func(w *worker)) {
	if err := k.broker.tell(context.Background(), k.broker.workers[0], f); err != nil {
		k.b.Fatal(err)
	}
}

// answer makes the acknowledgements of what the subscribers are being sent.
func (k *staged) answer() {
	if k.qos == 0 {
		return
	}
	for i, c := range k.subs {
		k.answers[i] = k.answers[i][:0]
		var p packet.Publish
		for out := c.conn.Output(); len(out) > 0; {
			size, err := packet.Frame(out, 0)
			if err == nil {
				err = p.Decode(out[:size], packet.V5)
			}
			if err != nil {
				k.b.Error(err)
				return
			}
			k.answers[i] = packet.AppendAck(k.answers[i], packet.TypePuback, p.ID, packet.Success, packet.V5)
			out = out[size:]
		}
	}
}
