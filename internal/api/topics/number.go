package topics

import (
	"bytes"
	"math"
	"strconv"
)

// number finds the one number that a payload is about: a plain number, or in a
// JSON object the field "value", else "v", else the only number there is, the
// fields "ts" and "timestamp" aside. It looks once over the bytes and trusts them
// to be JSON: what is not gives no number or one of those in it, never a panic.
func number(payload []byte) (float64, bool) {
	b := bytes.TrimSpace(payload)
	if len(b) == 0 {
		return 0, false
	}
	if b[0] != '{' {
		return parseNumber(b)
	}
	var s scan
	s.object(b)
	return s.result()
}

// longestNumber bounds what is read as one.
const longestNumber = 40

func parseNumber(b []byte) (float64, bool) {
	if len(b) > longestNumber || bytes.IndexFunc(b, notInNumber) >= 0 {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(b), 64)
	return v, err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
}

func notInNumber(r rune) bool {
	return (r < '0' || r > '9') && r != '-' && r != '+' && r != '.' && r != 'e' && r != 'E'
}

// scan looks for numbers in an object's bytes.
type scan struct {
	value, v, only *float64
	numbers        int
	depth          int
	key            []byte // of the top level
	inKey          bool   // the next string of the top level is a key
	closed         bool   // the object ended
}

func (s *scan) object(b []byte) {
	for i := 0; i < len(b) && !s.closed; {
		switch c := b[i]; {
		case c == '"':
			i = s.text(b, i+1)
			continue
		case c == '{' || c == '[':
			s.depth++
			s.inKey = s.depth == 1
		case c == '}' || c == ']':
			s.depth--
			s.closed = s.depth <= 0
		case c == ',':
			s.inKey = s.depth == 1
		case c == '-' || c >= '0' && c <= '9':
			i = s.digits(b, i)
			continue
		}
		i++
	}
}

// text passes a string that begins at from and returns where it ends.
func (s *scan) text(b []byte, from int) int {
	end := from
	for end < len(b) && b[end] != '"' {
		if b[end] == '\\' {
			end++
		}
		end++
	}
	if s.inKey && s.depth == 1 {
		s.key, s.inKey = b[from:min(end, len(b))], false
	}
	return end + 1
}

func (s *scan) digits(b []byte, from int) int {
	end := from
	for end < len(b) && !notInNumber(rune(b[end])) {
		end++
	}
	if v, ok := parseNumber(b[from:end]); ok {
		s.found(v)
	}
	return end
}

func (s *scan) found(v float64) {
	if s.depth == 1 {
		switch string(s.key) {
		case "ts", "timestamp":
			return
		case "value":
			s.value = &v
		case "v":
			s.v = &v
		}
	}
	s.only = &v
	s.numbers++
}

func (s *scan) result() (float64, bool) {
	switch {
	case !s.closed:
	case s.value != nil:
		return *s.value, true
	case s.v != nil:
		return *s.v, true
	case s.numbers == 1:
		return *s.only, true
	}
	return 0, false
}
