package broker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/stream"
)

// life is the logs of a node in one life. After its end nothing is stored any more; the
// last entries may have been, and nobody was told.
type life struct {
	*stream.MemoryLog
	mu    *sync.Mutex // shared by the logs of a life
	ended *bool
	left  *int // entries until the end, -1 for ever
	told  *int // of those, how many are answered
}

func (l life) Append(id string, repeat bool, entry []byte, done func(uint64, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if *l.left == 0 {
		*l.ended = true
	}
	if *l.ended {
		done(0, fault.New(fault.Unavailable, "the process has ended"))
		return
	}
	if *l.left > 0 {
		*l.left--
	}
	if *l.left >= 0 && *l.left < *l.told {
		l.MemoryLog.Append(id, repeat, entry, func(uint64, error) {})
		done(0, fault.New(fault.Unavailable, "the process has ended"))
		return
	}
	l.MemoryLog.Append(id, repeat, entry, done)
}

// plant is publishers and subscribers of a node whose logs stay while it comes and goes.
type plant struct {
	t      *testing.T
	chance *rand.Rand
	disk   disk
	clock  *testClock
	node   *Broker
	end    func() // ends the life
	left   *int
	told   *int
	mu     *sync.Mutex
	kills  int
	pubs   []*modelPublisher
	subs   []*modelSubscriber
	story  []string // what happened
}

func (p *plant) tell(format string, v ...any) { p.story = append(p.story, fmt.Sprintf(format, v...)) }

func (p *plant) begin() {
	p.t.Helper()
	ended, left, told, mu := false, -1, 0, new(sync.Mutex)
	p.left, p.told, p.mu = &left, &told, mu
	s, err := stream.New(stream.Options{
		Streams: []stream.Config{
			{Name: "telemetry", Filters: []string{"kept/#", "kept2/#"}}, {Name: "sessions", BuiltIn: true}, {Name: "journal", BuiltIn: true, State: true},
		},
		Open: func(_ context.Context, c stream.LogConfig) (stream.Log, error) {
			return life{p.disk[c.Name], mu, &ended, &left, &told}, nil
		},
	})
	p.must(err)
	p.must(s.Start(p.t.Context()))
	journal, err := s.Journal("journal")
	p.must(err)
	p.node = start(p.t, Options{Keeper: s, Now: p.clock.now, Zone: Zone{Queue: 8, Inflight: 4},
		Durable: Durable{Journal: journal, Log: s, Spare: 1, SpareName: "sessions"}})
	p.end = func() {
		mu.Lock()
		ended = true
		mu.Unlock()
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		s.Close(gone)
		_ = stop(p.node)
	}
}

func (p *plant) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("%v\n%v", err, p.story)
	}
}

// kill ends the process where it stands, or some entries later.
func (p *plant) kill() {
	if n := p.chance.IntN(6); n > 0 {
		p.mu.Lock()
		*p.left, *p.told = n, p.chance.IntN(2)
		p.mu.Unlock()
		for range 3 {
			p.act(false)
		}
	}
	p.kills++
	p.tell("kill")
	for _, c := range p.pubs {
		c.hang()
	}
	for _, c := range p.subs {
		c.hang()
	}
	p.end()
	p.begin()
}

// act lets somebody do something; sure says that an answer comes.
func (p *plant) act(sure bool) {
	if p.chance.IntN(2) == 0 {
		p.pubs[p.chance.IntN(len(p.pubs))].act(p, sure)
	} else {
		p.subs[p.chance.IntN(len(p.subs))].act(p, sure)
	}
}

// modelClient is what clients of both kinds have.
type modelClient struct {
	id      string
	conn    *raw
	came    bool // the session is written down
	present bool // it was there
}

func (c *modelClient) hang() {
	if c.conn != nil {
		_ = c.conn.nc.Close()
		c.conn = nil
	}
}

