package feed

import (
	"sync/atomic"

	"github.com/millrace/millrace/internal/msg"
)

// Question asks for what a reader that is behind missed in a stream, from a place on.
type Question struct {
	Loop    int // that asks, for
	For     any // its reader
	Stream  uint8
	Round   uint32 // of the reader's, as it was asked
	From    msg.Position
	Most    int // messages
	Filters []string
	Comes   bool // the reader has just come back
	Whole   bool // it wants one answer, not parts
}

// Answer is the next messages.
type Answer struct {
	Question
	Run
	End bool // the log ended with them

	full bool   // it holds as much as it may
	mark int    // the look in which it was found to want a topic
	part *parts // more comes without being asked for
}

// Part says that more comes without being asked for.
func (a *Answer) Part() bool { return a.part != nil }

// Taken is to be called when the loop has the answer: the next part waits for that.
func (a *Answer) Taken() {
	if a.part != nil {
		a.part.took()
	}
}

// parts are the answers of a pass that loops have not taken yet.
type parts struct {
	open  atomic.Int64
	taken chan struct{} // told when there are none
}

func (p *parts) took() {
	if p.open.Add(-1) == 0 {
		select {
		case p.taken <- struct{}{}:
		default:
		}
	}
}
