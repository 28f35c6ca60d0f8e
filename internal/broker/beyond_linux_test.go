package broker

import (
	"net"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/pace"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// BenchmarkBeyondTheLoop is what the broker adds to a message: the processor time of
// publisher, broker and subscriber for a delivery through a real socket and one loop,
// less that of a loop which hands the same bytes on and knows nothing of MQTT. Both
// take turns; the figure is the median of their differences.
func BenchmarkBeyondTheLoop(b *testing.B) {
	million := limit.Rate{PerSecond: 1 << 30}
	rates := pace.Rates{Messages: million, Bytes: million}
	all := everything()
	unrecorded := all
	unrecorded.RecorderBytes = -1
	limited := all
	limited.Rates, limited.ListenerRates, limited.TotalRates = rates, rates, rates
	for qos := range byte(2) {
		name := "qos" + strconv.Itoa(int(qos))
		b.Run(name+"/bare", func(b *testing.B) { beyond(b, qos, Options{Loops: 1}, false) })
		b.Run(name+"/guarded", func(b *testing.B) { beyond(b, qos, all, false) })
		b.Run(name+"/unrecorded", func(b *testing.B) { beyond(b, qos, unrecorded, false) })
		b.Run(name+"/limited", func(b *testing.B) { beyond(b, qos, limited, false) })
		b.Run(name+"/summed-up", func(b *testing.B) { beyond(b, qos, limited, true) })
	}
}

// everything is on as by default.
func everything() Options {
	return Options{
		Loops: 1, Authenticator: expiring{}, Authorizer: allow{"plant/+/secret", "plant/hall/#", "plant/line/#"},
		Slow: func(string, string, time.Duration, time.Time) {}, SlowAfter: time.Second,
	}
}

// BenchmarkHandler is what of that the handler takes, without sockets: the figure to
// watch from one change to the next.
func BenchmarkHandler(b *testing.B) {
	for _, s := range []stage{{"qos0", 1, 1, 0, burst}, {"qos1", 1, 1, 1, burst}, {"qos1-100", 100, 1, 1, 16}} {
		b.Run(s.name, func(b *testing.B) {
			o := everything()
			o.Transport = Epoll
			k := s.on(b, o)
			for b.Loop() {
				k.slice()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(k.undisturbed(), "ns/delivery")
		})
	}
}

// allow lets publish to the names below its filters.
type allow []string

func (a allow) Rights(*Identity, *Login) Rights { return a }

func (a allow) MayPublish(name []byte, _ byte, _ bool) bool {
	return slices.ContainsFunc(a, func(f string) bool { return topic.Match(f, string(name)) })
}

func (a allow) MaySubscribe([]byte, byte) bool { return true }

func beyond(b *testing.B, qos byte, o Options, summedUp bool) {
	o.Transport = Epoll
	br := start(b, o)
	if summedUp { // for the registry of topics
		d, err := br.Digest(someDigests)
		if err != nil {
			b.Fatal(err)
		}
		end, read := make(chan bool), make(chan bool)
		go func() { // until end
			defer close(read)
			for {
				select {
				case one := <-d.C():
					d.Done(one)
				case <-end:
					return
				}
			}
		}()
		defer func() { close(end); <-read; d.Close() }()
	}
	sub := enter(b, br, packet.V311, "sub")
	sub.subscribe("plant/line/#", qos)
	full := newRelay(qos, enter(b, br, packet.V311, "pub"), sub)
	end, other := bareEnds(b)
	bare := newRelay(qos, end, other)
	full.run(b)
	bare.run(b)
	var added, beside []float64
	var made uint64
	for b.Loop() {
		x := bare.run(b)
		before := mallocs()
		y := full.run(b)
		made += mallocs() - before
		added, beside = append(added, y-x), append(beside, x)
	}
	slices.Sort(added)
	slices.Sort(beside)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(beside[len(beside)/2], "ns-loop/delivery")
	b.ReportMetric(added[len(added)/2], "ns-added/delivery")
	b.ReportMetric(float64(made)/float64(len(added)*relayBursts*burst), "allocs/delivery")
}

const relayBursts = 200 // of one run

// relay is a publisher and a subscriber, who answers what it gets with QoS 1.
type relay struct {
	pub, sub        *raw
	frames, answers []byte
	replies         int // bytes that answer the publisher
}

func newRelay(qos byte, pub, sub *raw) *relay {
	r := &relay{pub: pub, sub: sub}
	for i := range burst {
		id := uint16(i+1) * uint16(qos)
		r.frames = publish("plant/line/press/state", string(make([]byte, 64)), qos, id).Append(r.frames, packet.V311)
		if qos > 0 {
			r.answers = packet.AppendAck(r.answers, packet.TypePuback, id, packet.Success, packet.V311)
		}
	}
	r.replies = len(r.answers)
	return r
}

// run returns the processor time of one delivery, in ns.
func (r *relay) run(b *testing.B) float64 {
	before := processorTime(b)
	for range relayBursts {
		r.pub.write(r.frames)
		r.sub.skip(len(r.frames))
		r.pub.skip(r.replies)
		if len(r.answers) > 0 {
			r.acknowledge()
		}
	}
	return float64(processorTime(b)-before) / (relayBursts * burst)
}

// acknowledge answers under the identifiers that the messages came with.
func (r *relay) acknowledge() {
	size, at := len(r.frames)/burst, len(r.frames)/burst-64-2
	for i := range burst {
		copy(r.answers[4*i+2:4*i+4], r.sub.in[size*i+at:])
	}
	r.sub.write(r.answers)
}

func processorTime(b *testing.B) int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// through is a loop's Handler that hands PUBLISH packets on to its other connection,
// answers those of QoS 1, and takes what acknowledges them.
type through struct {
	conns []*loop.Conn
	open  chan bool
}

func (h *through) Open(c *loop.Conn) { h.conns = append(h.conns, c); h.open <- true }

func (h *through) Read(c *loop.Conn, b []byte) (used int) {
	to := h.conns[0]
	if to == c {
		to = h.conns[1]
	}
	for {
		size, err := packet.Frame(b[used:], 1<<20)
		if err != nil || size == 0 || size > len(b)-used {
			return used
		}
		frame := b[used : used+size]
		if used += size; packet.TypeOf(frame[0]) != packet.TypePublish {
			continue
		}
		to.SetOutput(append(to.Output(), frame...))
		if frame[0]&6 != 0 {
			id := frame[size-64-2:]
			c.SetOutput(append(c.Output(), 0x40, 2, id[0], id[1]))
		}
	}
}

func (*through) Closed(c *loop.Conn, _ error) { c.Abort() }
func (*through) Written(*loop.Conn)           {}
func (*through) Due(*loop.Conn)               {}
func (*through) Message(any)                  {}
func (*through) Turn()                        {}

// bareEnds are the two ends that a bare loop connects.
func bareEnds(b *testing.B) (pub, sub *raw) {
	h := &through{open: make(chan bool, 2)}
	l := loop.New(h, nil)
	if err := l.EventDriven(); err != nil {
		b.Fatal(err)
	}
	go l.Run() // ends by Stop
	b.Cleanup(func() { l.Stop(); <-l.Done(); l.WaitConns() })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	ends := make([]*raw, 2)
	for i := range ends {
		nc, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = nc.Close() })
		its, err := listener.Accept()
		if err != nil {
			b.Fatal(err)
		}
		ends[i] = &raw{t: b, nc: nc, version: packet.V311}
		l.Adopt(its, uint64(i+1), nil)
		<-h.open
	}
	return ends[0], ends[1]
}