// connect connects when it is not; false when the node does not answer.
func (c *modelClient) connect(p *plant) (fresh, ok bool) {
	if c.conn != nil {
		return false, true
	}
	nc, err := dialTry(p.node)
	if err != nil {
		return false, false
	}
	conn := &raw{t: p.t, nc: nc, version: packet.V5}
	connect := packet.Connect{Version: packet.V5, ClientID: []byte(c.id), SessionExpiry: 1 << 30}
	_, _ = nc.Write(connect.Append(nil, packet.V5))
	c.conn = conn
	got, err := c.read(time.Second)
	ack, is := got.(*packet.Connack)
	if err != nil || !is || ack.Reason != 0 {
		c.hang()
		return false, false
	}
	c.present = ack.SessionPresent
	if c.came && !ack.SessionPresent {
		p.t.Fatalf("%s: its session is gone\n%v", c.id, p.story)
	}
	return true, true
}

func (c *modelClient) read(patience time.Duration) (packet.Packet, error) {
	for {
		size, err := packet.Frame(c.conn.in, 0)
		if err != nil {
			return nil, err
		}
		if size > 0 && size <= len(c.conn.in) {
			got, err := packet.Decode(slices.Clone(c.conn.in[:size]), packet.V5)
			c.conn.in = c.conn.in[size:]
			return got, err
		}
		_ = c.conn.nc.SetReadDeadline(time.Now().Add(patience))
		b := make([]byte, 4096)
		n, err := c.conn.nc.Read(b)
		if c.conn.in = append(c.conn.in, b[:n]...); err != nil && n == 0 {
			return nil, err
		}
	}
}

func (c *modelClient) send(ps ...packet.Packet) {
	var b []byte
	for _, x := range ps {
		b = x.Append(b, packet.V5)
	}
	_, _ = c.conn.nc.Write(b) // what is lost shows in reading
}

// modelPublisher publishes 1, 2, 3 … on its topic.
type modelPublisher struct {
	modelClient
	topic       string
	qos         byte
	sent, acked int
	released    bool
	asked       bool  // on this connection
	given       []int // up without an answer
}

func (c *modelPublisher) act(p *plant, sure bool) {
	if fresh, ok := c.connect(p); !ok {
		return
	} else if fresh {
		c.asked = false
		if !c.present && c.qos == 2 {
			c.acked = c.sent // without a session on the other side nobody may go on with it
			c.given = append(c.given, c.sent)
		}
	}
	if c.sent == c.acked {
		c.sent++
		c.released, c.asked = false, false
	}
	again := !c.asked
	if id := uint16(c.sent%60000 + 1); c.released && again {
		c.send(&packet.Ack{Kind: packet.TypePubrel, ID: id})
	} else if again {
		m := publish(c.topic, strconv.Itoa(c.sent), c.qos, id)
		m.Dup = true // it may be the first: nobody looks
		c.send(m)
	}
	c.asked = true
	if p.tell("%s %d", c.id, c.sent); !sure || p.chance.IntN(4) == 0 {
		return
	}
	for c.acked < c.sent {
		got, err := c.read(patience)
		if err != nil {
			p.t.Fatalf("%s: no answer to %d: %v\n%v", c.id, c.sent, err, p.story)
		}
		c.take(got)
	}
}

func (c *modelPublisher) take(got packet.Packet) {
	a, ok := got.(*packet.Ack)
	if !ok {
		return
	}
	switch a.Kind {
	case packet.TypePubrec:
		c.released = true
		c.send(&packet.Ack{Kind: packet.TypePubrel, ID: a.ID})
	case packet.TypePuback, packet.TypePubcomp:
		c.acked = c.sent
		c.came = c.came || a.Kind == packet.TypePubcomp // which waits for the session's record
	}
}

// modelSubscriber has a subscription now and then, and does not always acknowledge.
type modelSubscriber struct {
	modelClient
	got    map[string][]int
	held   map[uint16]bool
	inside bool
	visits []modelVisit
}

// modelVisit is one subscription, by topic, as the numbers that were acknowledged, or begun,
// when it began and ended.
type modelVisit struct{ before, from, to, after map[string]int }

func (p *plant) numbers(of func(*modelPublisher) int) map[string]int {
	n := map[string]int{}
	for _, c := range p.pubs {
		n[c.topic] = of(c)
	}
	return n
}

