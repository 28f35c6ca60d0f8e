package backlog

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// entry is one message of the model's log.
type entry struct {
	filters []int // that match it
	bytes   int
	time    int64
}

// reader is a session that stands somewhere.
type reader struct {
	filters []int
	uses    []*Filter
	place   int // the next message of the log
	base    Tally
}

// model holds a log, its ledger, and readers whose backlog is counted anew each time.
type model struct {
	t       *testing.T
	rnd     *rand.Rand
	log     []entry
	ledger  Ledger
	spacer  Spacer
	readers []*reader
	bounds  Bounds
}

const filters = 6

func pos(i int) msg.Position { return msg.Position{Seq: uint64(i)} }

func newModel(t *testing.T, seed uint64) *model {
	m := &model{t: t, rnd: rand.New(rand.NewPCG(seed, 1))}
	switch m.rnd.IntN(4) {
	case 0:
		m.bounds.Messages = int64(1 + m.rnd.IntN(60))
	case 1:
		m.bounds.Bytes = int64(1 + m.rnd.IntN(3000))
	case 2:
		m.bounds.Age = time.Duration(1 + m.rnd.IntN(300))
	case 3:
		m.bounds = Bounds{int64(1 + m.rnd.IntN(60)), int64(1 + m.rnd.IntN(3000)), time.Duration(1 + m.rnd.IntN(300))}
	}
	m.spacer = Space(m.bounds, 2000)
	return m
}

// publish appends a message and counts it.
func (m *model) publish(l *Ledger, s *Spacer) {
	e := entry{bytes: 1 + m.rnd.IntN(100), time: 1}
	if n := len(m.log); n > 0 {
		e.time = m.log[n-1].time + int64(m.rnd.IntN(5))
	}
	if last, due := s.Next(pos(len(m.log)), e.time); due {
		l.Mark(1, pos(len(m.log)), last)
	}
	for f := range filters {
		if m.rnd.IntN(3) == 0 {
			e.filters = append(e.filters, f)
			if x := l.filters[fmt.Sprint("f", f)]; x != nil {
				l.Count(x, 1, e.bytes)
			}
		}
	}
	m.log = append(m.log, e)
	s.Add(1, e.bytes, e.time)
}

// come lets a reader begin that is behind from now on.
func (m *model) come() {
	r := &reader{place: len(m.log)}
	for f := range filters {
		if m.rnd.IntN(2) == 0 {
			r.filters = append(r.filters, f)
			r.uses = append(r.uses, m.ledger.Use(fmt.Sprint("f", f), false))
		}
	}
	r.base = Total(r.uses, 1)
	m.readers = append(m.readers, r)
}

// left is what lies before the reader from that message on.
func (m *model) left(r *reader, from int) (sum Tally) {
	for _, e := range m.log[from:] {
		for _, f := range e.filters {
			if slices.Contains(r.filters, f) {
				sum = sum.Plus(Tally{1, int64(e.bytes)})
			}
		}
	}
	return sum
}

// take lets the reader have its next messages.
func (m *model) take(r *reader, n int) {
	for ; n > 0 && r.place < len(m.log); n-- {
		r.base = r.base.Plus(m.left(r, r.place).Minus(m.left(r, r.place+1)))
		r.place++
	}
}

// cut lets go what is beyond the reader's bounds; floor is the first message that stays.
func (m *model) cut(r *reader, floor int) {
	last := m.log[len(m.log)-1].time
	now := last + int64(m.rnd.IntN(2)*m.rnd.IntN(400))
	to, sum, ok := m.ledger.Cut(1, r.uses, pos(r.place), r.base, pos(floor), Mark{At: pos(len(m.log)), Time: last}, &m.bounds, now)
	if !ok {
		return
	}
	next := int(to.Seq)
	lost, want := sum.Minus(r.base), m.left(r, r.place).Minus(m.left(r, next))
	if lost != want {
		m.t.Fatalf("gave up %v, counted %v", want, lost)
	}
	for i := r.place; i < next; i++ {
		tooOld := m.bounds.Age > 0 && m.log[i].time <= now-int64(m.bounds.Age)
		if behind := m.left(r, next); i >= floor && !tooOld && !m.bounds.reaches(behind) {
			m.t.Fatalf("message %d given up, with %v behind it and the bounds %+v", i, behind, m.bounds)
		}
	}
	r.place, r.base = next, sum
}

