package cursor

import (
	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/msg"
)

// Cursor is a reader's place in one stream. Its zero value follows the tail from the
// stream's begin on.
type Cursor struct {
	next msg.Position // everything before it was taken
	// base is the sum of the reader's filters at next, while it is behind; uncounted says
	// that it is not known, surveying that it is being found out.
	base      backlog.Tally
	round     uint32
	behind    bool
	asked     bool
	uncounted bool
	surveying bool
}

// From is one that follows the tail from a place on.
func From(next msg.Position) Cursor { return Cursor{next: next} }

// Restored is one that is behind, at a place, and has yet to learn how much is before it.
func Restored(next msg.Position) Cursor { return Cursor{next: next, behind: true, uncounted: true} }

// Behind says that the reader does not follow the tail.
func (k *Cursor) Behind() bool { return k.behind }

// Uncounted says that it is not known how much is before the reader.
func (k *Cursor) Uncounted() bool { return k.uncounted }

// Counted says that the reader is behind, and by how much is known.
func (k *Cursor) Counted() bool { return k.behind && !k.uncounted }

// Next is where the reader stands that is behind, or began to follow the tail.
func (k *Cursor) Next() msg.Position { return k.next }

// At is where the reader stands when the tail is there.
func (k *Cursor) At(tail msg.Position) msg.Position {
	if !k.behind && tail.Compare(k.next) > 0 {
		return tail
	}
	return k.next
}

// Takes says whether the reader gets a message of the tail at that place.
func (k *Cursor) Takes(at msg.Position) bool { return !k.behind && at.Compare(k.next) >= 0 }

// Fall has the reader follow the tail no more. total is the sum of its filters at the tail,
// which is asked for when it does follow. Questions under way are of no use any more.
func (k *Cursor) Fall(total func() backlog.Tally) {
	if !k.behind {
		k.base, k.uncounted = total(), false
	}
	k.behind = true
	k.Unask()
}

// Move says where the reader stands, which is behind.
func (k *Cursor) Move(next msg.Position) { k.next = next }

// Follow has the reader follow the tail from where it stands.
func (k *Cursor) Follow() { k.behind, k.uncounted, k.surveying = false, false, false }

// Skip moves the reader on, over what it does not get, to a place at which the sum of its
// filters is known.
func (k *Cursor) Skip(to msg.Position, sum backlog.Tally) {
	k.next, k.base = to, sum
	k.Unask()
}

// Ask says that the reader asks for what comes next, in which round; ok is false when there
// is nothing to ask for, or a question is under way.
func (k *Cursor) Ask() (round uint32, ok bool) {
	if !k.behind || k.asked {
		return 0, false
	}
	k.asked = true
	return k.round, true
}

// Asked says that a question is under way.
func (k *Cursor) Asked() bool { return k.asked }

// Unask lets the answers that are under way go nowhere.
func (k *Cursor) Unask() {
	k.asked = false
	k.round++
}

// Answered says whether an answer of that round is for the reader as it stands; more says
// that it is not the last.
func (k *Cursor) Answered(round uint32, more bool) (ok bool) {
	if k.round != round || !k.behind {
		return false
	}
	k.asked = more
	return true
}

// Passed notes that the reader has taken, or passed over, what counts so much.
func (k *Cursor) Passed(t backlog.Tally) { k.base = k.base.Plus(t) }

// Again notes that the reader is to get once more what counts so much.
func (k *Cursor) Again(t backlog.Tally) { k.base = k.base.Minus(t) }

// Unfilter takes a filter out whose sum is so much at the reader's place.
func (k *Cursor) Unfilter(sum backlog.Tally) {
	if k.behind {
		k.base, k.surveying = k.base.Minus(sum), false
	}
}

// Base is the sum of the reader's filters where it stands.
func (k *Cursor) Base() backlog.Tally { return k.base }

// Waiting is how much is before the reader, whose filters have come to that total; nothing
// while that is not known.
func (k *Cursor) Waiting(total backlog.Tally) backlog.Tally {
	if !k.Counted() {
		return backlog.Tally{}
	}
	left := total.Minus(k.base)
	return backlog.Tally{Messages: max(left.Messages, 0), Bytes: max(left.Bytes, 0)}
}

// Unsurveyed says that nobody knows how much is before the reader, nor finds it out.
func (k *Cursor) Unsurveyed() bool { return k.behind && k.uncounted && !k.surveying }

// Survey says that it is being found out how much is before the reader, in which round.
func (k *Cursor) Survey() (round uint32) {
	k.surveying = true
	return k.round
}

// Surveyed takes what was found, the sum of the reader's filters where it stands; false says
// that it has moved or changed since.
func (k *Cursor) Surveyed(round uint32, base backlog.Tally) (ok bool) {
	wanted := k.surveying && k.behind && k.round == round
	if k.surveying = false; wanted {
		k.base, k.uncounted = base, false
	}
	return wanted
}

// Recount begins to count what the reader takes while it is found out how much is before it;
// Count ends that: base is the sum of its filters where it stood.
func (k *Cursor) Recount() { k.base = backlog.Tally{} }

// Count is described at Recount.
func (k *Cursor) Count(base backlog.Tally) { k.base, k.uncounted = k.base.Plus(base), false }