func ackedOf(c *modelPublisher) int { return c.acked }
func sentOf(c *modelPublisher) int  { return c.sent }

func (c *modelSubscriber) act(p *plant, sure bool) {
	if _, ok := c.connect(p); !ok {
		return
	}
	switch x := p.chance.IntN(10); {
	case x == 0:
		p.tell("%s leaves", c.id)
		c.hang()
	case x == 1 && sure && !c.inside:
		c.enter(p)
	case x == 2 && sure && c.inside:
		c.leave(p)
	default:
		c.drain(p, sure, x > 3)
	}
}

func (c *modelSubscriber) enter(p *plant) {
	p.tell("%s enters", c.id)
	v := modelVisit{before: p.numbers(ackedOf)}
	c.visits = append(c.visits, v)
	c.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("+/a"), QoS: 2}}})
	c.until(p, func(x packet.Packet) bool { _, ok := x.(*packet.Suback); return ok }, true)
	c.visits[len(c.visits)-1].from = p.numbers(sentOf)
	c.inside, c.came = true, true
}

// leave unsubscribes when everything has come that has to.
func (c *modelSubscriber) leave(p *plant) {
	to := p.numbers(ackedOf)
	c.await(p, to)
	p.tell("%s unsubscribes at %v", c.id, to)
	c.visits[len(c.visits)-1].to = to
	c.send(&packet.Unsubscribe{ID: 2, Filters: [][]byte{[]byte("+/a")}})
	c.until(p, func(x packet.Packet) bool { _, ok := x.(*packet.Unsuback); return ok }, true)
	c.visits[len(c.visits)-1].after = p.numbers(sentOf)
	c.inside = false
}

// await reads until everything up to those numbers has come.
func (c *modelSubscriber) await(p *plant, to map[string]int) {
	p.t.Helper()
	from := c.visits[len(c.visits)-1].from
	missing := func() bool {
		for topic, n := range to {
			if n > from[topic] && !slices.Contains(c.got[topic], n) && !slices.Contains(p.givenUp(topic), n) {
				return true
			}
		}
		return false
	}
	for missing() {
		got, err := c.read(patience)
		if err != nil {
			p.t.Fatalf("%s: want %v behind %v, have %v: %v\n%v", c.id, to, from, c.got, err, p.story)
		}
		c.take(got, true)
	}
}

func (p *plant) givenUp(topic string) []int {
	i := slices.IndexFunc(p.pubs, func(c *modelPublisher) bool { return c.topic == topic })
	return p.pubs[i].given
}

// drain takes what has come.
func (c *modelSubscriber) drain(p *plant, sure, acks bool) {
	c.send(packet.Pingreq{})
	if !sure {
		return
	}
	c.until(p, func(x packet.Packet) bool { _, ok := x.(packet.Pingresp); return ok }, acks)
	if !acks { // what is not acknowledged now comes again with the next connection
		c.hang()
	}
}

func (c *modelSubscriber) until(p *plant, last func(packet.Packet) bool, acks bool) {
	p.t.Helper()
	for {
		got, err := c.read(patience)
		if err != nil {
			p.t.Fatalf("%s: %v\n%v", c.id, err, p.story)
		}
		if last(got) {
			return
		}
		c.take(got, acks)
	}
}

func (c *modelSubscriber) take(got packet.Packet, acks bool) {
	switch x := got.(type) {
	case *packet.Publish:
		if x.QoS == 2 && c.held[x.ID] || x.QoS == 2 && !acks { // a client that has not stored it has not got it
			break
		}
		if n, err := strconv.Atoi(string(x.Payload)); err == nil {
			c.got[string(x.Topic)] = append(c.got[string(x.Topic)], n)
		}
		if x.QoS == 2 {
			c.held[x.ID] = true
		}
	case *packet.Ack:
		if x.Kind == packet.TypePubrel && acks {
			delete(c.held, x.ID)
			c.send(&packet.Ack{Kind: packet.TypePubcomp, ID: x.ID})
		}
	}
	if x, ok := got.(*packet.Publish); ok && acks {
		switch x.QoS {
		case 1:
			c.send(&packet.Ack{Kind: packet.TypePuback, ID: x.ID})
		case 2:
			c.send(&packet.Ack{Kind: packet.TypePubrec, ID: x.ID})
		}
	}
}

