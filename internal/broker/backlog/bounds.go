package backlog

import (
	"slices"
	"sort"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// Bounds are what a session may have before it; 0 is no bound.
type Bounds struct {
	Messages, Bytes int64
	Age             time.Duration
}

// beyond says whether it is more than the bounds allow by number or bytes, reaches
// whether it is as much.
func (b *Bounds) beyond(t Tally) bool {
	return b.Messages > 0 && t.Messages > b.Messages || b.Bytes > 0 && t.Bytes > b.Bytes
}

func (b *Bounds) reaches(t Tally) bool {
	return b.Messages > 0 && t.Messages >= b.Messages || b.Bytes > 0 && t.Bytes >= b.Bytes
}

// Cut says where a session is to go on that stands at a place with base, the sum of its
// filters there: at the newest mark up to which everything is beyond the bounds or lies
// before floor; end is how far everything was counted. sum is that of its filters at the
// mark. ok is false when it stays.
func (l *Ledger) Cut(stream uint8, filters []*Filter, place msg.Position, base Tally, floor msg.Position, end Mark, b *Bounds, now int64) (to msg.Position, sum Tally, ok bool) {
	marks := l.book(stream).marks
	first := sort.Search(len(marks), func(i int) bool { return marks[i].At.Compare(place) > 0 })
	total := Total(filters, stream)
	if end.At.Compare(place) > 0 && (b.tooOld(&end, now) || end.At.Compare(floor) <= 0) {
		return end.At, total, true
	}
	if first == len(marks) || !b.beyond(total.Minus(base)) && !b.tooOld(&marks[first], now) && marks[first].At.Compare(floor) > 0 {
		return to, sum, false
	}
	n := sort.Search(len(marks)-first, func(i int) bool {
		m := &marks[first+i]
		return !b.tooOld(m, now) && m.At.Compare(floor) > 0 && !b.reaches(total.Minus(at(filters, stream, m)))
	})
	if n == 0 {
		return to, sum, false
	}
	m := &marks[first+n-1]
	return m.At, at(filters, stream, m), true
}

func (b *Bounds) tooOld(m *Mark, now int64) bool { return b.Age > 0 && m.Time <= now-int64(b.Age) }

// Spacer says when marks are due: every so many messages, bytes or ns, half as often when
// the ledgers have had to let every other mark go, and as often as before when few are left.
type Spacer struct {
	// Step is how much lies between two marks; 0 does not count.
	Step Tally
	// Every is how long it is between two marks at most, while something comes; 0 does
	// not count.
	Every time.Duration

	since Tally
	from  int64 // time of the first message since the last mark
	last  int64 // time of the newest message
	marks []msg.Position
	wider int // how often the steps were doubled
}

// Space returns the spacer for sessions with those bounds and a total of bytes: a
// sixteenth of the bounds, a hundredth of the total.
func Space(b Bounds, total int64) Spacer {
	const parts = 16
	s := Spacer{Step: Tally{b.Messages / parts, b.Bytes / parts}, Every: b.Age / parts}
	if all := total / 100; all > 0 && (s.Step.Bytes == 0 || all < s.Step.Bytes) {
		s.Step.Bytes = all
	}
	if b.Messages > 0 {
		s.Step.Messages = max(s.Step.Messages, 1)
	}
	return s
}

// Next says whether a mark is due before an entry of the stream at that place whose first
// message has that time, and the time that the mark has.
func (s *Spacer) Next(at msg.Position, time int64) (last int64, due bool) {
	due = s.Step.Messages > 0 && s.since.Messages >= s.Step.Messages<<s.wider || s.Step.Bytes > 0 && s.since.Bytes >= s.Step.Bytes<<s.wider ||
		s.Every > 0 && s.from != 0 && time-s.from >= int64(s.Every)<<s.wider
	if !due {
		return 0, false
	}
	s.since, s.from = Tally{}, 0
	if s.marks = append(s.marks, at); len(s.marks) > MostMarks {
		s.marks = thin(s.marks)
		s.wider++
	}
	return s.last, true
}

// Add counts messages of the stream, the newest of which has that time.
func (s *Spacer) Add(messages, bytes int, time int64) {
	s.since = s.since.Plus(Tally{int64(messages), int64(bytes)})
	s.last = max(s.last, time)
	if s.from == 0 {
		s.from = time
	}
}

// Forget is what the ledgers are told, too.
func (s *Spacer) Forget(upTo msg.Position) {
	n := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].Compare(upTo) > 0 })
	if s.marks = slices.Delete(s.marks, 0, n); len(s.marks) < MostMarks/4 && s.wider > 0 {
		s.wider--
	}
}
