package session

import "slices"

// window holds the outbound packet identifiers and what each still awaits, as a
// ring indexed by identifier. Identifiers are handed out in turn from 1 to 65,535,
// so that one comes back as late as can be. Its zero value is empty.
type window struct {
	ring  []flight // at identifier & (len-1)
	last  uint16
	count int
}

// flight is a message that was sent and is not done with.
type flight struct {
	id    uint16 // 0 is none
	phase phase
	kept  bool // its image is in the queue, at ref
	ref   ref
	since uint32 // when its message came, in ms; it wraps
}

// stamp notes when the message of an identifier that is in use came, ns since 1970.
func (w *window) stamp(id uint16, at int64) { w.at(id).since = uint32(at / 1e6) }

// age is for how long the message has been under way, in ns; it is known to a
// millisecond, and for 49 days.
func (f *flight) age(now int64) int64 { return int64(uint32(now/1e6)-f.since) * 1e6 }

// phase is the packet a message in flight awaits.
type phase uint8

const (
	landed         phase = iota // not in flight
	awaitsAck                   // QoS 1: PUBACK
	awaitsReceived              // QoS 2: PUBREC
	awaitsComplete              // QoS 2: PUBCOMP
	awaitsNote                  // QoS 2: PUBREC came; that is to be written down before PUBREL goes
	awaitsWriting               // and is being written
)

const (
	firstRing  = 16
	widestRing = 1 << 16
)

// take hands out the next identifier unless limit are in use.
func (w *window) take(limit int, p phase) (id uint16, ok bool) {
	if w.count >= limit {
		return 0, false
	}
	if w.ring == nil {
		w.ring = make([]flight, firstRing)
	}
	id = after(w.last)
	for w.at(id).id != 0 {
		if len(w.ring) < widestRing && len(w.ring) < 2*limit {
			w.grow()
			continue
		}
		id = after(id)
	}
	w.last = id
	*w.at(id) = flight{id: id, phase: p}
	w.count++
	return id, true
}

// enter puts an identifier in use that is not.
func (w *window) enter(id uint16, p phase) {
	if w.ring == nil {
		w.ring = make([]flight, firstRing)
	}
	for w.at(id).id != 0 && w.at(id).id != id {
		w.grow()
	}
	if w.at(id).id == 0 {
		w.count++
	}
	*w.at(id) = flight{id: id, phase: p}
}

// phase is what the identifier's message awaits.
func (w *window) phase(id uint16) phase {
	if w.ring == nil || id == 0 || w.at(id).id != id {
		return landed
	}
	return w.at(id).phase
}

// advance puts an identifier that is in use into another phase.
func (w *window) advance(id uint16, p phase) { w.at(id).phase = p }

// keep notes where the image of an identifier that is in use is kept.
func (w *window) keep(id uint16, f ref) { w.at(id).kept, w.at(id).ref = true, f }

// move notes that the image has moved.
func (w *window) move(id uint16, f ref) { w.at(id).ref = f }

// letGo says where the image of an identifier is, which is needed no longer.
func (w *window) letGo(id uint16) (f ref, kept bool) {
	k := w.at(id)
	kept, k.kept = k.kept, false
	return k.ref, kept
}

// release takes an identifier back that is in use.
func (w *window) release(id uint16) {
	*w.at(id) = flight{}
	w.count--
}

// rest gives the ring back when it is empty and more than a quiet client needs.
func (w *window) rest() {
	if w.count == 0 && len(w.ring) > firstRing {
		w.ring = nil
	}
}

// replace puts all that await one thing to await another.
func (w *window) replace(old, now phase) {
	for i := range w.ring {
		if w.ring[i].phase == old {
			w.ring[i].phase = now
		}
	}
}

// released are the identifiers that await PUBCOMP, oldest first.
func (w *window) released() (ids []uint16) {
	for _, f := range w.ring {
		if f.phase >= awaitsComplete {
			ids = append(ids, f.id)
		}
	}
	slices.SortFunc(ids, func(a, b uint16) int { return int(a-w.last-1) - int(b-w.last-1) })
	return ids
}

func (w *window) at(id uint16) *flight { return &w.ring[int(id)&(len(w.ring)-1)] }

// grow doubles the ring: two identifiers with different places keep them apart.
func (w *window) grow() {
	old := w.ring
	w.ring = make([]flight, 2*len(old))
	for _, f := range old {
		if f.id != 0 {
			*w.at(f.id) = f
		}
	}
}

func after(id uint16) uint16 {
	if id++; id == 0 {
		return 1
	}
	return id
}
