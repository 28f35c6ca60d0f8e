package backlog

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// One reading answers questions about any stretches and filters; a message that two filters
// of a question match counts twice, and QoS 0 not at all.
func TestASurveyAnswersAll(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	var log [][]msg.Message // by entry, from 1 on
	for range 200 {
		var entry []msg.Message
		for range 1 + rnd.IntN(5) {
			entry = append(entry, msg.Message{Topic: fmt.Appendf(nil, "t/%d/%d", rnd.IntN(3), rnd.IntN(3)), QoS: byte(rnd.IntN(3)), Payload: make([]byte, rnd.IntN(50))})
		}
		log = append(log, entry)
	}
	place := func() msg.Position {
		return msg.Position{Seq: uint64(1 + rnd.IntN(len(log)+2)), Index: uint32(rnd.IntN(5))}
	}
	var qs []*Question
	for range 50 {
		q := &Question{From: place(), To: place()}
		if q.To.Compare(q.From) < 0 {
			q.From, q.To = q.To, q.From
		}
		for range 1 + rnd.IntN(3) {
			if name := []string{"t/#", "t/1/+", "t/+/2", "t/0/0"}[rnd.IntN(4)]; !slices.Contains(q.Names, name) {
				q.Names = append(q.Names, name)
			}
		}
		qs = append(qs, q)
	}
	s := NewSurvey(1, qs, Space(Bounds{Messages: 10}, 1<<20))
	for i, entry := range log {
		s.Entry(msg.Position{Seq: uint64(i + 1)}, entry)
	}
	s.End()
	for _, q := range qs {
		var want Tally
		for i, entry := range log {
			for k := range entry {
				m, at := &entry[k], msg.Position{Seq: uint64(i + 1), Index: uint32(k)}
				for _, name := range q.Names {
					if m.QoS > 0 && at.Compare(q.From) >= 0 && at.Compare(q.To) < 0 && topic.Match(name, string(m.Topic)) {
						want = want.Plus(Tally{1, int64(m.Bytes())})
					}
				}
			}
		}
		if q.Found != want {
			t.Errorf("%v to %v, %q: found %v, want %v", q.From, q.To, q.Names, q.Found, want)
		}
	}
}
