package client

import (
	"cmp"
	"slices"
)

// window holds the QoS 1 and 2 messages that are not acknowledged. The packet
// identifier is the place plus one; places are reused in turn, so that an
// identifier rests as long as it can.
type window struct {
	slots []slot
	free  []uint16 // a ring of free identifiers
	head  int      // where the next one is taken
	used  int
	limit int // the server's receive maximum
	order uint64
	keep  bool // keep copies for a resume
}

type slot struct {
	token    uint64
	order    uint64
	busy     bool
	received bool   // QoS 2: PUBREC came, PUBCOMP is due
	image    []byte // the encoded PUBLISH, when kept
}

func newWindow(size, limit int, keep bool) window {
	w := window{slots: make([]slot, size), free: make([]uint16, size), limit: limit, keep: keep}
	for i := range w.free {
		w.free[i] = uint16(i + 1)
	}
	return w
}

func (w *window) full() bool { return w.used >= min(len(w.slots), w.limit) }

// take occupies a place; there must be one.
func (w *window) take(token uint64) (id uint16) {
	id = w.free[w.head]
	w.head = (w.head + 1) % len(w.free)
	w.used++
	w.order++
	s := &w.slots[id-1]
	*s = slot{token: token, order: w.order, busy: true, image: s.image[:0]}
	return id
}

// at returns the occupied place of an identifier, or nil.
func (w *window) at(id uint16) *slot {
	if int(id) > len(w.slots) || id == 0 || !w.slots[id-1].busy {
		return nil
	}
	return &w.slots[id-1]
}

// release frees the place of an identifier; ok is false when it was free.
func (w *window) release(id uint16) (token uint64, ok bool) {
	s := w.at(id)
	if s == nil {
		return 0, false
	}
	s.busy = false
	w.free[(w.head+len(w.free)-w.used)%len(w.free)] = id
	w.used--
	return s.token, true
}

// unacknowledged returns the identifiers in use, oldest message first.
func (w *window) unacknowledged() []uint16 {
	var ids []uint16
	for i, s := range w.slots {
		if s.busy {
			ids = append(ids, uint16(i+1))
		}
	}
	slices.SortFunc(ids, func(a, b uint16) int { return cmp.Compare(w.slots[a-1].order, w.slots[b-1].order) })
	return ids
}