func (m *model) check() {
	for i, r := range m.readers {
		if got, want := Total(r.uses, 1).Minus(r.base), m.left(r, r.place); got != want {
			m.t.Fatalf("reader %d has %v before it, counted %v", i, want, got)
		}
	}
}

// Whatever readers do, what they have before them is counted exactly, nothing within the
// bounds is given up, and what is given up is counted.
func TestNothingWithinTheBoundsIsGivenUp(t *testing.T) {
	first := rand.Uint64()
	for seed := first; seed < first+400; seed++ {
		m := newModel(t, seed)
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("seed %d", seed)
			}
		})
		m.publish(&m.ledger, &m.spacer)
		for range 300 {
			switch n := m.rnd.IntN(20); {
			case n == 0:
				m.come()
			case n < 3 && len(m.readers) > 0:
				m.take(m.readers[m.rnd.IntN(len(m.readers))], m.rnd.IntN(20))
			case n < 5 && len(m.readers) > 0:
				floor := 0
				if m.rnd.IntN(4) == 0 {
					floor = m.rnd.IntN(len(m.log))
				}
				m.cut(m.readers[m.rnd.IntN(len(m.readers))], floor)
			case n == 5 && len(m.readers) > 0:
				lowest := len(m.log)
				for _, r := range m.readers {
					lowest = min(lowest, r.place)
				}
				m.ledger.Forget(1, pos(max(lowest-1, 0)))
				m.spacer.Forget(pos(max(lowest-1, 0)))
			default:
				m.publish(&m.ledger, &m.spacer)
			}
			m.check()
		}
		if t.Failed() {
			return
		}
	}
}

// A reader that stays behind and is cut again and again has not much more before it than
// the bounds allow.
func TestWhatIsBeyondTheBoundsGoes(t *testing.T) {
	for _, b := range []Bounds{{Messages: 500}, {Bytes: 20_000}, {Age: 1000}} {
		m := &model{t: t, rnd: rand.New(rand.NewPCG(1, 1)), bounds: b, spacer: Space(b, 1<<40)}
		r := &reader{filters: []int{1}, uses: []*Filter{m.ledger.Use("f1", false)}}
		for i := range 5000 {
			m.publish(&m.ledger, &m.spacer)
			if i%100 == 50 {
				m.cut(r, 0)
				m.ledger.Forget(1, pos(max(r.place-1, 0)))
				m.spacer.Forget(pos(max(r.place-1, 0)))
			}
		}
		left, now := m.left(r, r.place), m.log[len(m.log)-1].time
		if b.Messages > 0 && left.Messages > 9*b.Messages/8 || b.Bytes > 0 && left.Bytes > 9*b.Bytes/8 ||
			b.Age > 0 && r.place < len(m.log) && m.log[r.place].time < now-9*int64(b.Age)/8 {
			t.Errorf("%+v: %v are left from %d of %d on", b, left, r.place, len(m.log))
		}
	}
}

// A ledger that takes over what another counted before knows the same as one that counted
// it all.
func TestALedgerThatBeganLater(t *testing.T) {
	first := rand.Uint64()
	for seed := first; seed < first+300; seed++ {
		m := newModel(t, seed)
		var older Ledger
		before := m.spacer
		for f := range filters {
			older.Use(fmt.Sprint("f", f), false)
		}
		n := 1 + m.rnd.IntN(400)
		for range n {
			m.publish(&older, &before)
		}
		r := &reader{place: m.rnd.IntN(n)}
		for f := range 3 {
			r.filters = append(r.filters, f)
			r.uses = append(r.uses, m.ledger.Use(fmt.Sprint("f", f), false))
		}
		r.base = Tally{}.Minus(m.left(r, r.place))
		for i := range 400 {
			if i == n%300 {
				m.ledger.Precede(1, &older)
			}
			m.publish(&m.ledger, &m.spacer)
		}
		m.readers = append(m.readers, r)
		m.check()
		m.cut(r, m.rnd.IntN(n))
		m.check()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
