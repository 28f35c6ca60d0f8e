package broker

import "github.com/millrace/millrace/internal/broker/heap"

// schedule holds the sessions that wait for their clients, the one with the next
// will or end first.
type schedule struct{ heap.Heap[*client] }

// dueAt is when the session's will or its end is due, whichever comes first; 0 is
// never.
func (c *client) dueAt() int64 {
	if c.willAt == 0 || c.endAt != 0 && c.endAt < c.willAt {
		return c.endAt
	}
	return c.willAt
}

// Before is heap.Member's.
func (c *client) Before(other *client) bool { return c.dueAt() < other.dueAt() }

// Slot is heap.Member's.
func (c *client) Slot() *int { return &c.slot }

// set puts the session where its time says.
func (k *schedule) set(c *client) {
	if c.dueAt() == 0 {
		k.Remove(c)
		return
	}
	k.Set(c)
}

// due is the first session whose time has come; nil when there is none. It stays
// until it is set or removed.
func (k *schedule) due(now int64) *client {
	if c, ok := k.First(); ok && c.dueAt() <= now {
		return c
	}
	return nil
}
