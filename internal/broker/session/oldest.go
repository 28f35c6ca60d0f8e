package session

import "github.com/millrace/millrace/internal/mqtt/packet"

// Rest gives back what many messages under way once needed. It is for now and then:
// a busy client needs it again at once.
func (s *Session) Rest() {
	if s.flow != nil {
		s.flow.window.rest()
		s.flow.queue.release(keepQueue)
	}
}

// Oldest is the message that has been under way for longest, when that is long enough
// to call its client slow.
func (s *Session) Oldest(now int64) (oldest Slow, ok bool) {
	if s.limits.Slow == 0 || s.flow == nil || s.flow.window.count == 0 {
		return oldest, false
	}
	var of *flight
	ring := s.flow.window.ring
	for i := range ring {
		if f := &ring[i]; f.id != 0 && (of == nil || f.age(now) > of.age(now)) {
			of = f
		}
	}
	if of == nil || of.age(now) < s.limits.Slow {
		return oldest, false
	}
	return Slow{Topic: s.topicOf(of), Took: of.age(now)}, true
}

// topicOf is empty where nothing of the message was kept.
func (s *Session) topicOf(f *flight) string {
	if !f.kept {
		return ""
	}
	r, _ := s.flow.queue.read(s.flow.queue.place(f.ref))
	return string(packet.ImageTopic(r.image))
}
