package cursor

import (
	"math/rand/v2"
	"testing"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/msg"
)

// reader takes a stream of messages 1, 2, 3 … that count 1 each, with a queue of its own
// whose room is a matter of luck.
type reader struct {
	cursor  Cursor
	have    uint64 // it has everything before
	tail    uint64 // so far the tail has come
	away    bool
	answers []answer
	survey  *answer
}

// answer is what was asked for from a place on.
type answer struct {
	round uint32
	from  uint64
	total uint64 // when it was asked
}

func at(n uint64) msg.Position { return msg.Position{Seq: n} }

func tally(n uint64) backlog.Tally {
	return backlog.Tally{Messages: int64(n), Bytes: int64(n) * 10}
}

func (r *reader) total() backlog.Tally { return tally(r.tail - 1) }

// comes brings the tail's next message.
func (r *reader) comes(room bool) {
	if r.cursor.Takes(at(r.tail)) {
		if room && !r.away {
			r.have = r.tail + 1
		} else {
			r.cursor.Fall(r.total)
			r.cursor.Move(at(r.tail))
		}
	}
	r.tail++
}

func (r *reader) asks() {
	if r.away {
		return
	}
	if round, ok := r.cursor.Ask(); ok {
		r.answers = append(r.answers, answer{round: round, from: r.cursor.Next().Seq})
	}
}

// hears takes an answer of up to most messages.
func (r *reader) hears(t *testing.T, a answer, most uint64) {
	if !r.cursor.Answered(a.round, false) || r.away {
		return
	}
	if a.from != r.have {
		t.Fatalf("an answer from %d on for one who has all before %d", a.from, r.have)
	}
	to := min(a.from+most, r.tail)
	r.cursor.Passed(tally(to - a.from))
	r.cursor.Move(at(to))
	if r.have = to; to == r.tail {
		r.cursor.Follow()
	}
}

// leaves: what waits in its queue is in the log alone.
func (r *reader) leaves(queued uint64) {
	queued = min(queued, r.have-1)
	if queued > 0 {
		r.cursor.Fall(r.total)
		r.have -= queued
	}
	if r.cursor.Behind() {
		r.cursor.Move(at(r.have))
		r.cursor.Again(tally(queued))
	}
	r.cursor.Unask()
	r.away = true
}

func (r *reader) returns() {
	if r.away = false; r.cursor.Behind() {
		r.cursor.Fall(r.total)
	}
}

func (r *reader) restarts() {
	r.cursor, r.answers, r.survey, r.away = Restored(at(r.have)), nil, nil, true
}

func (r *reader) isSurveyed() {
	if r.away && r.cursor.Unsurveyed() {
		r.survey = &answer{r.cursor.Survey(), r.have, r.tail - 1}
	} else if a := r.survey; a != nil {
		found := a.total - (a.from - 1)
		r.cursor.Surveyed(a.round, tally(a.total-found))
		r.survey = nil
	}
}

func (r *reader) skips(n uint64) {
	if to := r.have + n; r.cursor.Counted() && to <= r.tail {
		r.cursor.Skip(at(to), tally(to-1))
		r.have = to
	}
}

// Whatever happens to a reader, it stands where it has everything before, hears no answer
// that was asked for from another place, and knows how much is before it.
func TestAReaderOfALog(t *testing.T) {
	for range 200 {
		seed := rand.Uint64()
		rnd := rand.New(rand.NewPCG(seed, 1))
		r := &reader{have: 1, tail: 1}
		for step := range 500 {
			switch rnd.IntN(10) {
			case 0, 1, 2:
				r.comes(rnd.IntN(5) > 0)
			case 3, 4:
				r.asks()
			case 5, 6:
				if n := len(r.answers); n > 0 {
					i := rnd.IntN(n)
					a := r.answers[i]
					r.answers = append(r.answers[:i], r.answers[i+1:]...)
					r.hears(t, a, rnd.Uint64N(6))
				}
			case 7:
				r.isSurveyed()
			case 8:
				r.skips(rnd.Uint64N(4))
			case 9:
				switch rnd.IntN(8) {
				case 0:
					r.restarts()
				case 1:
					r.cursor.Unask()
				case 2, 3:
					r.leaves(rnd.Uint64N(3))
				default:
					r.returns()
				}
			}
			k := &r.cursor
			if k.At(at(r.tail)) != at(r.have) {
				t.Fatalf("seed %d, step %d: it stands at %v, and has all before %d: %+v", seed, step, k.At(at(r.tail)), r.have, r)
			}
			if want := r.tail - r.have; !k.Uncounted() && k.Waiting(r.total()) != tally(want) {
				t.Fatalf("seed %d, step %d: %v before it, want %d: %+v", seed, step, k.Waiting(r.total()), want, r)
			}
			if k.Uncounted() && k.Waiting(r.total()) != (backlog.Tally{}) {
				t.Fatalf("seed %d, step %d: uncounted, and %v", seed, step, k.Waiting(r.total()))
			}
		}
	}
}

// One question is under way at a time, and an answer in parts is one question.
func TestQuestions(t *testing.T) {
	k := From(at(5))
	if _, ok := k.Ask(); ok || k.Takes(at(4)) || !k.Takes(at(5)) {
		t.Error("who follows the tail asks for nothing, and takes it from its place on")
	}
	k.Fall(func() backlog.Tally { return tally(9) })
	round, ok := k.Ask()
	if _, again := k.Ask(); !ok || again || !k.Asked() {
		t.Error("one question")
	}
	if !k.Answered(round, true) || !k.Asked() || !k.Answered(round, false) || k.Asked() {
		t.Error("two parts")
	}
	k.Unask()
	if k.Answered(round, false) {
		t.Error("an answer of an earlier round")
	}
}

// A filter that goes takes its part along, and with it what a survey finds of before.
func TestAFilterGoes(t *testing.T) {
	k := Restored(at(5))
	round := k.Survey()
	k.Unfilter(tally(3))
	if k.Surveyed(round, tally(4)) || !k.Unsurveyed() {
		t.Error("a survey that looked for the filter, too")
	}
	if k.Unfilter(tally(0)); !k.Surveyed(k.Survey(), tally(4)) || k.Waiting(tally(9)) != tally(5) {
		t.Error(k.Waiting(tally(9)))
	}
	if k.Unfilter(tally(1)); k.Waiting(tally(8)) != tally(5) {
		t.Error(k.Waiting(tally(8)))
	}
}

// What a reader takes while it is counted how much is before it counts as taken.
func TestARecount(t *testing.T) {
	k := Restored(at(5))
	k.Recount()
	k.Passed(tally(2))
	k.Count(tally(4))
	if k.Waiting(tally(10)) != tally(4) {
		t.Error(k.Waiting(tally(10)))
	}
}
