package broker

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/testkit"
)

// transport is what the brokers of this run use.
var transport Transport

// TestMain runs everything over each transport of this system.
func TestMain(m *testing.M) {
	if runtime.GOOS == "linux" {
		transport = Epoll
		if code := m.Run(); code != 0 {
			os.Exit(code)
		}
	}
	mustBeEmpty()
	transport = Portable
	goleak.VerifyTestMain(m)
}

// patience bounds every wait of the tests; nothing is measured against it.
const patience = 15 * time.Second

// fakeLog is a Keeper in memory: one stream that takes every topic below its
// prefix. While held, it commits nothing.
type fakeLog struct {
	prefix string

	mu      sync.Mutex
	held    bool
	err     error
	waiting []func()
	kept    []msg.Message
	topics  map[string]int // how many of each topic are kept
	batches int
}

func (k *fakeLog) Route(topic []byte) (int, bool) {
	return 0, bytes.HasPrefix(topic, []byte(k.prefix))
}

func (k *fakeLog) Keep(_ int, b *msg.Batch, committed func(*msg.Batch, error)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.batches++
	finish := func() {
		if k.err == nil {
			k.store(b)
		}
		committed(b, k.err)
	}
	if k.held {
		k.waiting = append(k.waiting, finish)
		return
	}
	finish()
}

func (k *fakeLog) store(b *msg.Batch) {
	for rest := b.Records; len(rest) > 0; {
		var m msg.Message
		var err error
		if rest, err = msg.ReadRecord(rest, &m, b.Base); err != nil {
			panic(err)
		}
		k.kept = append(k.kept, m.Clone())
		if k.topics == nil {
			k.topics = map[string]int{}
		}
		k.topics[string(m.Topic)]++
	}
}

// keptOn is how many messages of the topic are kept.
func (k *fakeLog) keptOn(topic string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.topics[topic]
}

// laterLog commits on a goroutine of its own, a few batches at a time.
type laterLog struct {
	fakeLog
	work chan func()
	done chan bool
}

func newLaterLog(t testing.TB) *laterLog {
	k := &laterLog{work: make(chan func(), 10_000), done: make(chan bool)}
	go func() {
		defer close(k.done)
		for f := range k.work {
			for range rand.IntN(100) {
				runtime.Gosched()
			}
			f()
		}
	}()
	t.Cleanup(func() { close(k.work); <-k.done })
	return k
}

func (k *laterLog) Keep(stream int, b *msg.Batch, committed func(*msg.Batch, error)) {
	k.work <- func() { k.fakeLog.Keep(stream, b, committed) }
}

func (k *fakeLog) hold() { k.set(true, nil) }

// release commits what was held, with err.
func (k *fakeLog) release(err error) { k.set(false, err) }

func (k *fakeLog) set(held bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held, k.err = held, err
	if held {
		return
	}
	for _, finish := range k.waiting {
		finish()
	}
	k.waiting = nil
}

func (k *fakeLog) messages() []msg.Message {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]msg.Message(nil), k.kept...)
}

// testClock stands still until it is moved.
type testClock struct{ ns atomic.Int64 }

func newClock() *testClock {
	c := new(testClock)
	c.ns.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	return c
}

func (c *testClock) now() time.Time          { return time.Unix(0, c.ns.Load()) }
func (c *testClock) forward(d time.Duration) { c.ns.Add(int64(d)) }

// start runs a broker until the test ends.
func start(t testing.TB, o Options) *Broker {
	t.Helper()
	if len(o.Listeners) == 0 {
		o.Listeners = []Listener{{}}
	}
	for i := range o.Listeners {
		set(&o.Listeners[i].Address, "127.0.0.1:0")
	}
	if o.Transport == "" {
		o.Transport = transport
	}
	if o.Loops == 0 {
		o.Loops = 2
	}
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stop(b) })
	return b
}

func stop(b *Broker) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return b.Close(ctx)
}

// raw speaks MQTT packet by packet over a real socket.
type raw struct {
	t       testing.TB
	nc      net.Conn
	version packet.Version
	in      []byte
	waits   time.Duration // for a packet; 0 is patience
}

