package broker

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// presser is a publisher that never waits for an answer but by its socket.
type presser struct {
	*raw
	qos   byte
	topic string
	sent  chan bool // closed when all is written
	mu    sync.Mutex
	acked []uint16 // PUBACK or PUBREC, in the order in which they came
}

// presses sends n messages of 4 KB and takes what comes.
func presses(t *testing.T, b *Broker, all *sync.WaitGroup, id string, qos byte, n int) *presser {
	t.Helper()
	f := &presser{raw: dial(t, b, packet.V311), qos: qos, topic: "kept/" + id, sent: make(chan bool)}
	f.raw.send(&packet.Connect{Version: packet.V311, CleanStart: true, ClientID: []byte(id), KeepAlive: 10})
	expect[*packet.Connack](f.raw)
	f.waits = 10 * patience // nothing comes while the log is held
	_ = f.nc.(*net.TCPConn).SetWriteBuffer(64 << 10)
	all.Go(func() {
		defer close(f.sent)
		payload := make([]byte, 4096)
		for i := range n {
			p := &packet.Publish{Topic: []byte(f.topic), QoS: qos, ID: uint16(i + 1), Payload: payload}
			if _, err := f.nc.Write(p.Append(nil, f.version)); err != nil {
				t.Errorf("%s: its socket is closed: %v", id, err)
				return
			}
		}
	})
	all.Go(func() { f.answers(n) })
	return f
}

// answers takes the answers to n messages and, of QoS 2, brings them to their end.
func (f *presser) answers(n int) {
	var releases sync.WaitGroup
	defer releases.Wait()
	for left := n; left > 0; {
		p, err := f.read()
		if err != nil {
			f.t.Errorf("%s: %v", f.topic, err)
			return
		}
		a := p.(*packet.Ack)
		switch a.Kind {
		case packet.TypePuback, packet.TypePubrec:
			f.mu.Lock()
			f.acked = append(f.acked, a.ID)
			f.mu.Unlock()
			if f.qos == 2 {
				releases.Go(func() { _, _ = f.nc.Write((&packet.Ack{Kind: packet.TypePubrel, ID: a.ID}).Append(nil, f.version)) })
				continue
			}
		case packet.TypePubcomp:
		}
		left--
	}
}

func (f *presser) answered() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.acked)
}

// pair is a publisher and a subscriber of QoS 0.
type pair struct {
	from, to *raw
	topic    string
}

func newPair(t *testing.T, b *Broker, id, topic string) *pair {
	p := &pair{from: enter(t, b, packet.V311, id+"-from"), to: enter(t, b, packet.V5, id+"-to"), topic: topic}
	p.to.subscribe(topic, 0)
	return p
}

// passes sends one message more and awaits it.
func (p *pair) passes(n int) {
	p.from.t.Helper()
	p.from.send(publish(p.topic, fmt.Sprint(n), 0, 0))
	if got := expect[*packet.Publish](p.to); string(got.Payload) != fmt.Sprint(n) {
		p.from.t.Fatalf("%s came, want %d", text(got), n)
	}
}

