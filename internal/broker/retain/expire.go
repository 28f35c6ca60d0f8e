package retain

import (
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// Expiry is when the message ends, ns since 1970; 0 is never.
func Expiry(m *msg.Message) int64 {
	if !m.Expires() {
		return 0
	}
	return m.Time + int64(m.Expiry)*int64(time.Second)
}

// Overdue says whether there is a message that has expired.
func (s *Store) Overdue(now int64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.overdue(now) != nil
}

// Expire removes messages that have expired [MQTT-3.3.2-5], at most that many, the
// longest overdue first, and returns how many there were.
func (s *Store) Expire(now int64, most int) (gone int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := s.overdue(now); n != nil && gone < most; n = s.overdue(now) {
		s.remove(n.message.Topic)
		gone++
	}
	return gone
}

// overdue is the longest overdue node; nil for none. s.mu is held.
func (s *Store) overdue(now int64) *node {
	if n, ok := s.mortal.First(); ok && Expiry(n.message) <= now {
		return n
	}
	return nil
}

// put gives the topic's node another message, nil for none, and its place among
// those that expire.
func (s *Store) put(n *node, m *msg.Message) {
	was, is := n.message != nil && n.message.Expires(), m != nil && m.Expires()
	if was && !is {
		s.mortal.Remove(n)
	}
	n.message = m
	if is {
		s.mortal.Set(n)
	}
}

// Before is heap.Member's: mortals stand in the order in which their messages expire.
func (n *node) Before(other *node) bool { return Expiry(n.message) < Expiry(other.message) }

// Slot is heap.Member's.
func (n *node) Slot() *int { return &n.slot }
