package session

// window holds the outbound packet identifiers that await their PUBACK, as a ring
// indexed by identifier. Identifiers are handed out in turn from 1 to 65,535, so
// that one comes back as late as can be. Its zero value is empty.
type window struct {
	ring  []uint16 // the identifier at identifier & (len-1); 0 is none
	last  uint16
	count int
}

const (
	firstRing  = 16
	widestRing = 1 << 16
)

// take hands out the next identifier unless limit are in use.
func (w *window) take(limit int) (id uint16, ok bool) {
	if w.count >= limit {
		return 0, false
	}
	if w.ring == nil {
		w.ring = make([]uint16, firstRing)
	}
	id = after(w.last)
	for w.ring[w.slot(id)] != 0 {
		if len(w.ring) < widestRing && len(w.ring) < 2*limit {
			w.grow()
			continue
		}
		id = after(id)
	}
	w.last = id
	w.ring[w.slot(id)] = id
	w.count++
	return id, true
}

// release takes an identifier back; false says that it was not in use.
func (w *window) release(id uint16) bool {
	if w.ring == nil || id == 0 || w.ring[w.slot(id)] != id {
		return false
	}
	w.ring[w.slot(id)] = 0
	w.count--
	return true
}

func (w *window) slot(id uint16) int { return int(id) & (len(w.ring) - 1) }

// grow doubles the ring: two identifiers with different places keep them apart.
func (w *window) grow() {
	old := w.ring
	w.ring = make([]uint16, 2*len(old))
	for _, id := range old {
		if id != 0 {
			w.ring[w.slot(id)] = id
		}
	}
}

func after(id uint16) uint16 {
	if id++; id == 0 {
		return 1
	}
	return id
}
