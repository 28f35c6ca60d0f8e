//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// wire is a connection of a client that keeps its own state: an MQTT 3.1.1 session that
// lasts. What it remembers survives the connection, as the protocol demands of a client.
type wire struct {
	conn  net.Conn
	in    *bufio.Reader
	id    string
	came  bool // the session was there already
	clean bool
}

var errRefused = errors.New("refused")

func (w *wire) dial(ctx context.Context, a *address) error {
	conn, err := a.node().dial(ctx)
	if err != nil {
		return err
	}
	w.conn, w.in = conn, bufio.NewReader(conn)
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	w.send(&packet.Connect{Version: packet.V311, ClientID: []byte(w.id), CleanStart: w.clean})
	b, err := w.next()
	if err != nil {
		return err
	}
	var ack packet.Connack
	if err := ack.Decode(b, packet.V311); err != nil {
		return err
	}
	if ack.Reason != 0 {
		return errRefused
	}
	w.came = ack.SessionPresent
	return nil
}

func (w *wire) send(p interface {
	Append([]byte, packet.Version) []byte
}) {
	_, _ = w.conn.Write(p.Append(nil, packet.V311)) // what is lost shows in reading
}

func (w *wire) ack(t packet.Type, id uint16) { w.send(&packet.Ack{Kind: t, ID: id}) }

// next reads a packet.
func (w *wire) next() ([]byte, error) {
	b := make([]byte, 1, 64)
	if _, err := io.ReadFull(w.in, b); err != nil {
		return nil, err
	}
	size := 0
	for shift := 0; ; shift += 7 {
		c, err := w.in.ReadByte()
		if err != nil {
			return nil, err
		}
		b, size = append(b, c), size|int(c&0x7f)<<shift
		if c < 0x80 {
			break
		}
	}
	head := len(b)
	b = append(b, make([]byte, size)...)
	_, err := io.ReadFull(w.in, b[head:])
	return b, err
}

// source publishes 1, 2, 3 … on its topic, each until it is acknowledged.
type source struct {
	wire
	qos      byte
	mu       sync.Mutex
	done     int // acknowledged up to it
	released bool
}

func (s *source) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done
}

func (s *source) run(ctx context.Context, a *address) {
	for again := false; ctx.Err() == nil; again = true {
		if s.dial(ctx, a) != nil {
			continue
		}
		for ctx.Err() == nil && s.publish(again) == nil {
			again = false
		}
		_ = s.conn.Close()
	}
}

// publish gets one message through, or goes on with one whose connection broke.
func (s *source) publish(again bool) error {
	n := s.count() + 1
	id := uint16(n%60_000 + 1)
	if s.released {
		s.ack(packet.TypePubrel, id)
	} else {
		s.send(&packet.Publish{Topic: []byte("d/" + s.id), Payload: []byte(strconv.Itoa(n)), QoS: s.qos, ID: id, Dup: again})
	}
	for {
		b, err := s.next()
		if err != nil {
			return err
		}
		switch packet.TypeOf(b[0]) {
		case packet.TypePubrec:
			s.released = true
			s.ack(packet.TypePubrel, id)
		case packet.TypePuback, packet.TypePubcomp:
			s.released = false
			s.mu.Lock()
			s.done = n
			s.mu.Unlock()
			return nil
		}
	}
}

// sink receives, and records what came.
type sink struct {
	wire
	qos   byte
	idles bool // stays away now and then
	held  map[uint16]bool

	mu   sync.Mutex
	got  map[string][]int // by topic
	lost bool             // the session was not there
}

func (s *sink) run(ctx context.Context, a *address, ready chan<- struct{}) {
	chance := rand.New(rand.NewPCG(rand.Uint64(), 1))
	for first := true; ctx.Err() == nil; {
		if s.dial(ctx, a) != nil {
			continue
		}
		stop := context.AfterFunc(ctx, func() { _ = s.conn.Close() })
		switch {
		case !first && !s.came:
			s.mu.Lock()
			s.lost = true
			s.mu.Unlock()
		case first:
			s.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("d/#"), QoS: s.qos}}})
		}
		for n := 0; ; n++ {
			b, err := s.next()
			if err != nil || s.idles && n == 200+chance.IntN(2000) {
				break
			}
			if packet.TypeOf(b[0]) == packet.TypeSuback && first {
				first = false
				ready <- struct{}{}
			}
			s.take(b)
		}
		stop()
		_ = s.conn.Close()
		if s.idles {
			time.Sleep(time.Duration(chance.IntN(300)) * time.Millisecond)
		}
	}
}