// While the log commits nothing, publishers of QoS 1 and 2 get no answer, are read no
// further than their receive maximum, and then wait in their sockets: open, whatever
// their keep alive. What they hold is bounded. QoS 0 goes on, also what the log is to
// keep. Then the log goes on, and everything is answered, in order and once.
func TestASlowLogIsFeltByItsPublishersAlone(t *testing.T) {
	const loops, each, n, most = 3, 2, 1200, 20
	log := &fakeLog{prefix: "kept/"}
	log.hold()
	clock := newClock()
	b := start(t, Options{Loops: loops, Keeper: log, Now: clock.now, Zone: Zone{ReceiveMaximum: most}})
	var all sync.WaitGroup
	var floods []*presser
	onLoop := make([]bool, loops)
	for i := 0; i < loops*each || !onLoop[0] || !onLoop[1] || !onLoop[2]; i++ {
		id := fmt.Sprint("flood", i)
		onLoop[b.homeOf(id).home] = true
		floods = append(floods, presses(t, b, &all, id, byte(1+i%2), n))
	}
	eventually(t, "everybody's receive maximum is used up", func() bool {
		m := b.Stats().MessagesIn
		return m[1]+m[2] == uint64(len(floods)*most)
	})
	var pairs []*pair
	for i := range 2 * loops {
		pairs = append(pairs, newPair(t, b, fmt.Sprint("live", i), fmt.Sprint("live/", i)), newPair(t, b, fmt.Sprint("noted", i), fmt.Sprint("kept/live/", i)))
	}
	for k := range 50 {
		clock.forward(time.Second) // the keep alive of the publishers runs out three times
		b.tick()
		settle(b)
		for _, p := range pairs {
			p.passes(k)
		}
	}
	s := b.Stats()
	if m := s.MessagesIn; m[1]+m[2] != uint64(len(floods)*most) {
		t.Errorf("%d messages were taken of %d publishers", m[1]+m[2], len(floods))
	}
	if s.Held != int64(len(floods)) || s.Waiting != 0 {
		t.Errorf("%d are held by their receive maximum, %d wait", s.Held, s.Waiting)
	}
	if len(s.Closed) > 0 || len(log.messages()) > 0 {
		t.Errorf("closed %v, kept %d", s.Closed, len(log.messages()))
	}
	if held := int64(len(floods)) * (most*4200 + 2*(64<<10)); s.Unkept+s.InputBytes > held+1<<20 {
		t.Errorf("%d bytes are under way, %d were read", s.Unkept, s.InputBytes)
	}
	for _, f := range floods {
		select {
		case <-f.sent:
			t.Errorf("%s has sent all", f.topic)
		default:
		}
		if f.answered() > 0 {
			t.Errorf("%s has %d answers", f.topic, f.answered())
		}
	}
	log.release(nil)
	all.Wait()
	eventually(t, "nobody is held", func() bool { s := b.Stats(); return s.Held == 0 && s.Unkept == 0 })
	for _, f := range floods {
		for i, id := range f.acked {
			if id != uint16(i+1) {
				t.Fatalf("%s: answer %d is for %d", f.topic, i, id)
			}
		}
		if kept := log.keptOn(f.topic); len(f.acked) != n || kept != n {
			t.Errorf("%s: %d answers, %d kept", f.topic, len(f.acked), kept)
		}
	}
}

