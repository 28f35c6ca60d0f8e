// Package heap holds what waits for its turn, the first in front.
//
// Each member of a [Heap] knows its place in it, so that any may leave, or be put where it
// belongs now, without being looked for: who comes and goes leaves nothing behind. Putting in
// and taking out cost the logarithm of how many there are. A heap belongs to its owner; it has
// no lock.
package heap

// Member is what can wait: T is its own type, a pointer.
type Member[T any] interface {
	// Before says whether the member's turn is before the other's.
	Before(other T) bool
	// Slot is where the heap notes the member's place, from 1 on; 0 is in no heap.
	Slot() *int
}

// Heap is the members, each once. Its zero value is empty.
type Heap[T Member[T]] struct{ list []T }

// Len is how many members there are.
func (h *Heap[T]) Len() int { return len(h.list) }

// All are the members in no order, to be read until the next change.
func (h *Heap[T]) All() []T { return h.list }

// First is the member whose turn is first; ok is false when there is none.
func (h *Heap[T]) First() (m T, ok bool) {
	if len(h.list) == 0 {
		return m, false
	}
	return h.list[0], true
}

// Set puts the member where it belongs, whether it was in or not.
func (h *Heap[T]) Set(m T) {
	slot := m.Slot()
	if *slot == 0 {
		h.list = append(h.list, m)
		*slot = len(h.list)
	}
	h.down(h.up(*slot - 1))
}

// Remove takes the member out, if it is in.
func (h *Heap[T]) Remove(m T) {
	slot := m.Slot()
	if *slot == 0 {
		return
	}
	i, last := *slot-1, len(h.list)-1
	h.swap(i, last)
	var none T
	h.list[last] = none
	h.list = h.list[:last]
	*slot = 0
	if i < last {
		h.down(h.up(i))
	}
}

func (h *Heap[T]) before(i, j int) bool { return h.list[i].Before(h.list[j]) }

func (h *Heap[T]) swap(i, j int) {
	h.list[i], h.list[j] = h.list[j], h.list[i]
	*h.list[i].Slot(), *h.list[j].Slot() = i+1, j+1
}

func (h *Heap[T]) up(i int) int {
	for i > 0 && h.before(i, (i-1)/2) {
		h.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
	return i
}

func (h *Heap[T]) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h.list); child++ {
			if h.before(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		h.swap(i, least)
		i = least
	}
}
