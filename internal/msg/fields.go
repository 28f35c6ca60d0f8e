package msg

import (
	"encoding/binary"
	"math"
)

// Fields takes fields off the head of B; after the first that does not fit, Bad stays
// set and every further field is zero. Records of every kind are read by it.
type Fields struct {
	B   []byte
	Bad bool
}

// Byte takes one byte.
func (f *Fields) Byte() byte {
	if len(f.B) == 0 {
		f.Bad = true
		return 0
	}
	v := f.B[0]
	f.B = f.B[1:]
	return v
}

// Uvarint takes an unsigned number.
func (f *Fields) Uvarint() uint64 {
	v, n := binary.Uvarint(f.B)
	if !f.skip(n) {
		return 0
	}
	return v
}

// Varint takes a signed number.
func (f *Fields) Varint() int64 {
	v, n := binary.Varint(f.B)
	if !f.skip(n) {
		return 0
	}
	return v
}

// skip goes over the n bytes of a number; 0 and less say that it does not fit.
func (f *Fields) skip(n int) bool {
	if n <= 0 {
		f.Bad, f.B = true, nil
		return false
	}
	f.B = f.B[n:]
	return true
}

// Uint32 takes an unsigned number below 2³².
func (f *Fields) Uint32() uint32 {
	v := f.Uvarint()
	f.Bad = f.Bad || v > math.MaxUint32
	return uint32(v)
}

// Bytes takes a length and as many bytes, which stay B's.
func (f *Fields) Bytes() []byte {
	n := f.Uvarint()
	if n > uint64(len(f.B)) {
		f.Bad, f.B = true, nil
		return nil
	}
	v := f.B[:n:n]
	f.B = f.B[n:]
	return v
}
