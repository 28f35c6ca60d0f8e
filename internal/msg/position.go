package msg

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

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

// ParsePosition reads what String writes; ok is false for anything else.
func ParsePosition(s string) (p Position, ok bool) {
	seq, index, found := strings.Cut(s, ":")
	if !found {
		return Position{}, false
	}
	n, err := strconv.ParseUint(seq, 10, 64)
	i, err2 := strconv.ParseUint(index, 10, 32)
	if err != nil || err2 != nil || n == math.MaxUint64 {
		return Position{}, false
	}
	return Position{Seq: n, Index: uint32(i)}, true
}

// Before is the position that lies directly before p.
func (p Position) Before() Position {
	switch {
	case p.Index > 0:
		return Position{Seq: p.Seq, Index: p.Index - 1}
	case p.Seq <= 1:
		return Position{}
	}
	return Position{Seq: p.Seq - 1, Index: math.MaxUint32}
}

// Placed is a message and where it stands in its stream.
type Placed struct {
	At Position
	Message
}