func (s *sink) take(b []byte) {
	switch packet.TypeOf(b[0]) {
	case packet.TypePublish:
		var p packet.Publish
		if p.Decode(b, packet.V311) != nil {
			return
		}
		if p.QoS < 2 || !s.held[p.ID] {
			n, _ := strconv.Atoi(string(p.Payload))
			s.mu.Lock()
			s.got[string(p.Topic)] = append(s.got[string(p.Topic)], n)
			s.mu.Unlock()
		}
		if p.QoS == 1 {
			s.ack(packet.TypePuback, p.ID)
		} else if p.QoS == 2 {
			s.held[p.ID] = true
			s.ack(packet.TypePubrec, p.ID)
		}
	case packet.TypePubrel:
		var k packet.Ack
		if k.Decode(b, packet.V311) == nil {
			delete(s.held, k.ID)
			s.ack(packet.TypePubcomp, k.ID)
		}
	}
}

// highest is the newest message of the topic that came.
func (s *sink) highest(topic string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.got[topic] {
		n = max(n, v)
	}
	return n
}

// check looks that all up to sent came, those behind from, in order: of QoS 2 once; of
// QoS 1 some came again. For who subscribed while others published, the first that came
// is where it begins.
func (s *sink) check(t *testing.T, topic string, exact, late bool, from, sent int) (repeated int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest, seen := 0, map[int]bool{}
	for _, n := range s.got[topic] {
		switch {
		case n <= from:
			t.Errorf("%s: %s %d came, published before it subscribed at %d", s.id, topic, n, from)
		case seen[n] && exact:
			t.Errorf("%s: %s %d came twice", s.id, topic, n)
		case seen[n]:
			repeated++
		case n < newest:
			t.Errorf("%s: %s %d came behind %d", s.id, topic, n, newest)
		}
		newest, seen[n] = max(newest, n), true
	}
	missing := 0
	for n := from + 1; n <= sent; n++ {
		if !seen[n] && (!late || len(seen) == 0 || n > s.got[topic][0]) {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%s: %d of %d messages on %s have not come", s.id, missing, sent, topic)
	}
	return repeated
}

func durableKills() int {
	if n, err := strconv.Atoi(os.Getenv("MILLRACE_TEST_KILLS")); err == nil {
		return n
	}
	return 10
}

// Publishers of QoS 1 and 2, and receivers whose sessions last, one of them away now and
// then and one that comes later, while the node is killed again and again: what was
// acknowledged comes, QoS 2 once, and in order.
func TestSessionsSurviveKills(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	env := []string{`MILLRACE_STREAMS=[{"name": "telemetry", "filters": ["d/one", "d/two"]}]`}
	dir := t.TempDir()
	n := startNode(t, dir, env)
	a := newAddress(n)
	ctx, finish := context.WithCancel(t.Context())
	var pubs, subs sync.WaitGroup
	sinks := []*sink{{wire: wire{id: "always"}, qos: 2}, {wire: wire{id: "once"}, qos: 1}, {wire: wire{id: "idle"}, qos: 2, idles: true}}
	receiving, stop := context.WithCancel(t.Context())
	defer stop()
	begin := func(s *sink) {
		s.got, s.held = map[string][]int{}, map[uint16]bool{}
		ready := make(chan struct{}, 1)
		subs.Go(func() { s.run(receiving, a, ready) })
		<-ready
	}
	for _, s := range sinks {
		begin(s)
	}
	sources := []*source{{wire: wire{id: "one"}, qos: 1}, {wire: wire{id: "two"}, qos: 2}, {wire: wire{id: "three"}, qos: 1}, {wire: wire{id: "four"}, qos: 2}}
	for _, s := range sources {
		pubs.Go(func() { s.run(ctx, a) })
	}
	late := &sink{wire: wire{id: "late"}, qos: 2}
	from := map[string]int{}
	kills := durableKills()
	for k := range kills {
		enough := sources[1].count() + 20 + chance.IntN(200)
		eventually(t, "the publishers get on", func() bool { return sources[1].count() >= enough })
		if k == kills/2 {
			for _, s := range sources {
				from["d/"+s.id] = s.count()
			}
			begin(late)
			continue
		}
		n.kill(t)
		n = startNode(t, dir, env)
		a.set(n)
	}
	finish()
	pubs.Wait()
	repeated := 0
	for _, s := range append(sinks, late) {
		for _, p := range sources {
			topic := "d/" + p.id
			eventually(t, fmt.Sprintf("%s has %d of %s", s.id, p.count(), topic), func() bool { return s.highest(topic) >= p.count() })
		}
	}
	stop()
	subs.Wait()
	total := 0
	for _, p := range sources {
		total += p.count()
	}
	for _, s := range append(sinks, late) {
		if s.lost {
			t.Errorf("%s: the session was not there", s.id)
		}
		for _, p := range sources {
			first := 0
			if s == late {
				first = from["d/"+p.id]
			}
			repeated += s.check(t, "d/"+p.id, p.qos == 2 && s.qos == 2, s == late, first, p.count())
		}
	}
	t.Logf("%d kills, %d messages acknowledged, to %d receivers; %d of QoS 1 came again", kills, total, len(sinks)+1, repeated)
}
