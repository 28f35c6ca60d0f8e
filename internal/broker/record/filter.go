package record

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/millrace/millrace/internal/msg"
)

// Filter is one subscription of a session.
type Filter struct {
	Name string
	ID   uint32 // subscription identifier; 0 is none
	QoS  byte
	// MQTT 5 section 3.8.3.1
	NoLocal     bool
	AsPublished bool
	Handling    byte
	// Durable says that it gets what the log has, Begins where in each stream that began.
	Durable bool
	Begins  []msg.Position
	// Owes says that its client has not acknowledged all retained messages that were there.
	Owes bool
	// Since is when it began, in seconds since 1970; 0 is not known.
	Since uint32
}

// The flags of a filter.
const (
	filterNoLocal = 1 << iota
	filterAsPublished
	filterDurable
	filterOwes
	filterSince
)

func (s Filter) append(dst []byte) []byte {
	dst = appendText(dst, s.Name)
	dst = binary.AppendUvarint(dst, uint64(s.ID))
	flags := flag(s.NoLocal, filterNoLocal) | flag(s.AsPublished, filterAsPublished) | flag(s.Durable, filterDurable) | flag(s.Owes, filterOwes)
	dst = append(dst, s.QoS, s.Handling, flags|flag(s.Since != 0, filterSince))
	if s.Since != 0 {
		dst = binary.AppendUvarint(dst, uint64(s.Since))
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.Begins)))
	for _, p := range s.Begins {
		dst = binary.AppendUvarint(dst, p.Seq)
		dst = binary.AppendUvarint(dst, uint64(p.Index))
	}
	return dst
}

func (f *fields) filter() Filter {
	s := Filter{Name: f.text(), ID: uint32(f.Uvarint()), QoS: f.Byte(), Handling: f.Byte()}
	flags := f.Byte()
	s.NoLocal, s.AsPublished, s.Durable = flags&filterNoLocal != 0, flags&filterAsPublished != 0, flags&filterDurable != 0
	s.Owes = flags&filterOwes != 0
	if flags&filterSince != 0 {
		s.Since = uint32(f.Uvarint())
	}
	for n := f.Uvarint(); n > 0 && !f.Bad; n-- {
		s.Begins = append(s.Begins, msg.Position{Seq: f.Uvarint(), Index: uint32(f.Uvarint())})
	}
	f.Bad = f.Bad || s.Name == "" || s.QoS > 2
	return s
}

// Changes are the filters of a session that came, changed or went since they were written,
// or all, so that a client that subscribes in many packets writes each filter once. All are
// written first, by each snapshot of the journal, and behind a refusal.
type Changes struct {
	names []string
	all   bool
}

// All says that all filters are to be written.
func All() *Changes { return &Changes{all: true} }

// Note notes a change in a session of that many filters: when most have changed, all are
// written.
func (k *Changes) Note(name string, filters int) {
	if k.all {
		return
	}
	if k.names = append(k.names, name); len(k.names) > 2*filters+64 {
		*k = Changes{all: true}
	}
}

// Filters are those that a session has.
type Filters interface {
	// Len is how many, At one of them.
	Len() int
	At(i int) Filter
	// Filter is the one of that name.
	Filter(name string) (f Filter, ok bool)
}

const filterVersion = 1

// The flags of the record f, and what it says of one filter. That of all filters may be in
// parts, which count when all of them are there: behind the flags, a part that goes on has the
// checksum of the one before, so that what is left of an earlier writing is none of them. A
// record of changes has there the checksum of the records on which it is built.
const (
	allFilters = 1
	moreParts  = 2 // another part follows
	goesOn     = 4
	follows    = 8

	filterGone  = 0
	filterThere = 1
)

// Part is how long a record of filters becomes, but for its last filter: the log takes
// no entry of any length.
const Part = 128 << 10

// Write gives the records of the changes, as the filters are now, none much longer than
// most, and notes them in the trail. What it gives is valid until the next; it returns the
// buffer.
func (k *Changes) Write(buf []byte, t *Trail, filters Filters, most int, give func([]byte)) []byte {
	b := k.begin(buf, t)
	k.each(filters, func(s Filter, there bool) {
		if len(b) >= most {
			b = k.goOn(b, t, give)
		}
		b = appendFilter(b, s, there)
	})
	t.wroteFilters(b)
	give(b)
	return b
}

func (k *Changes) begin(buf []byte, t *Trail) []byte {
	if k.all {
		return append(buf[:0], filterVersion, allFilters)
	}
	return binary.AppendUvarint(append(buf[:0], filterVersion, follows), uint64(t.filters))
}

// goOn gives the record b and begins another in its place.
func (k *Changes) goOn(b []byte, t *Trail, give func([]byte)) []byte {
	if k.all {
		b[1] |= moreParts
	}
	sum := sumOfPart(b)
	t.wroteFilters(b)
	give(b)
	if !k.all {
		return k.begin(b, t)
	}
	return binary.AppendUvarint(append(b[:0], filterVersion, goesOn), sum)
}

func sumOfPart(b []byte) uint64 { return uint64(crc32.Checksum(b, castagnoli)) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// each tells the filters that are to be written; of one that has gone, the name.
func (k *Changes) each(filters Filters, f func(s Filter, there bool)) {
	if k.all {
		for i := range filters.Len() {
			f(filters.At(i), true)
		}
		return
	}
	for _, name := range k.names {
		s, ok := filters.Filter(name)
		s.Name = name
		f(s, ok)
	}
}

func appendFilter(dst []byte, s Filter, there bool) []byte {
	if !there {
		return appendText(append(dst, filterGone), s.Name)
	}
	return s.append(append(dst, filterThere))
}

// readFilters are the filters after the changes of the records.
func readFilters(records [][]byte) (map[string]Filter, error) {
	filters := map[string]Filter{}
	for _, b := range records {
		f := fields{msg.Fields{B: b}}
		flags, _, ok := f.filterHead()
		if !ok {
			return nil, errRecord
		}
		if flags&allFilters != 0 {
			clear(filters)
		}
		for len(f.B) > 0 && !f.Bad {
			if f.Byte() == filterThere {
				s := f.filter()
				filters[s.Name] = s
			} else {
				delete(filters, f.text())
			}
		}
		if f.Bad {
			return nil, errRecord
		}
	}
	return filters, nil
}

// filterHead reads what stands before the filters.
func (f *fields) filterHead() (flags byte, before uint64, ok bool) {
	ok = f.Byte() == filterVersion
	if flags = f.Byte(); flags&(goesOn|follows) != 0 {
		before = f.Uvarint()
	}
	return flags, before, ok && !f.Bad
}
