package group

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

// model says of each message of a stream what became of it, one by one.
type model struct {
	handed, done, lost map[uint64]bool
	deliveries         map[uint64]int
	until              map[uint64]int64
	cursor             uint64
	givenUp, again     uint64
}

func pos(n uint64) msg.Position { return msg.Position{Seq: n/3 + 1, Index: uint32(n % 3)} }

func (m *model) open() (list []uint64) {
	for n := range m.cursor {
		if m.handed[n] && !m.done[n] && !m.lost[n] {
			list = append(list, n)
		}
	}
	return list
}

// The group is held against a model that keeps a row for each message, over thousands of
// seeds: every message is handed out, none is handed out before its lease has ended or
// after it is done, none is lost but by MaxDeliveries or retention.
func TestGroupAgainstTheModel(t *testing.T) {
	start := rand.Uint64()
	for seed := start; seed < start+1000; seed++ {
		if !play(t, seed) {
			t.Fatalf("seed %d", seed)
		}
	}
}

func play(t *testing.T, seed uint64) bool {
	chance := rand.New(rand.NewPCG(seed, 0))
	l := Limits{AckWait: 1 + chance.Int64N(5), MaxDeliveries: 1 + chance.IntN(3), MaxOpen: 1 + chance.IntN(12)}
	m := &model{handed: map[uint64]bool{}, done: map[uint64]bool{}, lost: map[uint64]bool{}, deliveries: map[uint64]int{}, until: map[uint64]int64{}}
	var s State
	now, stored, first := int64(0), uint64(0), uint64(0)
	for range 60 {
		if kept, err := ReadState(s.Append(nil)); err != nil || fmt.Sprint(kept) != fmt.Sprint(s) {
			t.Errorf("%+v is read back as %+v: %v", s, kept, err)
		}
		switch chance.IntN(7) {
		case 0:
			stored += chance.Uint64N(6)
		case 1:
			now += chance.Int64N(4)
		case 2: // acknowledge some that are open and some that are not
			var at []msg.Position
			want := 0
			for n := range stored + 1 {
				if chance.IntN(3) == 0 {
					at = append(at, pos(n))
					if n < m.cursor && m.handed[n] && !m.done[n] && !m.lost[n] {
						m.done[n] = true
						want++
					}
				}
			}
			if got := s.Ack(at); got != want {
				t.Errorf("acknowledged %d, want %d", got, want)
			}
		case 3: // retention
			if first < stored && chance.IntN(4) == 0 {
				first += chance.Uint64N(stored - first + 1)
				lost := 0
				for _, n := range m.open() {
					if n < first {
						m.lost[n] = true
						lost++
					}
				}
				m.cursor = max(m.cursor, first)
				if got := s.Forget(pos(first), pos(first).Seq); got != lost {
					t.Errorf("lost %d, want %d", got, lost)
				}
			}
		case 4: // acknowledge all up to one
			upTo, want := chance.Uint64N(stored+1), 0
			for _, n := range m.open() {
				if n <= upTo {
					m.done[n] = true
					want++
				}
			}
			if got := s.AckUpTo(pos(upTo)); got != want {
				t.Errorf("acknowledged %d, want %d", got, want)
			}
		default: // pull
			n := 1 + chance.IntN(5)
			m.checkDue(t, &s, now, l, n)
			m.take(&s, now, l, n, stored, func(n uint64) bool { return n%4 != 1 })
		}
		if !m.same(t, &s, l) {
			return false
		}
	}
	return !t.Failed()
}

func (m *model) checkDue(t *testing.T, s *State, now int64, l Limits, n int) {
	got, i := s.Due(now, l, n), 0
	for _, o := range m.open() {
		switch {
		case m.until[o] > now:
		case m.deliveries[o] >= l.MaxDeliveries:
			m.lost[o] = true
			m.givenUp++
		case i < n:
			m.deliveries[o]++
			m.until[o] = now + l.AckWait
			m.again++
			if i >= len(got) || got[i].At != pos(o) || got[i].Deliveries != m.deliveries[o] {
				t.Errorf("handed out again %+v, want %v as number %d", got, pos(o), i)
			}
			i++
		}
	}
	if i != len(got) {
		t.Errorf("handed out again %+v, want %d", got, i)
	}
}

// take hands out up to n new messages that match.
func (m *model) take(s *State, now int64, l Limits, n int, stored uint64, match func(uint64) bool) {
	n = min(n, s.Room(l))
	var at []Found
	if m.cursor > 0 {
		at = append(at, Found{At: pos(m.cursor - 1)}) // what was looked at is not taken again
		n++
	}
	next, cursor := m.cursor, s.Cursor
	for ; next < stored && len(at) < n; next++ {
		if match(next) {
			at = append(at, Found{pos(next), int64(next)})
			m.handed[next], m.deliveries[next], m.until[next] = true, 1, now+l.AckWait
		}
		cursor = pos(next)
	}
	m.cursor = next
	s.Take(now, l, at, cursor)
}

func (m *model) same(t *testing.T, s *State, l Limits) bool {
	open := m.open()
	ok := len(open) == len(s.Open) && len(open) <= l.MaxOpen && s.GivenUp == m.givenUp && s.Again == m.again && s.Acked == uint64(len(m.done))
	for i := 0; ok && i < len(open); i++ {
		o := s.Open[i]
		ok = o.At == pos(open[i]) && o.Until == m.until[open[i]] && o.Deliveries == m.deliveries[open[i]]
	}
	if ok && len(open) > 0 {
		at, has := s.Next()
		ok = has && s.Floor().Compare(pos(open[0])) < 0
		for _, n := range open {
			ok = ok && at <= m.until[n]
		}
	}
	if next := pos(m.cursor); s.Cursor.Compare(next) >= 0 || m.cursor > 0 && s.Cursor.Compare(pos(m.cursor-1)) < 0 {
		ok = false // it is neither before nor behind where the model is
	}
	if ok && len(open) == 0 {
		ok = s.Floor() == s.Cursor
	}
	if !ok {
		t.Errorf("%+v\nis not open %v, %+v", *s, open, *m)
	}
	return ok
}
