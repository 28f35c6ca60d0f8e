package retain

import (
	"container/heap"
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
	return len(s.mortal) > 0 && Expiry(s.mortal[0].message) <= now
}

// Expire removes messages that have expired [MQTT-3.3.2-5], at most that many, the
// longest overdue first, and returns how many there were.
func (s *Store) Expire(now int64, most int) (gone int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for gone < most && len(s.mortal) > 0 && Expiry(s.mortal[0].message) <= now {
		s.remove(s.mortal[0].message.Topic)
		gone++
	}
	return gone
}

// put gives the topic's node another message, nil for none, and its place among
// those that expire.
func (s *Store) put(n *node, m *msg.Message) {
	was, is := n.message != nil && n.message.Expires(), m != nil && m.Expires()
	if was && !is {
		heap.Remove(&s.mortal, n.place)
	}
	n.message = m
	switch {
	case was && is:
		heap.Fix(&s.mortal, n.place)
	case is:
		heap.Push(&s.mortal, n)
	}
}

// mortals is a heap of the nodes whose messages expire, by when they do.
type mortals []*node

func (q mortals) Len() int           { return len(q) }
func (q mortals) Less(i, j int) bool { return Expiry(q[i].message) < Expiry(q[j].message) }
func (q mortals) Swap(i, j int)      { q[i], q[j] = q[j], q[i]; q[i].place, q[j].place = i, j }
func (q *mortals) Push(x any)        { n := x.(*node); n.place = len(*q); *q = append(*q, n) }
func (q *mortals) Pop() any {
	old, last := *q, len(*q)-1
	n := old[last]
	old[last] = nil
	*q = old[:last]
	return n
}
