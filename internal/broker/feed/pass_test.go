package feed

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
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
	var members []*Answer
	var want, got [50][]uint64
	var most [50]int
	for i := range want {
		most[i] = 1 + rnd.IntN(60)
		q := Question{From: at(uint64(1 + rnd.IntN(len(log)))), Most: most[i], Round: uint32(i)}
		q.Filters = []string{fmt.Sprintf("t/%d/+", rnd.IntN(5)), fmt.Sprintf("t/+/%d", rnd.IntN(5))}
		for seq := q.From.Seq; seq <= uint64(len(log)); seq++ {
			m := &log[seq-1]
			if m.QoS > 0 && slices.ContainsFunc(q.Filters, func(f string) bool { return topic.Match(f, string(m.Topic)) }) {
				want[i] = append(want[i], seq)
			}
		}
		members = append(members, &Answer{Question: q})
	}
	var given [50]int // since the client asked
	var again []*Answer
	answered := func(a *Answer) {
		i := a.Round
		for _, place := range a.places {
			got[i] = append(got[i], place.Seq)
		}
		if given[i] += len(a.places); given[i] > most[i] {
			t.Fatalf("client %d got %d of at most %d", i, given[i], most[i])
		}
		if a.Part() {
			return
		}
		if a.From = a.Next; !a.End {
			given[i], a.Most = 0, most[i]
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
	var members []*Answer
	for range 1000 {
		members = append(members, &Answer{Question: Question{From: msg.Position{Seq: 1}, Most: ChunkMessages, Filters: []string{"#"}}})
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
		if a.Next != (msg.Position{Seq: seq, Index: 1}) || a.full {
			t.Fatalf("a member is at %v of %v, full %v", a.Next, seq, a.full)
		}
	}
	if held < 2*passBytes || held > 2*passBytes+len(members)*11<<10 {
		t.Errorf("%d bytes are held", held)
	}
}
