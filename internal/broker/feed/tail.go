package feed

import (
	"slices"
	"time"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/msg"
)

// Piece is a run of a stream's tail for one loop.
type Piece struct {
	Run
	Stream uint8
	Last   int64 // time of the newest message before its end; 0 is not known
	// Marked says that the loop is to take a mark before the run, at a place and of a time,
	// and forget those up to an entry.
	Marked bool
	At     msg.Position
	Mark   int64
	Forget uint64
}

// Tail makes pieces of what comes at one stream's end, for the loops that have readers there.
type Tail struct {
	stream uint8
	wants  func(topic []byte) (loops, keepers []int)
	lowest func() uint64
	spacer backlog.Spacer
	out    []*Piece   // by loop
	picks  [][]uint32 // by loop: which of the entry's messages are for it
	told   time.Time
}

// NewTail is for a stream and so many loops. wants says which of them get a topic's messages,
// for readers of their own and for groups that they keep; lowest is the entry that readers
// need.
func NewTail(stream uint8, loops int, s backlog.Spacer, wants func(topic []byte) (loops, keepers []int), lowest func() uint64) *Tail {
	return &Tail{stream: stream, wants: wants, lowest: lowest, spacer: s, out: make([]*Piece, loops), picks: make([][]uint32, loops)}
}

// tellEvery is how often loops hear how far a stream was read that has nothing for them.
const tellEvery = time.Second

// Take makes the pieces of an entry. A loop for which it has nothing gets none, so it hears
// where the tail is with the next message for it, or now and then. The list is by loop, and
// valid until the next call.
func (t *Tail) Take(at msg.Position, ms []msg.Message, now time.Time) []*Piece {
	clear(t.out)
	t.mark(at, ms[0].Time)
	bytes, last := 0, int64(0)
	for i := range ms {
		m := &ms[i]
		bytes += m.Bytes()
		last = max(last, m.Time)
		if m.QoS > 0 && m.Topic[0] != '$' {
			t.pick(uint32(i), m.Topic)
		}
	}
	for to, picks := range t.picks {
		if len(picks) > 0 {
			t.piece(to).Pick(at, ms, picks, bytes)
			t.picks[to] = picks[:0]
		}
	}
	t.tell(now)
	t.spacer.Add(len(ms), bytes, last)
	for _, p := range t.out {
		if p != nil {
			p.Next, p.Last = msg.Position{Seq: at.Seq, Index: at.Index + uint32(len(ms))}, last
		}
	}
	return t.out
}

// piece is what the loop gets of the entry.
func (t *Tail) piece(loop int) *Piece {
	if t.out[loop] == nil {
		t.out[loop] = &Piece{Stream: t.stream}
	}
	return t.out[loop]
}

// mark has every loop take a mark when one is due before the entry there.
func (t *Tail) mark(at msg.Position, first int64) {
	last, due := t.spacer.Next(at, first)
	if !due {
		return
	}
	forget := t.lowest()
	t.spacer.Forget(msg.Position{Seq: forget})
	for to := range t.out {
		p := t.piece(to)
		p.Marked, p.At, p.Mark, p.Forget = true, at, last, forget
	}
}

// pick notes who gets a message of the entry.
func (t *Tail) pick(i uint32, topic []byte) {
	loops, keepers := t.wants(topic)
	for _, to := range loops {
		t.picks[to] = append(t.picks[to], i)
	}
	for _, to := range keepers {
		if !slices.Contains(loops, to) {
			t.picks[to] = append(t.picks[to], i)
		}
	}
}

// tell has something for every loop, now and then.
func (t *Tail) tell(now time.Time) {
	if now.Sub(t.told) < tellEvery {
		return
	}
	t.told = now
	for to := range t.out {
		t.piece(to)
	}
}

// Recent is where a loop has come to in a stream's tail, and the last pieces of it: for
// those who come to it from further back.
type Recent struct {
	next msg.Position // everything before it was taken
	// pieces are the last ones; they and what follows hold all from since on.
	pieces []*Piece
	last   int64 // time of the newest message before next, nearly
	taken  uint64
	bytes  int
	since  msg.Position
}

// recentBytes is how much of a stream's tail a loop remembers.
const recentBytes = 1 << 20

// Took notes that the loop has taken a piece.
func (s *Recent) Took(p *Piece) {
	s.next, s.last = p.Next, max(s.last, p.Last)
	s.taken++
	if p.Count() == 0 {
		return
	}
	s.pieces = append(s.pieces, p)
	s.bytes += p.Size
	for s.bytes > recentBytes && len(s.pieces) > 1 {
		s.since, s.bytes = s.pieces[0].Next, s.bytes-s.pieces[0].Size
		s.pieces[0] = nil
		s.pieces = s.pieces[1:]
	}
}

// Next is the place before which the loop has taken everything.
func (s *Recent) Next() msg.Position { return s.next }

// Mark is the place with the time of the newest message before it, nearly.
func (s *Recent) Mark() backlog.Mark { return backlog.Mark{At: s.next, Time: s.last} }

// Meet brings the loop to the entry that the tail's reader has come to, if it has taken as
// many pieces as were posted to it, which is asked after that.
func (s *Recent) Meet(entry, posted uint64) {
	if next := (msg.Position{Seq: entry + 1}); entry > 0 && posted == s.taken && next.Compare(s.next) > 0 {
		s.next = next
	}
}

// Reaches says whether everything from the place on is remembered, or yet to come.
func (s *Recent) Reaches(at msg.Position) bool { return at.Compare(s.since) >= 0 }

// From yields the pieces that end behind the place.
func (s *Recent) From(at msg.Position) func(yield func(*Piece) bool) {
	return func(yield func(*Piece) bool) {
		for _, p := range s.pieces {
			if p.Next.Compare(at) > 0 && !yield(p) {
				return
			}
		}
	}
}
