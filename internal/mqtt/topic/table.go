package topic

import "sync/atomic"

// table is a hash table of nodes with open addressing. Readers probe it without a
// lock. The one writer fills empty slots in place, marks deleted ones, and has a
// bigger copy published when it is full: no slot ever changes from one node to
// another under a reader.
type table[V comparable] struct {
	slots []atomic.Pointer[node[V]]
	live  int      // nodes
	used  int      // slots that are not empty: nodes and tombstones
	grave *node[V] // the tombstone
}

const smallest = 4

// grown returns a table with t's nodes and n, at most half full. t may be nil.
func grown[V comparable](t *table[V], n *node[V]) *table[V] {
	live := 1
	if t != nil {
		live += t.live
	}
	size := smallest
	for size < 2*live {
		size *= 2
	}
	g := &table[V]{slots: make([]atomic.Pointer[node[V]], size), grave: &node[V]{}}
	t.each(g.put)
	g.put(n)
	return g
}

// find returns the node of that level, or nil.
func (t *table[V]) find(hash uint64, level []byte) *node[V] {
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		n := t.slots[i].Load()
		if n == nil {
			return nil
		}
		if n.hash == hash && n.level == string(level) && n != t.grave {
			return n
		}
	}
}

// insert adds a node that is not there; it returns false when the table is full.
func (t *table[V]) insert(n *node[V]) bool {
	if 4*(t.used+1) > 3*len(t.slots) {
		return false
	}
	t.put(n)
	return true
}

func (t *table[V]) put(n *node[V]) {
	mask := uint64(len(t.slots) - 1)
	i := n.hash & mask
	for t.slots[i].Load() != nil {
		i = (i + 1) & mask
	}
	t.slots[i].Store(n)
	t.live++
	t.used++
}

// delete marks n's slot; it returns true when no node is left.
func (t *table[V]) delete(n *node[V]) (empty bool) {
	mask := uint64(len(t.slots) - 1)
	for i := n.hash & mask; ; i = (i + 1) & mask {
		if t.slots[i].Load() == n {
			t.slots[i].Store(t.grave)
			t.live--
			return t.live == 0
		}
	}
}

// each calls f with every node; t may be nil.
func (t *table[V]) each(f func(*node[V])) {
	if t == nil {
		return
	}
	for i := range t.slots {
		if n := t.slots[i].Load(); n != nil && n != t.grave {
			f(n)
		}
	}
}