func dial(t testing.TB, b *Broker, v packet.Version) *raw {
	t.Helper()
	nc, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return &raw{t: t, nc: nc, version: v}
}

// enter dials, connects and takes the CONNACK.
func enter(t testing.TB, b *Broker, v packet.Version, id string) *raw {
	t.Helper()
	c := dial(t, b, v)
	c.send(&packet.Connect{Version: v, CleanStart: true, ClientID: []byte(id)})
	if a := expect[*packet.Connack](c); a.Reason != packet.Success {
		t.Fatalf("%s: CONNACK %s", id, packet.ReasonName(a.Reason))
	}
	return c
}

func (c *raw) send(ps ...packet.Packet) {
	c.t.Helper()
	var b []byte
	for _, p := range ps {
		b = p.Append(b, c.version)
	}
	c.write(b)
}

func (c *raw) write(b []byte) {
	c.t.Helper()
	if _, err := c.nc.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// read returns the next packet; io.EOF when the broker has closed.
func (c *raw) read() (packet.Packet, error) {
	_ = c.nc.SetReadDeadline(time.Now().Add(cmp.Or(c.waits, patience)))
	for {
		size, err := packet.Frame(c.in, 0)
		if err != nil {
			return nil, err
		}
		if size > 0 && size <= len(c.in) {
			p, err := packet.Decode(bytes.Clone(c.in[:size]), c.version)
			c.in = c.in[size:]
			return p, err
		}
		b := make([]byte, 64<<10)
		n, err := c.nc.Read(b)
		c.in = append(c.in, b[:n]...)
		if err != nil && n == 0 {
			return nil, err
		}
	}
}

// expect returns the next packet, which must be of that type.
func expect[P packet.Packet](c *raw) P {
	c.t.Helper()
	p, err := c.read()
	if err != nil {
		c.t.Fatalf("want %T: %v", *new(P), err)
	}
	want, ok := p.(P)
	if !ok {
		c.t.Fatalf("want %T, got %T %+v", *new(P), p, p)
	}
	return want
}

// closed waits for the broker to close.
func (c *raw) closed() {
	c.t.Helper()
	if p, err := c.read(); !isClosed(err) {
		c.t.Fatalf("want the end, got %T %+v, %v", p, p, err)
	}
}

func isClosed(err error) bool {
	var netErr net.Error
	return err != nil && !(errors.As(err, &netErr) && netErr.Timeout()) && (errors.Is(err, io.EOF) || errors.As(err, &netErr))
}

func (c *raw) subscribe(filter string, qos byte) {
	c.t.Helper()
	c.subscribeWith(0, packet.Subscription{Filter: []byte(filter), QoS: qos})
}

func (c *raw) subscribeWith(id uint32, s packet.Subscription) {
	c.t.Helper()
	c.send(&packet.Subscribe{ID: 9, SubscriptionID: id, Filters: []packet.Subscription{s}})
	if a := expect[*packet.Suback](c); a.ID != 9 || a.Reasons[0] > 2 {
		c.t.Fatalf("SUBACK %+v", a)
	}
}

func publish(topic, payload string, qos byte, id uint16) *packet.Publish {
	return &packet.Publish{Topic: []byte(topic), Payload: []byte(payload), QoS: qos, ID: id}
}

// settle waits until every loop has taken what was posted and the tick before it:
// the second answer comes from a later turn.
func settle(b *Broker) {
	for _, w := range b.workers {
		for range 2 {
			p := &publishing{answer: make(chan verdict, 1)}
			p.message = *message("settle", 0)
			w.loop.Post(p)
			<-p.answer
		}
	}
}

// eventually waits until the condition holds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	testkit.Within(t, patience, ok, what)
}

func text(p *packet.Publish) string { return fmt.Sprintf("%s=%s", p.Topic, p.Payload) }

func dialTry(b *Broker) (net.Conn, error) { return net.Dial("tcp", b.Addr().String()) }
