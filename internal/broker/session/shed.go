package session

import (
	"slices"

	"github.com/millrace/millrace/internal/fault"
)

// Shed drops the oldest of the waiting messages until no more than keep bytes are
// in the queue, and gives the memory back. What was sent and is not acknowledged
// stays. It returns how many were dropped.
func (s *Session) Shed(keep int) (n int) {
	if s.flow == nil {
		return 0
	}
	q := &s.flow.queue
	for ; q.count > 0 && q.bytes() > keep; n++ {
		s.tellLost(q.front(), fault.MemoryGuard)
		q.remove(q.front())
		s.drop(fault.MemoryGuard)
	}
	if n > 0 && q.run != nil {
		q.compact(&s.flow.window)
		q.run = slices.Clone(q.run)
	}
	return n
}
