package group

import (
	"encoding/binary"
	"errors"

	"github.com/millrace/millrace/internal/msg"
)

const stateVersion = 1

var errState = errors.New("group: malformed state")

// Append appends the state as it is kept: a version, then variable-length numbers. Of an
// open message the position is the distance to the one before.
func (s *State) Append(dst []byte) []byte {
	dst = append(dst, stateVersion)
	dst = binary.AppendUvarint(dst, s.Cursor.Seq)
	dst = binary.AppendUvarint(dst, uint64(s.Cursor.Index))
	for _, n := range []uint64{s.Acked, s.GivenUp, s.Again, s.Lost, s.Unread, uint64(s.Done), uint64(len(s.Open))} {
		dst = binary.AppendUvarint(dst, n)
	}
	seq := uint64(0)
	for _, o := range s.Open {
		dst = binary.AppendUvarint(dst, o.At.Seq-seq)
		dst = binary.AppendUvarint(dst, uint64(o.At.Index))
		dst = binary.AppendUvarint(dst, uint64(o.Until))
		dst = binary.AppendUvarint(dst, uint64(o.Deliveries))
		dst = binary.AppendUvarint(dst, uint64(o.Time))
		seq = o.At.Seq
	}
	return dst
}

// ReadState reads what Append has written.
func ReadState(b []byte) (s State, err error) {
	f := msg.Fields{B: b}
	if f.Byte() != stateVersion {
		return s, errState
	}
	s.Cursor = msg.Position{Seq: f.Uvarint(), Index: uint32(f.Uvarint())}
	s.Acked, s.GivenUp, s.Again, s.Lost, s.Unread, s.Done = f.Uvarint(), f.Uvarint(), f.Uvarint(), f.Uvarint(), f.Uvarint(), int64(f.Uvarint())
	seq := uint64(0)
	for n := f.Uvarint(); n > 0 && !f.Bad; n-- {
		seq += f.Uvarint()
		s.Open = append(s.Open, Open{At: msg.Position{Seq: seq, Index: uint32(f.Uvarint())}, Until: int64(f.Uvarint()), Deliveries: int(f.Uvarint()), Time: int64(f.Uvarint())})
	}
	if f.Bad || len(f.B) > 0 {
		return State{}, errState
	}
	return s, nil
}
