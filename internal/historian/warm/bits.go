package warm

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// ErrChunk says that bytes are no intact chunk.
var ErrChunk = errors.New("warm: damaged chunk")

// bitWriter appends bits, most significant first, to a byte slice.
type bitWriter struct {
	b    []byte
	acc  uint64
	fill uint // bits in acc, below 64
}

func (w *bitWriter) write(v uint64, n uint) {
	if n == 0 {
		return
	}
	if n < 64 {
		v &= 1<<n - 1
	}
	if free := 64 - w.fill; n < free {
		w.acc |= v << (free - n)
		w.fill += n
		return
	} else {
		w.acc |= v >> (n - free)
		w.b = binary.BigEndian.AppendUint64(w.b, w.acc)
		w.fill = n - free
	}
	w.acc = 0
	if w.fill > 0 {
		w.acc = v << (64 - w.fill)
	}
}

// flush pads the last byte with zeros and returns all bytes.
func (w *bitWriter) flush() []byte {
	for ; w.fill > 0; w.fill -= min(w.fill, 8) {
		w.b = append(w.b, byte(w.acc>>56))
		w.acc <<= 8
	}
	return w.b
}

// bitReader takes bits off a byte slice; past the end it reads zeros and sets bad.
type bitReader struct {
	b    []byte
	acc  uint64
	fill uint // valid bits at the top of acc
	bad  bool
}

func (r *bitReader) read(n uint) uint64 {
	if n == 0 {
		return 0
	}
	if n > 56 {
		high := r.read(n - 32)
		return high<<32 | r.read(32)
	}
	if r.fill < n {
		r.refill(n)
	}
	v := r.acc >> (64 - n)
	r.acc <<= n
	r.fill -= min(n, r.fill)
	return v
}

func (r *bitReader) refill(n uint) {
	if len(r.b) >= 8 {
		k := (64 - r.fill) / 8
		r.acc |= binary.BigEndian.Uint64(r.b) >> (64 - 8*k) << (64 - 8*k) >> r.fill
		r.b = r.b[k:]
		r.fill += 8 * k
		return
	}
	for ; r.fill <= 56 && len(r.b) > 0; r.fill += 8 {
		r.acc |= uint64(r.b[0]) << (56 - r.fill)
		r.b = r.b[1:]
	}
	if r.fill < n {
		r.bad = true
	}
}

// packSize is how many integers share one width.
const packSize = 32

// appendPacked writes the integers in groups of packSize: a byte with the width of
// the widest of the group after zigzag, then each in that many bits.
func appendPacked(dst []byte, vs []int64) []byte {
	for len(vs) > 0 {
		group := vs[:min(packSize, len(vs))]
		vs = vs[len(group):]
		var or uint64
		for _, v := range group {
			or |= zigzag(v)
		}
		width := uint(bits.Len64(or))
		dst = append(dst, byte(width))
		if width == 0 {
			continue
		}
		w := bitWriter{b: dst}
		for _, v := range group {
			w.write(zigzag(v), width)
		}
		dst = w.flush()
	}
	return dst
}

// readPacked fills vs from what appendPacked wrote at the head of b and returns the
// rest.
func readPacked(b []byte, vs []int64) ([]byte, error) {
	for len(vs) > 0 {
		group := vs[:min(packSize, len(vs))]
		vs = vs[len(group):]
		if len(b) == 0 || b[0] > 64 {
			return nil, ErrChunk
		}
		width := uint(b[0])
		size := (len(group)*int(width) + 7) / 8
		if b = b[1:]; len(b) < size {
			return nil, ErrChunk
		}
		if width <= 56 && len(b) >= size+8 {
			unpack(b, group, width)
		} else {
			r := bitReader{b: b[:size]}
			for i := range group {
				group[i] = unzigzag(r.read(width))
			}
		}
		b = b[size:]
	}
	return b, nil
}

// unpack is the quick way where b reaches 8 bytes past the group and no integer
// spans more than 8.
func unpack(b []byte, group []int64, width uint) {
	if width == 0 {
		clear(group)
		return
	}
	at, drop := uint(0), (64-width)%64
	for i := range group {
		group[i] = unzigzag(binary.BigEndian.Uint64(b[at/8:]) << (at % 8) >> drop)
		at += width
	}
}

func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }
