package broker

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

var someDigests = msg.DigestLimits{Lines: 1000, Bytes: 1 << 20, Payload: 100}

// summary is what a reader of digests has learnt.
type summary struct {
	counts     map[string]int    // by topic
	newest     map[string]string // payloads
	publishers map[string]map[uint64]bool
	told       int // messages, missed ones included
	missed     int
}

func newSummary() *summary {
	return &summary{counts: map[string]int{}, newest: map[string]string{}, publishers: map[string]map[uint64]bool{}}
}

func (s *summary) take(d *msg.Digest) {
	for i := range d.Lines() {
		l := d.Line(i)
		topic := string(l.Newest.Topic)
		s.counts[topic] += int(l.Count)
		s.newest[topic] = string(l.Newest.Payload)
		s.told += int(l.Count)
		s.met(topic, l.Publisher)
	}
	d.Met(func(line int, publisher uint64) { s.met(string(d.Line(line).Newest.Topic), publisher) })
	s.told += int(d.Missed)
	s.missed += int(d.Missed)
}

func (s *summary) met(topic string, publisher uint64) {
	if s.publishers[topic] == nil {
		s.publishers[topic] = map[uint64]bool{}
	}
	s.publishers[topic][publisher] = true
}

// await reads digests until that many messages have been told of.
func (s *summary) await(t *testing.T, d *Digests, messages int) {
	t.Helper()
	eventually(t, "all messages told", func() bool {
		for len(d.C()) > 0 {
			one := <-d.C()
			s.take(one)
			d.Done(one)
		}
		return s.told >= messages
	})
}

// Clients of three loops publish on topics of their own and of all, with every QoS,
// and somebody inside the node does: every message is told once.
func TestDigestsCountEveryMessageOnce(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	b := start(t, Options{Loops: 3, Keeper: newLaterLog(t)})
	d, err := b.Digest(someDigests)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const clients, each = 12, 500
	want := make([]map[string]int, clients+1)
	var wg sync.WaitGroup
	for i := range clients {
		c := enter(t, b, packet.V5, fmt.Sprint("c", i))
		seed := rand.Uint64()
		t.Logf("client %d: seed %d", i, seed)
		want[i] = map[string]int{}
		wg.Go(func() { publishAtRandom(c, i, each, rand.New(rand.NewPCG(seed, 0)), want[i]) })
	}
	want[clients] = map[string]int{"all/0": each}
	for range each {
		if _, err := b.Publish(t.Context(), message("all/0", 0)); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	got := newSummary()
	got.await(t, d, (clients+1)*each)
	all := map[string]int{}
	for _, m := range want {
		for topic, n := range m {
			all[topic] += n
		}
	}
	if !maps.Equal(got.counts, all) || got.missed != 0 {
		t.Errorf("told %v, %d missed; want %v", got.counts, got.missed, all)
	}
	for i := range clients {
		own := fmt.Sprintf("own/%d/1", i)
		if n := len(got.publishers[own]); n != 1 || got.newest[own] != fmt.Sprint(all[own]) {
			t.Errorf("%s: %d publishers, newest %q of %d", own, n, got.newest[own], all[own])
		}
	}
	if n := len(got.publishers["all/0"]); n != clients+1 {
		t.Errorf("%d publishers of what all publish", n)
	}
}

// publishAtRandom numbers the messages of each of the client's own topics.
func publishAtRandom(c *raw, client, n int, random *rand.Rand, count map[string]int) {
	for i := range n {
		topic := fmt.Sprintf("own/%d/%d", client, random.IntN(3))
		if random.IntN(2) == 0 {
			topic = fmt.Sprintf("all/%d", random.IntN(3))
		}
		if i == 0 {
			topic = "all/0"
		}
		count[topic]++
		payload := fmt.Sprint(count[topic])
		switch qos := byte(random.IntN(3)); qos {
		case 0:
			c.send(publish(topic, payload, 0, 0))
		case 1:
			c.send(publish(topic, payload, 1, 1))
			expect[*packet.Ack](c)
		case 2:
			c.send(publish(topic, payload, 2, 1))
			expect[*packet.Ack](c)
			c.send(&packet.Ack{Kind: packet.TypePubrel, ID: 1})
			expect[*packet.Ack](c)
		}
	}
}

// What the server tells about itself is not told; a subscription that changes routes
// loses nothing; and a digest's reader is no receiver.
func TestDigestsHaveWhatClientsPublish(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	b := start(t, Options{Loops: 1})
	d, err := b.Digest(someDigests)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Digest(someDigests); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("a second reader: %v", err)
	}
	c := enter(t, b, packet.V5, "c")
	c.subscribe("$SYS/#", 0)
	long := strings.Repeat("x", 300)
	for i, payload := range []string{"1", "22", long, "4"} {
		c.send(publish("a", payload, 1, uint16(i+1)))
		for { // $SYS comes between
			if a, ok := must(c).(*packet.Ack); ok {
				if a.Reason != packet.NoMatchingSubscribers {
					t.Errorf("%+v", a)
				}
				break
			}
		}
		other := enter(t, b, packet.V5, fmt.Sprint("o", i))
		other.subscribe("b/#", 0)
	}
	s := newSummary()
	s.await(t, d, 4)
	if !maps.Equal(s.counts, map[string]int{"a": 4}) || s.newest["a"] != "4" {
		t.Errorf("%+v", s)
	}
	d.Close()
	d.Close()
	again, err := b.Digest(someDigests)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	settle(b)
	s = newSummary()
	s.await(t, again, 2) // what settle publishes, since the loop tells a new reader
	if s.counts["settle"] == 0 || s.counts["a"] != 0 {
		t.Errorf("%+v", s)
	}
}

