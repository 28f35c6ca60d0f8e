package broker

// schedule holds the sessions that wait for their clients, the one with the next
// will or end first. It is a heap in which every session knows its place, so that
// one that comes back leaves nothing behind. Its zero value is empty.
type schedule struct{ heap []*client }

// dueAt is when the session's will or its end is due, whichever comes first; 0 is
// never.
func (c *client) dueAt() int64 {
	if c.willAt == 0 || c.endAt != 0 && c.endAt < c.willAt {
		return c.endAt
	}
	return c.willAt
}

// set puts the session where its time says.
func (k *schedule) set(c *client) {
	if c.dueAt() == 0 {
		k.remove(c)
		return
	}
	if c.slot == 0 {
		k.heap = append(k.heap, c)
		c.slot = len(k.heap)
	}
	k.down(k.up(c.slot - 1))
}

// remove takes the session out, if it is in.
func (k *schedule) remove(c *client) {
	if c.slot == 0 {
		return
	}
	i, last := c.slot-1, len(k.heap)-1
	k.swap(i, last)
	k.heap[last] = nil
	k.heap = k.heap[:last]
	c.slot = 0
	if i < last {
		k.down(k.up(i))
	}
}

// due is the first session whose time has come; nil when there is none. It stays
// until it is set or removed.
func (k *schedule) due(now int64) *client {
	if len(k.heap) == 0 || k.heap[0].dueAt() > now {
		return nil
	}
	return k.heap[0]
}

func (k *schedule) less(i, j int) bool { return k.heap[i].dueAt() < k.heap[j].dueAt() }

func (k *schedule) swap(i, j int) {
	k.heap[i], k.heap[j] = k.heap[j], k.heap[i]
	k.heap[i].slot, k.heap[j].slot = i+1, j+1
}

func (k *schedule) up(i int) int {
	for i > 0 && k.less(i, (i-1)/2) {
		k.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
	return i
}

func (k *schedule) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(k.heap); child++ {
			if k.less(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		k.swap(i, least)
		i = least
	}
}
