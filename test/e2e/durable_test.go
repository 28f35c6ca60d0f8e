//go:build e2e

package e2e

import (
	"bufio"
	"cmp"
	"context"
	"errors"
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

var (
	errRefused = errors.New("refused")
	errAnswer  = errors.New("an answer to another message")
)

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

// source publishes 1, 2, 3 … on its topic, each until it is acknowledged, so many of QoS 1
// at a time.
type source struct {
	wire
	qos      byte
	window   int
	mu       sync.Mutex
	done     int // acknowledged up to it
	sent     int // begun
	odd      int // answers that fit nothing
	released bool
}

func (s *source) topic() string { return "d/" + s.id }

func (s *source) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done
}

func (s *source) begun() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

func (s *source) run(ctx context.Context, a *address) {
	for ctx.Err() == nil {
		if s.dial(ctx, a) != nil {
			breathe(ctx)
			continue
		}
		for n := s.count(); ctx.Err() == nil && s.publish(&n) == nil; {
		}
		_ = s.conn.Close()
	}
}

// breathe is the pause before a client tries to connect again.
func breathe(ctx context.Context) {
	select {
	case <-time.After(3 * time.Millisecond):
	case <-ctx.Done():
	}
}

func packetID(n int) uint16 { return uint16(n%60_000 + 1) }

// publish sends what there is room for, after n on this connection, and takes an answer.
func (s *source) publish(n *int) error {
	done := s.count()
	for *n < done+s.window {
		*n++
		s.mu.Lock()
		again := *n <= s.sent
		s.sent = max(s.sent, *n)
		s.mu.Unlock()
		if s.released {
			s.ack(packet.TypePubrel, packetID(*n))
		} else {
			s.send(&packet.Publish{Topic: []byte(s.topic()), Payload: []byte(strconv.Itoa(*n)), QoS: s.qos, ID: packetID(*n), Dup: again})
		}
	}
	b, err := s.next()
	if err != nil {
		return err
	}
	var k packet.Ack
	if k.Decode(b, packet.V311) != nil || k.ID != packetID(done+1) {
		s.odd++
		return errAnswer
	}
	switch packet.TypeOf(b[0]) {
	case packet.TypePubrec:
		s.released = true
		s.ack(packet.TypePubrel, k.ID)
	case packet.TypePuback, packet.TypePubcomp:
		s.released = false
		s.mu.Lock()
		s.done++
		s.mu.Unlock()
	}
	return nil
}

// sink receives, and records what came.
type sink struct {
	wire
	qos    byte
	idles  bool // stays away now and then
	held   map[uint16]bool
	seed   uint64
	filter string // or d/#

	mu     sync.Mutex
	got    map[string][]int // by topic
	newest map[string]int
	lost   bool // the session was not there
}

func (s *sink) run(ctx context.Context, a *address, ready chan<- struct{}) {
	chance := rand.New(rand.NewPCG(s.seed, 1))
	for first := true; ctx.Err() == nil; {
		if s.dial(ctx, a) != nil {
			breathe(ctx)
			continue
		}
		stop := context.AfterFunc(ctx, func() { _ = s.conn.Close() })
		switch {
		case !first && !s.came:
			s.mu.Lock()
			s.lost = true
			s.mu.Unlock()
		case first:
			s.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte(cmp.Or(s.filter, "d/#")), QoS: s.qos}}})
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
			s.newest[string(p.Topic)] = max(s.newest[string(p.Topic)], n)
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
func (s *sink) highest(topic string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newest[topic]
}

func (s *sink) total() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, got := range s.got {
		n += len(got)
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

func testKills(otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv("MILLRACE_TEST_KILLS")); err == nil {
		return n
	}
	return otherwise
}

// The node is killed again and again, and again while it starts.
func TestSessionsSurviveKills(t *testing.T) {
	x := newTrial(t, startNode(t, t.TempDir(), trialEnv))
	kills := testKills(50)
	for x.kills < kills {
		x.progress()
		if x.late == nil && x.kills >= kills/2 {
			x.join()
		}
		x.kill()
	}
	x.end()
}
