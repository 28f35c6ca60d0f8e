package packet

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// reader takes fields off b. After the first that fails, err stays set and every
// further field is zero.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

// check sets err unless ok.
func (r *reader) check(ok bool, err error) {
	if !ok {
		r.fail(err)
	}
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.fail(errShort)
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail(errShort)
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) uint16() uint16 {
	if v := r.take(2); v != nil {
		return binary.BigEndian.Uint16(v)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if v := r.take(4); v != nil {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

func (r *reader) uvarint() uint32 {
	v, n, err := uvarint(r.b)
	switch {
	case err != nil:
		r.fail(err)
	case n == 0:
		r.fail(errShort)
	case n != uvarintSize(int(v)):
		r.fail(errMinimal)
	default:
		r.b = r.b[n:]
		return v
	}
	return 0
}

// id reads a packet identifier.
func (r *reader) id() uint16 {
	v := r.uint16()
	r.check(v != 0, errPacketID)
	return v
}

// bytes reads binary data with its length in two bytes.
func (r *reader) bytes() []byte { return r.take(int(r.uint16())) }

// text reads a string.
func (r *reader) text() []byte {
	v := r.bytes()
	r.check(text(v), errText)
	return v
}

// done returns the first failure, or that something is left.
func (r *reader) done() error {
	if r.err == nil && len(r.b) > 0 {
		return errTrailing
	}
	return r.err
}

// text reports whether b is UTF-8 (which excludes the surrogates) without NUL.
func text(b []byte) bool { return ascii(b) || utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 }

// ascii reports whether b is ASCII without NUL, eight bytes at a time; of the last eight
// some may be looked at twice.
func ascii(b []byte) bool {
	if len(b) < 8 {
		return false // as well found out otherwise
	}
	last := binary.LittleEndian.Uint64(b[len(b)-8:])
	bad := last | (last - ones)
	for ; len(b) > 8; b = b[8:] {
		word := binary.LittleEndian.Uint64(b)
		bad |= word | (word - ones) // the high bit of a byte that is none of 1 to 127
	}
	return bad&high == 0
}

// plainName reports whether b is ASCII without NUL and wildcards, as topic names mostly
// are: a look that takes the place of two.
func plainName(b []byte) bool {
	if len(b) < 8 {
		return false // as well found out otherwise
	}
	bad := unnamed(binary.LittleEndian.Uint64(b[len(b)-8:]))
	for ; len(b) > 8; b = b[8:] {
		bad |= unnamed(binary.LittleEndian.Uint64(b))
	}
	return bad&high == 0
}

// unnamed has a high bit set when one of eight bytes is not of 1 to 127, or is a wildcard.
func unnamed(word uint64) uint64 {
	const bit, pluses = 0x08 * ones, '+' * ones // '+' is '#' with the bit set
	wild := (word | bit) ^ pluses
	return word | (word - ones) | (wild-ones)&^wild
}

const ones, high = 0x0101010101010101, 0x8080808080808080

func wild(b []byte) bool { return bytes.IndexByte(b, '+') >= 0 || bytes.IndexByte(b, '#') >= 0 }

// appendBytes appends v behind its length in two bytes; what is longer than
// 65,535 bytes is cut, so that the packet stays whole.
func appendBytes(dst, v []byte) []byte {
	v = v[:min(len(v), 65535)]
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(v)))
	return append(dst, v...)
}
