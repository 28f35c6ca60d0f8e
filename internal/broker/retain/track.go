package retain

import "github.com/millrace/millrace/internal/msg"

// Track begins to note which topics change.
func (s *Store) Track() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = map[string]struct{}{}
}

// Change is a topic that has changed; Message is nil when it has no retained message
// any more.
type Change struct {
	Topic   string
	Message *msg.Message
}

// Changes takes out up to most topics that have changed since they were last taken
// out, with what is retained on them now.
func (s *Store) Changes(dst []Change, most int) []Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.changed {
		if most--; most < 0 {
			break
		}
		delete(s.changed, name)
		c := Change{Topic: name}
		if n := s.find([]byte(name)); n != nil {
			c.Message = n.message
		}
		dst = append(dst, c)
	}
	return dst
}

// Again notes topics as changed whose change could not be written down.
func (s *Store) Again(changes []Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		s.changed[c.Topic] = struct{}{}
	}
}

// touch notes that the topic has changed; mu is held.
func (s *Store) touch(topic []byte) {
	if s.changed == nil {
		return
	}
	if _, ok := s.changed[string(topic)]; !ok {
		s.changed[string(topic)] = struct{}{}
	}
}
