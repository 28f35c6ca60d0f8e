package msg

import "fmt"

// Position is where a message stands in one stream: the sequence of its entry
// (from 1) and its index inside that entry (from 0). The zero Position is before
// every message.
type Position struct {
	Seq   uint64
	Index uint32
}

// Compare returns -1, 0 or +1 as p lies before, at or after o.
func (p Position) Compare(o Position) int {
	switch {
	case p.Seq < o.Seq || p.Seq == o.Seq && p.Index < o.Index:
		return -1
	case p == o:
		return 0
	}
	return 1
}

// String writes the position as people quote it: "sequence:index".
func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Seq, p.Index) }
