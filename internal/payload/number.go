package payload

import (
	"math"
	"strconv"
	"unsafe"
)

// numberKind says what a run of bytes is.
type numberKind uint8

const (
	numberNone   numberKind = iota // no number
	numberFinite                   // a number float64 holds (rounded)
	numberNot                      // a number float64 does not hold, NaN, infinity
)

// jsonNumber reads the JSON number at the head of b (RFC 8259 §6) and returns its
// value, exactly as strconv rounds it, and its length.
func jsonNumber(b []byte) (v float64, n int, kind numberKind) {
	i, neg := 0, false
	if i < len(b) && b[i] == '-' {
		neg, i = true, 1
	}
	var mant uint64
	digits, exp := 0, 0
	first := i
	for ; i < len(b) && isDigit(b[i]); i++ {
		mant = mant*10 + uint64(b[i]-'0')
		digits++
	}
	if digits == 0 || digits > 1 && b[first] == '0' {
		return 0, 0, numberNone
	}
	if i < len(b) && b[i] == '.' {
		point := i
		for i++; i < len(b) && isDigit(b[i]); i++ {
			mant = mant*10 + uint64(b[i]-'0')
			digits++
		}
		if exp = point + 1 - i; exp == 0 {
			return 0, 0, numberNone
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		return exponent(b, i)
	}
	if digits <= 19 && mant < 1<<53 && exp >= -22 {
		return exact(mant, exp, neg), i, numberFinite
	}
	v, kind = parseFloat(b[:i])
	return v, i, kind
}

// exact computes mant × 10^exp (exp ≤ 0) in one rounding: both are float64 exactly.
func exact(mant uint64, exp int, neg bool) float64 {
	v := float64(mant)
	if exp < 0 {
		v /= pow10[-exp]
	}
	if neg {
		return math.Copysign(v, -1)
	}
	return v
}

var pow10 = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// exponent reads on from the e at b[i].
func exponent(b []byte, i int) (float64, int, numberKind) {
	if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
		i++
	}
	start := i
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	if i == start {
		return 0, 0, numberNone
	}
	v, kind := parseFloat(b[:i])
	return v, i, kind
}

func parseFloat(b []byte) (float64, numberKind) {
	v, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), len(b)), 64)
	if err != nil {
		return 0, numberNot
	}
	return v, numberFinite
}

// plainNumber reads a payload that is one number: as JSON writes it, and also with
// a plus sign or without digits on one side of the point, as instruments do.
func plainNumber(b []byte) (float64, numberKind) {
	if v, n, kind := jsonNumber(b); n == len(b) && n > 0 {
		return v, kind
	}
	if len(b) == 0 || len(b) > 400 {
		return 0, numberNone
	}
	v, err := strconv.ParseFloat(string(b), 64)
	if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
		return 0, numberNot
	}
	if !decimal(b) {
		return 0, numberNone
	}
	if err != nil {
		return 0, numberNone
	}
	return v, numberFinite
}

// decimal keeps strconv's hexadecimal and underscored forms out: those are text.
func decimal(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) && c != '.' && c != '+' && c != '-' && c|0x20 != 'e' {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
