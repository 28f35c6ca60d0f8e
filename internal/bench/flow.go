package bench

import "slices"

// maxSpans bounds the gaps a flow remembers; beyond it the oldest is lost for good.
const maxSpans = 4096

// flow checks one lane at one receiver: every message once, in order. The zero value
// expects sequence 0 first.
type flow struct {
	next       uint64 // the lowest sequence not seen and not in a gap
	missing    []span // gaps below next, ascending
	given      uint64 // missing messages of gaps that are no longer remembered
	seen       uint64 // messages, doubles left out
	doubled    uint64
	disordered uint64 // came after a later one
}

// span is the sequences from <= seq < to.
type span struct{ from, to uint64 }

// take notes one message and reports whether it is the first of its number.
func (f *flow) take(seq uint64) bool {
	switch {
	case seq == f.next:
		f.next++
	case seq > f.next:
		f.skip(seq)
	case f.fill(seq):
		f.disordered++
	default:
		f.doubled++
		return false
	}
	f.seen++
	return true
}

func (f *flow) skip(seq uint64) {
	if len(f.missing) == maxSpans {
		f.given += f.missing[0].to - f.missing[0].from
		f.missing = slices.Delete(f.missing, 0, 1)
	}
	f.missing = append(f.missing, span{f.next, seq})
	f.next = seq + 1
}

// fill takes seq out of the gap that it is in.
func (f *flow) fill(seq uint64) bool {
	i, _ := slices.BinarySearchFunc(f.missing, seq, func(s span, seq uint64) int {
		if s.to <= seq {
			return -1
		}
		return 1
	})
	if i == len(f.missing) || seq < f.missing[i].from {
		return false
	}
	s := f.missing[i]
	switch {
	case s.from == seq && s.to == seq+1:
		f.missing = slices.Delete(f.missing, i, i+1)
	case s.from == seq:
		f.missing[i].from++
	case s.to == seq+1:
		f.missing[i].to--
	default:
		f.missing[i].to = seq
		f.missing = slices.Insert(f.missing, i+1, span{seq + 1, s.to})
	}
	return true
}

// lost is how many of the first sent messages never came.
func (f *flow) lost(sent uint64) uint64 {
	n := f.given
	for _, s := range f.missing {
		n += s.to - s.from
	}
	if sent > f.next {
		n += sent - f.next
	}
	return n
}

// misses reports whether the message has not come; false when that is forgotten.
func (f *flow) misses(seq uint64) bool {
	if seq >= f.next {
		return true
	}
	for _, s := range f.missing {
		if s.from <= seq && seq < s.to {
			return true
		}
	}
	return false
}
