package broker

import "github.com/millrace/millrace/internal/msg"

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

// The flag of the record f that says that it has all filters, and what it says of one.
const (
	recordAllFilters = 1

	filterGone  = 0
	filterThere = 1
)

// append appends the record of the changes, as the filters are now.
func (k *filterChanges) append(dst []byte, filters *filterSet) []byte {
	dst = append(dst, filterRecordVersion, flag(k.all, recordAllFilters))
	if k.all {
		for _, s := range filters.list() {
			dst = s.append(append(dst, filterThere))
		}
	}
	for _, name := range k.names {
		if s := filters.get(name); s != nil {
			dst = s.append(append(dst, filterThere))
		} else {
			dst = appendText(append(dst, filterGone), name)
		}
	}
	return dst
}

// readFilters makes the changes of the records to the filters.
func readFilters(filters map[string]*subscription, records [][]byte) error {
	for _, b := range records {
		f := fields{msg.Fields{B: b}}
		if f.Byte() != filterRecordVersion {
			return errSessionRecord
		}
		if f.Byte()&recordAllFilters != 0 {
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

// tookFilters takes a record of a session, as far as it says something of its filters:
// that the session has ended, or of version 1 all of them.
func (r *recovery) tookFilters(id string, record []byte) {
	if len(record) > 0 && record[0] == sessionRecordVersion {
		return
	}
	delete(r.filters, id)
	if s, err := readSessionRecord(record); err == nil {
		var all *filterSet
		for _, f := range s.filters {
			all = all.put(f)
		}
		r.changed(id, (&filterChanges{all: true}).append(nil, all))
	}
}

// changed takes a record of changes of a session's filters.
func (r *recovery) changed(id string, b []byte) {
	if r.filters == nil {
		r.filters = map[string][][]byte{}
	}
	before := r.filters[id]
	if len(b) > 1 && b[1]&recordAllFilters != 0 {
		before = nil
	}
	r.filters[id] = append(before, b)
}
