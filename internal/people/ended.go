package people

import "sync"

// Ended returns a channel that is closed as soon as this node ends a session or a
// key: by signing out, by a change of password, by a removal, or to make room.
// Whoever keeps something open for a caller takes the channel first, then asks
// [People.Session] or [People.APIKey], and again once it is closed. What merely runs
// out, or ends on another node, closes nothing: ask now and then, too.
func (p *People) Ended() <-chan struct{} { return p.ended.wait() }

// signal wakes everybody who waits; its zero value is ready.
type signal struct {
	mu sync.Mutex
	c  chan struct{} // guarded by mu; nil while nobody waits
}

func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		s.c = make(chan struct{})
	}
	return s.c
}

func (s *signal) signal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c != nil {
		close(s.c)
		s.c = nil
	}
}
