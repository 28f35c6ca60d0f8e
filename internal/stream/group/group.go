package group

import (
	"slices"

	"github.com/millrace/millrace/internal/msg"
)

// Limits of a group. All must be positive.
type Limits struct {
	// AckWait is how long a message that was handed out is invisible, ns.
	AckWait int64
	// MaxDeliveries is how often a message is handed out; then it is given up, and counted.
	MaxDeliveries int
	// MaxOpen is how many messages may be handed out and not done; with so many nothing
	// new is handed out.
	MaxOpen int
}

// Open is a message that was handed out and is not done.
type Open struct {
	At msg.Position
	// Until is when it may be handed out again, ns since 1970 UTC.
	Until int64
	// Deliveries is how often it was handed out.
	Deliveries int
	// Time is when the message arrived, ns since 1970 UTC.
	Time int64
}

// Found is a message that may be handed out, and when it arrived.
type Found struct {
	At   msg.Position
	Time int64
}

// State is what survives the process; its zero value has read nothing.
type State struct {
	// Cursor is the position up to which everything was handed out or passed over.
	Cursor msg.Position
	// Open are sorted by position, all at or before Cursor.
	Open []Open
	// Acked, GivenUp and Again count messages that were acknowledged, that were given up
	// after MaxDeliveries, and deliveries beyond the first.
	Acked, GivenUp, Again uint64
	// Lost counts messages that were removed from the stream before they were done, of
	// those that had been handed out, and Unread the entries that were before anybody
	// looked at them.
	Lost, Unread uint64
	// Done is when the newest message that is done arrived, ns since 1970 UTC.
	Done int64
}

// Floor is the position up to which everything is done.
func (s *State) Floor() msg.Position {
	if len(s.Open) > 0 {
		return s.Open[0].At.Before()
	}
	return s.Cursor
}

// Due hands out again, at most n, what was not acknowledged in time, the oldest first,
// and gives up what was handed out often enough.
func (s *State) Due(now int64, l Limits, n int) (again []Open) {
	kept := s.Open[:0]
	for _, o := range s.Open {
		due := o.Until <= now
		if due && o.Deliveries >= l.MaxDeliveries {
			s.GivenUp++
			continue
		}
		if due && len(again) < n {
			o.Until, o.Deliveries = now+l.AckWait, o.Deliveries+1
			s.Again++
			again = append(again, o)
		}
		kept = append(kept, o)
	}
	s.Open = kept
	return again
}

// Room is how many new messages may be handed out.
func (s *State) Room(l Limits) int { return max(l.MaxOpen-len(s.Open), 0) }

// Take hands out new messages: those found, which lie behind the cursor in rising order;
// cursor is how far the stream was looked through for them.
func (s *State) Take(now int64, l Limits, found []Found, cursor msg.Position) {
	for _, f := range found {
		if f.At.Compare(s.Cursor) > 0 {
			s.Open = append(s.Open, Open{At: f.At, Until: now + l.AckWait, Deliveries: 1, Time: f.Time})
			s.Cursor = f.At
		}
	}
	if cursor.Compare(s.Cursor) > 0 {
		s.Cursor = cursor
	}
}

// Ack notes that messages are done and returns how many were open: one that is done
// already, was given up, or was never handed out counts as none.
func (s *State) Ack(at []msg.Position) (acked int) {
	for _, p := range at {
		if i, ok := s.find(p); ok {
			s.done(i, i+1)
			acked++
		}
	}
	return acked
}

// AckUpTo notes that all that is open up to p is done and returns how many those were.
func (s *State) AckUpTo(p msg.Position) (acked int) {
	n, ok := s.find(p)
	if ok {
		n++
	}
	s.done(0, n)
	return n
}

func (s *State) done(from, to int) {
	for _, o := range s.Open[from:to] {
		s.Done = max(s.Done, o.Time)
	}
	s.Acked += uint64(to - from)
	s.Open = slices.Delete(s.Open, from, to)
}

// Return takes back a delivery that did not go out after all.
func (s *State) Return(at []msg.Position, now int64) {
	for _, p := range at {
		if i, ok := s.find(p); ok {
			s.Open[i].Until = now
			s.Open[i].Deliveries--
			s.Again--
		}
	}
}

// Forget drops open messages before first, the oldest that is still stored, and moves the
// cursor there; it returns how many were dropped. Of what lay before, entries up to purged
// were removed, and the others never were.
func (s *State) Forget(first msg.Position, purged uint64) (lost int) {
	lost, _ = s.find(first)
	s.Lost += uint64(lost)
	s.Open = slices.Delete(s.Open, 0, lost)
	if before := first.Before(); before.Compare(s.Cursor) > 0 {
		if last := min(purged, before.Seq); last > s.Cursor.Seq {
			s.Unread += last - s.Cursor.Seq
		}
		s.Cursor = before
	}
	return lost
}

// Skip moves the cursor of a group that has nothing open to the oldest that is stored.
func (s *State) Skip(first msg.Position) (moved bool) {
	if before := first.Before(); len(s.Open) == 0 && before.Compare(s.Cursor) > 0 {
		s.Cursor, moved = before, true
	}
	return moved
}

// Seek begins anew behind p.
func (s *State) Seek(p msg.Position) { s.Open, s.Cursor = nil, p }

// Next is when the next open message is due, ok false with none.
func (s *State) Next() (at int64, ok bool) {
	for _, o := range s.Open {
		if !ok || o.Until < at {
			at, ok = o.Until, true
		}
	}
	return at, ok
}

func (s *State) find(p msg.Position) (int, bool) {
	return slices.BinarySearchFunc(s.Open, p, func(o Open, p msg.Position) int { return o.At.Compare(p) })
}