func must(c *raw) packet.Packet {
	p, err := c.read()
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// Ever new topics, with a reader that is away, then slow, take no more memory than
// the digests may have, and each message is told or counted as missed.
func TestTopicsWithoutEndAreBounded(t *testing.T) {
	const topics, limit = 300_000, 16 << 20
	w, d := summingUp(t)
	before := heapAfterCollection()
	told, missed := 0, 0
	take := func(one *msg.Digest) {
		told += one.Lines()
		missed += int(one.Missed)
	}
	for i := range topics {
		m := msg.Message{Topic: fmt.Appendf(nil, "plant/line-%d/state", i), Payload: []byte("payload"), Publisher: []byte("press-7"), Time: int64(i)}
		w.sumUp(w.routes.find(m.Topic), &m)
		if i%10_000 == 0 {
			w.tickDigest()
		}
		if i > topics/2 && i%30_000 == 0 && len(d.C()) > 0 {
			one := <-d.C()
			take(one)
			d.Done(one)
		}
	}
	if grown := heapAfterCollection() - before; grown > limit {
		t.Errorf("%d MB", grown>>20)
	}
	for len(d.C()) > 0 {
		take(<-d.C())
	}
	take(w.digester.now)
	if told+missed != topics || missed < topics/2 || told < topics/20 {
		t.Errorf("%d told, %d missed", told, missed)
	}
}

// summingUp is a worker whose loop does not run.
func summingUp(t testing.TB) (*worker, *Digests) {
	b, err := New(Options{Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	d, err := b.Digest(msg.DigestLimits{Lines: 16_384, Bytes: 4 << 20, Payload: 16 << 10})
	if err != nil {
		t.Fatal(err)
	}
	b.workers[0].beginDigest(d.loops[0])
	return b.workers[0], d
}

func heapAfterCollection() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkSumUp is what the registry of topics adds to a message.
func BenchmarkSumUp(b *testing.B) {
	for _, payload := range []int{64, 4096} {
		for _, topics := range []int{1, 100, 100_000} {
			b.Run(fmt.Sprintf("payload=%d/topics=%d", payload, topics), func(b *testing.B) { sumUp(b, payload, topics) })
		}
	}
}

func sumUp(b *testing.B, payload, topics int) {
	w, d := summingUp(b)
	m := &msg.Message{Payload: make([]byte, payload), Publisher: []byte("press-1")}
	routes := make([]*route, topics)
	for i := range routes {
		routes[i] = &route{topic: fmt.Sprintf("plant/hall-7/press-%d/state", i)}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r := routes[i%topics]
		m.Topic = append(m.Topic[:0], r.topic...)
		w.sumUp(r, m)
		if i%100_000 == 0 { // a tick
			w.tickDigest()
			for len(d.C()) > 0 {
				d.Done(<-d.C())
			}
		}
	}
}
