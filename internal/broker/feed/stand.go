package feed

import (
	"slices"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// standFor is how long a pass waits for its members' next question. A client that has room
// asks in the turn in which it is answered, and many have many turns.
const standFor = 5 * time.Millisecond

// stand is a pass that has answered its members and waits a moment where it is: who goes
// on from there need not have the log opened, and its first entry read, once more. Its
// catcher's lock guards it.
type stand struct {
	stream uint8
	at     msg.Position
	awaits int
	asked  []*Answer
	all    chan struct{} // closed when as many have asked as it awaits
}

// take has the question wait for the pass; false says that the pass has gone by.
func (s *stand) take(q Question) bool {
	if s.stream != q.Stream || q.From.Compare(s.at) < 0 || len(s.asked) >= passMembers {
		return false
	}
	s.asked = append(s.asked, &Answer{Question: q})
	if len(s.asked) == s.awaits {
		close(s.all)
	}
	return true
}

// goOn answers the pass's members and goes on with those who ask next; false says that
// there are none, or that others wait for a catcher.
func (k *Catcher) goOn(p *pass) bool {
	p.stop()
	members := p.members
	p.members = nil
	s := &stand{stream: members[0].Stream, at: p.next, awaits: len(members), all: make(chan struct{})}
	if !k.standAt(s) {
		k.answerAll(members)
		return false
	}
	k.answerAll(members)
	for had := -1; k.stays(s, &had); {
	}
	asked := k.leave(s)
	if len(asked) == 0 {
		return false
	}
	p.join(asked)
	return true
}

// stays waits for a moment; false says that all have asked, or nobody since the last, or
// that somebody else waits for a catcher.
func (k *Catcher) stays(s *stand, had *int) bool {
	t := time.NewTimer(standFor)
	defer t.Stop()
	select {
	case <-s.all:
		return false
	case <-t.C:
	case <-k.ctx.Done():
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	before := *had
	*had = len(s.asked)
	return *had > max(before, 0) && len(k.asked) == 0
}

// standAt enters a stand, unless somebody waits for a catcher.
func (k *Catcher) standAt(s *stand) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.asked) > 0 {
		return false
	}
	k.standing = append(k.standing, s)
	return true
}

func (k *Catcher) leave(s *stand) []*Answer {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.Index(k.standing, s)
	k.standing = slices.Delete(k.standing, i, i+1)
	return s.asked
}
