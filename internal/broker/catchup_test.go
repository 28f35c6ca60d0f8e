package broker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/stream"
)

// Many clients share passes over a log, each from a place of its own: each gets what its
// filters take from there on, once, in order, in parts now and then, and goes on where its
// last answer ended.
func TestClientsShareAPass(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	var log []msg.Message // one an entry
	for range 2000 {
		log = append(log, msg.Message{Topic: fmt.Appendf(nil, "t/%d/%d", rnd.IntN(5), rnd.IntN(5)), QoS: byte(rnd.IntN(3)), Time: 1})
	}
	at := func(seq uint64) msg.Position { return msg.Position{Seq: seq} }
	var members []*caught
	var want, got [50][]uint64
	var most [50]int
	for i := range want {
		most[i] = 1 + rnd.IntN(60)
		q := catchUp{from: at(uint64(1 + rnd.IntN(len(log)))), most: most[i], round: uint32(i)}
		q.filters = []string{fmt.Sprintf("t/%d/+", rnd.IntN(5)), fmt.Sprintf("t/+/%d", rnd.IntN(5))}
		for seq := q.from.Seq; seq <= uint64(len(log)); seq++ {
			m := &log[seq-1]
			if m.QoS > 0 && slices.ContainsFunc(q.filters, func(f string) bool { return topic.Match(f, string(m.Topic)) }) {
				want[i] = append(want[i], seq)
			}
		}
		members = append(members, &caught{catchUp: q})
	}
	var given [50]int // since the client asked
	var again []*caught
	answered := func(a *caught) {
		i := a.round
		for _, place := range a.places {
			got[i] = append(got[i], place.Seq)
		}
		if given[i] += len(a.places); given[i] > most[i] {
			t.Fatalf("client %d got %d of at most %d", i, given[i], most[i])
		}
		if a.part != nil {
			return
		}
		if a.from = a.next; !a.end {
			given[i], a.most = 0, most[i]
			again = append(again, a)
		}
	}
	for len(members) > 0 {
		p := newPass(members)
		ended := true
		for seq := p.from.Seq; seq <= uint64(len(log)); seq++ {
			if !p.take(at(seq), &log[seq-1]) || rnd.IntN(700) == 0 {
				ended = false
				break
			}
			if rnd.IntN(100) == 0 {
				p.handOut(answered)
			}
		}
		if ended {
			p.end(at(uint64(len(log) + 1)))
		} else {
			p.stop()
		}
		for _, a := range p.members {
			answered(a)
		}
		members, again = again, nil
	}
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Fatalf("client %d got %v, want %v", i, got[i], want[i])
		}
	}
}

// However many share a pass, it holds no more than its bytes and a message for each; all
// are answered then.
func TestAPassIsBounded(t *testing.T) {
	var members []*caught
	for range 1000 {
		members = append(members, &caught{catchUp: catchUp{from: msg.Position{Seq: 1}, most: chunkMessages, filters: []string{"#"}}})
	}
	p := newPass(members)
	m := msg.Message{Topic: []byte("t"), Payload: make([]byte, 10<<10), QoS: 1, Time: 1}
	seq := uint64(1)
	for p.take(msg.Position{Seq: seq}, &m) {
		seq++
	}
	p.stop()
	held := 0
	for _, a := range members {
		held += len(a.records)
		if a.next != (msg.Position{Seq: seq, Index: 1}) || a.full {
			t.Fatalf("a member is at %v of %v, full %v", a.next, seq, a.full)
		}
	}
	if held < 2*passBytes || held > 2*passBytes+len(members)*11<<10 {
		t.Errorf("%d bytes are held", held)
	}
}

// heldState is a log that holds one who asks for its state.
type heldState struct {
	*stream.MemoryLog
	held  chan chan struct{} // gets who asks, when somebody listens
	armed *atomic.Bool
}

func (l heldState) State(ctx context.Context) (stream.LogState, error) {
	if l.armed.CompareAndSwap(true, false) {
		release := make(chan struct{})
		l.held <- release
		<-release
	}
	return l.MemoryLog.State(ctx)
}

// A client that is catching up subscribes to more: what comes for it then is not passed
// over by an answer that was asked for before.
func TestWhoSubscribesWhileCatchingUpMissesNothing(t *testing.T) {
	d, l := newDisk(), heldState{held: make(chan chan struct{}), armed: new(atomic.Bool)}
	b, _ := d.nodeOn(t, Options{}, func(c stream.LogConfig) stream.Log {
		if c.Name != "telemetry" {
			return d[c.Name]
		}
		l.MemoryLog = d[c.Name]
		return l
	})
	sub, _ := come(t, b, "sub", 100, nil)
	sub.subscribe("kept/a", 1)
	sub.drop(b)
	pub := enter(t, b, packet.V5, "pub")
	long := string(make([]byte, 1<<10))
	pub.publishAll("kept/a", []string{long, long})
	eventually(t, "it has passed the client by", func() bool { return queued(t, b, "sub") == 2 })

	l.armed.Store(true)
	sub, _ = come(t, b, "sub", 100, nil)
	asked := <-l.held // by the one who reads what it has missed
	sub.send(&packet.Subscribe{ID: 9, Filters: []packet.Subscription{{Filter: []byte("kept/b"), QoS: 1}}})
	var got []string
	for done := false; !done; {
		switch p, err := sub.read(); p := p.(type) {
		case *packet.Suback:
			done = true
		case *packet.Publish:
			got = append(got, string(p.Payload))
			sub.send(&packet.Ack{Kind: packet.TypePuback, ID: p.ID})
		default:
			t.Fatal(p, err)
		}
	}
	pub.publishAll("kept/b", []string{"new"})
	close(asked)
	got = append(got, sub.take(3-len(got))...)
	if !slices.Contains(got, "new") {
		t.Errorf("got %d messages, and not the new one", len(got))
	}
}
