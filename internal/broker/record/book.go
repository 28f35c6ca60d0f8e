package record

import (
	"bytes"
	"math"

	"github.com/millrace/millrace/internal/msg"
)

// Book is what the journal says of sessions. It is given every record in its order.
type Book struct {
	of      map[string]*History
	named   map[uint32]*History // by hashOf; of two, the one that came later
	strays  map[uint32]bool     // sessions that an x has listed, and of which nothing is there
	indexes map[string]uint64   // number of the newest x, by loop
	ends    map[string]uint8    // sessions that are no more, which no x lists; with their turns
}

// History is what the journal says of one session.
type History struct {
	Trail
	session  []byte
	progress []byte
	filters  [][]byte // the newest that has all, and those behind
	parts    [][]byte // of one that has all, as far as it is there
	names    uint32   // checksum of the streams' names, if all is there that the seal means
	turn     uint8
	sealed   bool
	broken   bool // a record of filters is missing before one that is there
	doubted  bool // newer records have been written
	unlisted bool // no x lists the newest
}

// Take takes a record, whose value is borrowed; an empty one is the end of a session, or
// of its progress.
func (b *Book) Take(kind byte, id string, value []byte) {
	if b.of == nil {
		b.of, b.named, b.strays, b.indexes = map[string]*History{}, map[uint32]*History{}, map[uint32]bool{}, map[string]uint64{}
		b.ends = map[string]uint8{}
	}
	switch kind {
	case KindIndex:
		b.index(id, value)
	case KindSession, KindFilters, KindProgress:
		if len(value) > 0 {
			b.history(id).take(kind, bytes.Clone(value))
		} else if kind == KindSession {
			b.end(id)
		}
	}
}

func (b *Book) history(id string) *History {
	h := b.of[id]
	if h == nil {
		h = new(History)
		hash := hashOf(id)
		b.of[id], b.named[hash] = h, h
		delete(b.strays, hash)
		delete(b.ends, id)
	}
	return h
}

// end takes the end of a session. What was written before there were any x is listed by none.
func (b *Book) end(id string) {
	hash := hashOf(id)
	h := b.of[id]
	if h != nil && b.named[hash] == h {
		delete(b.named, hash)
	}
	if h != nil && len(b.indexes) > 0 {
		b.ends[id] = h.turn
	}
	delete(b.strays, hash)
	delete(b.of, id)
}

// Ends calls f for every session that is no more, of which nothing would miss the end.
func (b *Book) Ends(f func(id string, turn uint8)) {
	for id, turn := range b.ends {
		f(id, turn)
	}
}

// Each calls f for every session of which there is anything.
func (b *Book) Each(f func(id string, h *History)) {
	for id, h := range b.of {
		f(id, h)
	}
}

// Strays is of how many sessions nothing is there but that they were written.
func (b *Book) Strays() int { return len(b.strays) }

func (h *History) take(kind byte, value []byte) {
	switch kind {
	case KindSession:
		h.session = value
		h.wroteSession(value)
		if value[0] != sessionVersion {
			h.whole(value)
		}
	case KindFilters:
		h.changed(value)
	case KindProgress:
		h.seal(value)
	}
}

// whole takes the filters of a session of version 1, which are all.
func (h *History) whole(value []byte) {
	h.filters, h.parts, h.Trail.filters = nil, nil, 0
	if s, err := readSession(value); err == nil {
		All().Write(nil, new(Trail), filterList(s.filters), math.MaxInt, h.changed)
	}
}

type filterList []Filter

func (l filterList) Len() int { return len(l) }

func (l filterList) At(i int) Filter { return l[i] }

func (filterList) Filter(string) (f Filter, ok bool) { return f, false }

// changed takes a record of filters. Of all filters in parts nothing counts until the last
// is there, and nothing when one is missing: they are written anew then.
func (h *History) changed(b []byte) {
	f := fields{msg.Fields{B: b}}
	flags, before, _ := f.filterHead()
	parts := h.parts
	h.parts = nil
	if flags&goesOn == 0 {
		parts = nil
	} else if last := len(parts) - 1; last < 0 || sumOfPart(parts[last]) != before {
		return
	}
	parts = append(parts, b)
	switch {
	case flags&moreParts != 0:
		h.parts = parts
	case flags&(allFilters|goesOn) != 0:
		h.filters, h.broken = parts, false
		for _, b := range parts {
			h.wroteFilters(b)
		}
	default:
		h.broken = h.broken || flags&follows != 0 && before != uint64(h.Trail.filters)
		h.filters = append(h.filters, b)
		h.wroteFilters(b)
	}
}

// seal takes a progress. It is the newest, so what was missing before it is not missed.
func (h *History) seal(b []byte) {
	turn, sum, progress, ok := openSeal(b)
	h.progress, h.sealed, h.turn = progress, ok, turn
	h.names, h.broken, h.doubted, h.unlisted = sum-h.sum(), false, false, ok
}

// Turn is the number of the flush that was the session's last.
func (h *History) Turn() uint8 { return h.turn }

// Unlisted says that nothing would miss the newest records of the session.
func (h *History) Unlisted() bool { return h.unlisted }

// Whole says that no record of the session is missed. names are the checksum of the
// streams' names, as many as the progress knows.
func (h *History) Whole(names uint32) bool {
	return h.Known() && !h.broken && !h.doubted && (!h.sealed || h.names == names)
}

// Known says whether the record s is there; without it there is no session.
func (h *History) Known() bool { return h.session != nil }

// Session is who the session is.
func (h *History) Session() (Session, error) { return readSession(h.session) }

// Progress is how far it is, without the seal; empty when nothing is there.
func (h *History) Progress() []byte { return h.progress }

// Filters are its filters, by name.
func (h *History) Filters() (map[string]Filter, error) { return readFilters(h.filters) }
