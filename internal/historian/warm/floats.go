package warm

import (
	"math"
	"math/bits"
)

// Codings of a column of numbers.
const (
	floatXOR     = 0xFF // else the byte is the count of decimals, at most maxDecimals
	maxDecimals  = 9
	maxExactInt  = 1 << 53
	noWindow     = 0xFF
	lengthBits   = 6
	leadingBits  = 5
	maxLeading   = 31
	controlSame  = 0b0
	controlReuse = 0b10
	controlNew   = 0b11
)

var decimalPower = [maxDecimals + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// appendFloats writes a column of numbers: as differences of decimals where every
// number is a decimal of few digits, as sensors send them, else XORed with the one
// before. Either way each comes back bit by bit.
func appendFloats(dst []byte, vs []float64, scratch []int64) []byte {
	if decimals, ints, ok := asDecimals(vs, scratch); ok {
		dst = append(dst, byte(decimals))
		for i := len(ints) - 1; i > 0; i-- {
			ints[i] -= ints[i-1]
		}
		return appendPacked(dst, ints)
	}
	return appendXOR(append(dst, floatXOR), vs)
}

// asDecimals returns the integers that stand for vs with some count of decimals.
func asDecimals(vs []float64, ints []int64) (decimals int, _ []int64, ok bool) {
	for _, v := range vs {
		for !isDecimal(v, decimals) {
			if decimals++; decimals > maxDecimals {
				return 0, nil, false
			}
		}
	}
	ints = ints[:0]
	for _, v := range vs {
		if !isDecimal(v, decimals) {
			return 0, nil, false
		}
		ints = append(ints, int64(math.Round(v*decimalPower[decimals])))
	}
	return decimals, ints, true
}

// isDecimal says whether v survives being written with so many decimals.
func isDecimal(v float64, decimals int) bool {
	n := math.Round(v * decimalPower[decimals])
	if !(math.Abs(n) < maxExactInt) {
		return false
	}
	return math.Float64bits(float64(int64(n))/decimalPower[decimals]) == math.Float64bits(v)
}

// appendXOR is the coding of Gorilla (Pelkonen et al., VLDB 2015, §4.1.2).
func appendXOR(dst []byte, vs []float64) []byte {
	w := bitWriter{b: dst}
	var last uint64
	leading, trailing := uint(noWindow), uint(0)
	for i, v := range vs {
		x := math.Float64bits(v)
		if i == 0 {
			w.write(x, 64)
			last = x
			continue
		}
		d := x ^ last
		last = x
		if d == 0 {
			w.write(controlSame, 1)
			continue
		}
		lz, tz := min(uint(bits.LeadingZeros64(d)), maxLeading), uint(bits.TrailingZeros64(d))
		if leading != noWindow && lz >= leading && tz >= trailing {
			w.write(controlReuse, 2)
		} else {
			leading, trailing = lz, tz
			w.write(controlNew, 2)
			w.write(uint64(lz), leadingBits)
			w.write(uint64(64-lz-tz-1), lengthBits)
		}
		w.write(d>>trailing, 64-leading-trailing)
	}
	return w.flush()
}

// readFloats fills vs from the column at the head of b and returns the rest.
// ints is scratch as long as vs.
func readFloats(b []byte, vs []float64, ints []int64) ([]byte, error) {
	if len(b) == 0 {
		return nil, ErrChunk
	}
	if b[0] == floatXOR {
		return readXOR(b[1:], vs)
	}
	if b[0] > maxDecimals {
		return nil, ErrChunk
	}
	power := decimalPower[b[0]]
	b, err := readPacked(b[1:], ints[:len(vs)])
	if err != nil {
		return nil, err
	}
	var n int64
	for i := range vs {
		n += ints[i]
		vs[i] = float64(n) / power
	}
	return b, nil
}

func readXOR(b []byte, vs []float64) ([]byte, error) {
	r := bitReader{b: b}
	var x uint64
	var leading, length uint
	for i := range vs {
		if i == 0 {
			x = r.read(64)
		} else if r.read(1) != 0 {
			if r.read(1) != 0 {
				leading, length = uint(r.read(leadingBits)), uint(r.read(lengthBits))+1
			}
			if length == 0 || leading+length > 64 {
				return nil, ErrChunk
			}
			x ^= r.read(length) << (64 - leading - length)
		}
		vs[i] = math.Float64frombits(x)
	}
	if r.bad {
		return nil, ErrChunk
	}
	return b[len(b)-len(r.b)-int(r.fill/8):], nil
}