// check holds what came against the visits.
func (c *modelSubscriber) check(pubs []*modelPublisher) error {
	for _, s := range pubs {
		seen, newest := map[int]bool{}, 0
		for _, n := range c.got[s.topic] {
			invited := slices.ContainsFunc(c.visits, func(v modelVisit) bool {
				return n > v.before[s.topic] && (v.after == nil || n <= v.after[s.topic])
			})
			switch {
			case !invited:
				return fmt.Errorf("%s: %s %d came outside of every visit %+v", c.id, s.topic, n, c.visits)
			case seen[n] && s.qos == 2:
				return fmt.Errorf("%s: %s %d came twice: %v", c.id, s.topic, n, c.got[s.topic])
			case !seen[n] && n < newest:
				return fmt.Errorf("%s: %s %d came late: %v", c.id, s.topic, n, c.got[s.topic])
			}
			seen[n], newest = true, max(newest, n)
		}
		for _, v := range c.visits {
			for n := v.from[s.topic] + 1; n <= v.to[s.topic]; n++ {
				if !seen[n] && !slices.Contains(s.given, n) {
					return fmt.Errorf("%s: %s %d has not come: %v", c.id, s.topic, n, c.got[s.topic])
				}
			}
		}
	}
	return nil
}

func testNumber(name string, otherwise uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// Publishers and subscribers do what they like in any order, the process ends anywhere and
// comes back, and the clock steps: what was acknowledged comes, QoS 2 once, in order, and
// nothing from before SUBSCRIBE or behind UNSUBACK.
func TestSessionsAgainstAModel(t *testing.T) {
	seeds, first := testNumber("MILLRACE_TEST_SEEDS", 10), testNumber("MILLRACE_TEST_SEED", rand.Uint64())
	t.Logf("seed %d", first)
	kills, messages := 0, 0
	for seed := first; seed < first+seeds; seed++ {
		ok := t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			p := newPlant(t, seed)
			p.run()
			kills += p.kills
			for _, c := range p.pubs {
				messages += c.acked
			}
		})
		if !ok {
			t.Fatalf("again with MILLRACE_TEST_SEED=%d MILLRACE_TEST_SEEDS=1", seed)
		}
	}
	t.Logf("in all: %d seeds, %d ends of the process, %d messages acknowledged", seeds, kills, messages)
}

func newPlant(t *testing.T, seed uint64) *plant {
	p := &plant{t: t, chance: rand.New(rand.NewPCG(seed, 0)), disk: newDisk(), clock: newClock()}
	for i, topic := range []string{"kept/a", "kept2/a", "other/a", "other2/a"} { // two of them in a stream of their own
		p.pubs = append(p.pubs, &modelPublisher{modelClient: modelClient{id: fmt.Sprint("pub", i)}, topic: topic, qos: byte(i%2 + 1)})
	}
	for i := range 2 {
		p.subs = append(p.subs, &modelSubscriber{modelClient: modelClient{id: fmt.Sprint("sub", i)}, got: map[string][]int{}, held: map[uint16]bool{}})
	}
	p.begin()
	return p
}

func (p *plant) run() {
	for range 60 + p.chance.IntN(100) {
		switch p.chance.IntN(20) {
		case 0:
			p.kill()
		case 1:
			step := time.Duration(p.chance.Int64N(int64(2*time.Hour)) - int64(time.Hour))
			p.tell("clock %v", step)
			p.clock.forward(step)
		default:
			p.act(true)
		}
	}
	for _, c := range p.pubs {
		for c.acked < c.sent {
			c.act(p, true)
		}
	}
	for _, c := range p.subs {
		if _, ok := c.connect(p); !ok {
			p.must(errors.New("cannot connect"))
		}
		if c.inside {
			c.leave(p)
		}
		if err := c.check(p.pubs); err != nil {
			p.t.Fatalf("%v\n%v", err, p.story)
		}
		c.hang()
	}
	for _, c := range p.pubs {
		c.hang()
	}
	p.end()
}
