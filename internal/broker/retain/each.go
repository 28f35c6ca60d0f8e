package retain

import "github.com/millrace/millrace/internal/msg"

// eachStep is how many levels of topics are looked at under one lock.
const eachStep = 1024

// Each calls f for every message, in no order. Messages that come or go meanwhile
// may be left out or shown; those who publish wait a few levels at most. f must not
// change the store.
func (s *Store) Each(f func(*msg.Message)) {
	for open := []*node{&s.root}; len(open) > 0; {
		var found []*msg.Message
		open, found = s.step(open)
		for _, m := range found {
			f(m)
		}
	}
}

// step opens some of the nodes and returns what is still to be opened.
func (s *Store) step(open []*node) (rest []*node, found []*msg.Message) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for n := 0; n < eachStep && len(open) > 0; n++ {
		last := open[len(open)-1]
		open = open[:len(open)-1]
		if last.message != nil {
			found = append(found, last.message)
		}
		n += len(last.children)
		for _, child := range last.children {
			open = append(open, child)
		}
	}
	return open, found
}