// What a log that stands is handed is bounded, however many clients come anew. Of a
// client that mixes, what asks nothing of the log goes on until its next message that
// does. QoS 0 has the last quarter for itself; when that is full, it waits for a log that
// moves, and passes one that stands by, counted.
func TestALogThatStandsIsHandedNoMore(t *testing.T) {
	const most = 40_000
	log := &fakeLog{prefix: "kept/"}
	log.hold()
	clock := newClock()
	b := start(t, Options{Loops: 1, Keeper: log, Now: clock.now, MaxUnkept: most})
	big := func(id uint16) *packet.Publish {
		return &packet.Publish{Topic: []byte("kept/a"), QoS: 1, ID: id, Payload: make([]byte, 1000)}
	}
	sub := enter(t, b, packet.V5, "sub")
	sub.subscribe("#", 0)
	pub := enter(t, b, packet.V5, "pub")
	for id := range uint16(most / 1000) {
		pub.send(big(id + 1))
	}
	eventually(t, "the publisher waits", func() bool { return b.Stats().Waiting == 1 })
	handed := b.Stats().Unkept
	if handed > most*3/4+1100 {
		t.Errorf("%d bytes are under way", handed)
	}
	for i := range 60 {
		c := enter(t, b, packet.V311, fmt.Sprint("again", i%30))
		c.send(publish("else", "1", 1, 1), packet.Pingreq{}, publish("else", "2", 0, 0), big(2))
		expect[*packet.Ack](c)
		expect[packet.Pingresp](c)
	}
	settle(b)
	if s := b.Stats(); s.Unkept != handed || s.Dropped[fault.Unavailable] > 0 {
		t.Errorf("%d bytes are under way, were %d", s.Unkept, handed)
	}
	inside := make(chan error, 1)
	go func() {
		_, err := b.Publish(t.Context(), message("kept/a", 1))
		inside <- err
	}()
	eventually(t, "who publishes inside the node waits", func() bool { return waitInside(t, b) == 1 })
	zero := enter(t, b, packet.V5, "zero")
	next := func(n int) {
		p := publish("kept/zero", "", 0, 0)
		p.Payload = make([]byte, 1000)
		p.Payload[0] = byte(n)
		zero.send(p)
	}
	seen := func(n int) {
		t.Helper()
		p := expect[*packet.Publish](sub)
		for string(p.Topic) != "kept/zero" {
			p = expect[*packet.Publish](sub)
		}
		if p.Payload[0] != byte(n) {
			t.Fatalf("%d came, want %d", p.Payload[0], n)
		}
	}
	before, n := b.Stats(), 0
	for ; b.Stats().Waiting == before.Waiting; n++ {
		next(n)
		seen(n)
		settle(b)
	}
	if n < most/4/1100 || b.Stats().Unkept > most+1100 {
		t.Errorf("%d messages of QoS 0 were taken, %d bytes are under way", n, b.Stats().Unkept)
	}
	next(n)
	clock.forward(2 * time.Second)
	b.tick()
	eventually(t, "it passes", func() bool { b.tick(); return b.Stats().Dropped[fault.Unavailable] == 1 })
	if err := <-inside; fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("inside the node: %v", err)
	}
	seen(n)
	log.release(nil)
	for id := range uint16(most / 1000) {
		if a := expect[*packet.Ack](pub); a.ID != id+1 {
			t.Fatalf("%d is answered, want %d", a.ID, id+1)
		}
	}
	eventually(t, "all are kept, some of clients that have gone", func() bool { return log.keptOn("kept/a") >= most/1000+30 })
	if log.keptOn("kept/zero") != n {
		t.Errorf("%d of QoS 0 are kept, want %d", log.keptOn("kept/zero"), n)
	}
	eventually(t, "nobody waits", func() bool { s := b.Stats(); return s.Waiting == 0 && s.Unkept == 0 })
}

// A log that has much to do is no reason to refuse what is published from inside the node:
// that waits its turn, as clients do.
func TestWhatIsPublishedInsideWaitsForABusyLog(t *testing.T) {
	const most = 40_000
	log := &fakeLog{prefix: "kept/"}
	log.hold()
	b := start(t, Options{Loops: 1, Keeper: log, MaxUnkept: most})
	sub := enter(t, b, packet.V5, "sub")
	sub.subscribe("kept/inside", 1)
	pub := enter(t, b, packet.V5, "pub")
	for id := range uint16(most / 1000) {
		pub.send(&packet.Publish{Topic: []byte("kept/a"), QoS: 1, ID: id + 1, Payload: make([]byte, 1000)})
	}
	eventually(t, "the publisher waits", func() bool { return b.Stats().Waiting == 1 })
	const n = 20
	verdicts := make(chan error, n)
	for range n {
		go func() {
			_, err := b.Publish(t.Context(), message("kept/inside", 1))
			verdicts <- err
		}()
	}
	eventually(t, "all have come", func() bool { return waitInside(t, b)+len(verdicts) == n })
	if n := len(verdicts); n > 0 {
		t.Errorf("%d are answered before the log has spoken", n)
	}
	log.release(nil)
	for range n {
		if err := <-verdicts; err != nil {
			t.Error(err)
		}
	}
	for range n {
		expect[*packet.Publish](sub)
	}
	if kept := log.keptOn("kept/inside"); kept != n {
		t.Errorf("%d are kept, want %d", kept, n)
	}
}

// waitInside is how many messages from inside the node wait for the log.
func waitInside(t *testing.T, b *Broker) (n int) {
	t.Helper()
	all := make([]int, len(b.workers))
	err := b.ask(t.Context(), b.workers, func(i int) func(*worker) bool {
		return func(w *worker) bool { all[i] = len(w.keeping.inside); return false }
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		n += k
	}
	return n
}
