package broker

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/millrace/millrace/internal/msg"
)

// The record f of a durable session says what became of its filters since the one before,
// so that a client that subscribes in many packets writes each filter once. The first of
// them, and each that a snapshot of the journal writes, says all of them; so does what is
// written after a refusal.

// filterChanges are the filters of a session that came, changed or went, or all.
type filterChanges struct {
	names []string
	all   bool
}

// noteFilter has the change of a filter written down.
func (w *worker) noteFilter(c *client, filter string) {
	e := c.enduring
	if e == nil {
		return
	}
	if e.filters == nil {
		e.filters = new(filterChanges)
	}
	e.filters.note(filter, c.filters.len())
	w.noteChanged(c)
}

// note notes a change in a session of that many filters: when most have changed, all are
// written.
func (k *filterChanges) note(filter string, filters int) {
	if k.all {
		return
	}
	if k.names = append(k.names, filter); len(k.names) > 2*filters+64 {
		*k = filterChanges{all: true}
	}
}

const filterRecordVersion = 1

// The flags of the record f, and what it says of one filter. That of all filters may be in
// parts, which count when all of them are there: behind the flags, a part that goes on has the
// checksum of the one before, so that what is left of an earlier writing is none of them.
const (
	recordAllFilters = 1
	recordMoreParts  = 2 // another part follows
	recordGoesOn     = 4

	filterGone  = 0
	filterThere = 1
)

// filterPart is how long a record of filters becomes, but for its last filter: the log takes
// no entry of any length.
const filterPart = 128 << 10

// write gives the records of the changes, as the filters are now, none much longer than
// most. What it gives is valid until the next; it returns the buffer.
func (k *filterChanges) write(buf []byte, filters *filterSet, most int, give func([]byte)) []byte {
	b := append(buf[:0], filterRecordVersion, flag(k.all, recordAllFilters))
	k.each(filters, func(name string, s *subscription) {
		if len(b) >= most {
			b = k.goOn(b, give)
		}
		b = appendFilter(b, name, s)
	})
	give(b)
	return b
}

// goOn gives the record b and begins another in its place.
func (k *filterChanges) goOn(b []byte, give func([]byte)) []byte {
	if !k.all {
		give(b)
		return append(b[:0], filterRecordVersion, 0)
	}
	b[1] |= recordMoreParts
	sum := sumOfPart(b)
	give(b)
	return binary.AppendUvarint(append(b[:0], filterRecordVersion, recordGoesOn), sum)
}

func sumOfPart(b []byte) uint64 { return uint64(crc32.Checksum(b, castagnoli)) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// each tells the filters that are to be written; s is nil for one that has gone.
func (k *filterChanges) each(filters *filterSet, f func(name string, s *subscription)) {
	if k.all {
		for _, s := range filters.list() {
			f(s.filter, s)
		}
		return
	}
	for _, name := range k.names {
		f(name, filters.get(name))
	}
}

func appendFilter(dst []byte, name string, s *subscription) []byte {
	if s == nil {
		return appendText(append(dst, filterGone), name)
	}
	return s.append(append(dst, filterThere))
}

// readFilters makes the changes of the records to the filters.
func readFilters(filters map[string]*subscription, records [][]byte) error {
	for _, b := range records {
		f := fields{msg.Fields{B: b}}
		flags, _, ok := f.filterHead()
		if !ok {
			return errSessionRecord
		}
		if flags&recordAllFilters != 0 {
			clear(filters)
		}
		for len(f.B) > 0 && !f.Bad {
			if f.Byte() == filterThere {
				s := f.subscription()
				filters[s.filter] = s
			} else {
				delete(filters, f.text())
			}
		}
		if f.Bad {
			return errSessionRecord
		}
	}
	return nil
}

// filterHead reads what stands before the filters.
func (f *fields) filterHead() (flags byte, before uint64, ok bool) {
	ok = f.Byte() == filterRecordVersion
	if flags = f.Byte(); flags&recordGoesOn != 0 {
		before = f.Uvarint()
	}
	return flags, before, ok && !f.Bad
}

// tookFilters takes a record of a session, as far as it says something of its filters:
// that the session has ended, or of version 1 all of them.
func (r *recovery) tookFilters(id string, record []byte) {
	if len(record) > 0 && record[0] == sessionRecordVersion {
		return
	}
	delete(r.filters, id)
	delete(r.parts, id)
	if s, err := readSessionRecord(record); err == nil {
		var all *filterSet
		for _, f := range s.filters {
			all = all.put(f)
		}
		k := filterChanges{all: true}
		k.write(nil, all, math.MaxInt, func(b []byte) { r.changed(id, b) })
	}
}

// changed takes a record of changes of a session's filters. Of all filters in parts nothing
// counts until the last is there, and nothing when one is missing: they are written anew then.
func (r *recovery) changed(id string, b []byte) {
	if r.filters == nil {
		r.filters, r.parts = map[string][][]byte{}, map[string][][]byte{}
	}
	f := fields{msg.Fields{B: b}}
	flags, before, _ := f.filterHead()
	parts := r.parts[id]
	delete(r.parts, id)
	if flags&recordGoesOn == 0 {
		parts = nil
	} else if last := len(parts) - 1; last < 0 || sumOfPart(parts[last]) != before {
		return
	}
	parts = append(parts, b)
	switch {
	case flags&recordMoreParts != 0:
		r.parts[id] = parts
	case flags&(recordAllFilters|recordGoesOn) != 0:
		r.filters[id] = parts
	default:
		r.filters[id] = append(r.filters[id], b)
	}
}
