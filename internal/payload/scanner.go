package payload

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/millrace/millrace/internal/point"
)

// scanner reads JSON values off a payload into found. It keeps its own stack, so
// that depth costs memory it bounds and no recursion. The payload is valid UTF-8
// when it starts.
type scanner struct {
	in   []byte
	at   int
	opts *Options

	found    []found
	text     []byte // paths and strings of found
	rejected Rejected
	metrics  int // of the record
	loose    int // of all elements of a top-level array that are no object

	path  []byte
	stack []frame
	outer int // containers around the value that is read

	stamp stamp // of the record
}

// found is one metric; its offsets point into scanner.text.
type found struct {
	num           float64
	path, pathEnd int
	text, textEnd int
	kind          point.Kind
}

// frame is one open object or array.
type frame struct {
	path  int  // length of the path outside
	index int  // of the element, in an array
	array bool // else an object
	dot   bool // a part stands before ours
}

func (s *scanner) reset(in []byte, opts *Options) {
	const keep = 64 << 10
	if cap(s.text) > keep {
		s.text, s.path = nil, nil
	}
	if cap(s.found) > keep/8 {
		s.found = nil
	}
	*s = scanner{in: in, opts: opts, found: s.found[:0], text: s.text[:0], path: s.path[:0], stack: s.stack[:0]}
}

func (s *scanner) beginRecord() {
	s.metrics, s.path, s.stamp = 0, s.path[:0], noStamp
}

// add takes v in under the current path, if the limits let it.
func (s *scanner) add(v found) {
	path := s.path
	if len(s.stack) == 0 && len(path) == 0 {
		path = valueName
	}
	if len(path) > s.opts.MaxPath {
		s.rejected.Undecodable++
		return
	}
	if s.metrics >= s.opts.MaxMetrics {
		s.rejected.TooMany++
		return
	}
	s.metrics++
	v.path = len(s.text)
	s.text = append(s.text, path...)
	v.pathEnd = len(s.text)
	s.found = append(s.found, v)
}

var valueName = []byte("value")

// value reads the value at hand and everything inside it. In a record (top) the
// outermost object's time field is its time.
func (s *scanner) value(top bool) bool {
	s.stack = s.stack[:0]
	for {
		opened, ok := s.start(top)
		if !ok {
			return false
		}
		for !opened {
			if len(s.stack) == 0 {
				return true
			}
			if opened, ok = s.advance(top); !ok {
				return false
			}
		}
	}
}

// start reads a scalar or opens a container; opened says that a value inside the
// container is at hand now.
func (s *scanner) start(top bool) (opened, ok bool) {
	switch c := s.peek(); c {
	case '{', '[':
		return s.open(c == '[', top)
	case '"':
		return false, s.stringValue()
	case 't':
		s.add(found{kind: point.Bool, num: 1})
		return false, s.literal("true")
	case 'f':
		s.add(found{kind: point.Bool})
		return false, s.literal("false")
	case 'n':
		return false, s.literal("null")
	}
	return false, s.numberValue()
}

func (s *scanner) open(array, top bool) (opened, ok bool) {
	if s.outer+len(s.stack) >= s.opts.MaxDepth {
		return false, false
	}
	s.stack = append(s.stack, frame{path: len(s.path), array: array, dot: len(s.stack) > 0 || len(s.path) > 0})
	s.at++
	s.space()
	if c := s.peek(); array && c == ']' || !array && c == '}' {
		s.at++
		s.pop()
		return false, true
	}
	return s.member(top)
}

func (s *scanner) pop() {
	f := s.stack[len(s.stack)-1]
	s.stack = s.stack[:len(s.stack)-1]
	s.path = s.path[:f.path]
}

// advance goes on behind a value: to the container's next, or out of it.
func (s *scanner) advance(top bool) (opened, ok bool) {
	s.space()
	f := &s.stack[len(s.stack)-1]
	switch c := s.next(); {
	case c == ',':
		f.index++
		s.space()
		return s.member(top)
	case c == ']' && f.array, c == '}' && !f.array:
		s.pop()
		return false, true
	}
	return false, false
}

// member names the value that comes next and goes to it. A time field is read here
// and is no value: opened is then false. What cannot be a time stays a value.
func (s *scanner) member(top bool) (opened, ok bool) {
	f := &s.stack[len(s.stack)-1]
	s.path = s.path[:f.path]
	if f.dot {
		s.path = append(s.path, '.')
	}
	if f.array {
		s.pathIndex(f.index)
		return true, true
	}
	start := len(s.path)
	if s.path, ok = s.stringInto(s.path); !ok {
		return false, false
	}
	if s.space(); s.next() != ':' {
		return false, false
	}
	s.space()
	if top && len(s.stack) == 1 {
		if rank := s.timeField(s.path[start:]); rank >= 0 {
			if s.canStamp() {
				return false, s.readStamp(rank)
			}
			s.stamp.pass(rank)
		}
	}
	return true, true
}

func (s *scanner) pathIndex(i int) { s.path = strconv.AppendInt(s.path, int64(i), 10) }

func (s *scanner) numberValue() bool {
	v, n, kind := jsonNumber(s.in[s.at:])
	s.at += n
	switch kind {
	case numberFinite:
		s.add(found{kind: point.Float, num: v})
	case numberNot:
		s.rejected.Undecodable++
	default:
		return false
	}
	return true
}

func (s *scanner) stringValue() bool {
	start := len(s.text)
	var ok bool
	if s.text, ok = s.stringInto(s.text); !ok {
		return false
	}
	if len(s.text)-start > s.opts.MaxText {
		s.text = s.text[:start]
		s.rejected.TooLarge++
		return true
	}
	s.add(found{kind: point.Text, text: start, textEnd: len(s.text)})
	return true
}

// stringInto reads the string at hand and appends what it says to dst.
func (s *scanner) stringInto(dst []byte) ([]byte, bool) {
	if s.next() != '"' {
		return dst, false
	}
	start := s.at
	for s.at < len(s.in) {
		switch c := s.in[s.at]; {
		case c == '"':
			dst = append(dst, s.in[start:s.at]...)
			s.at++
			return dst, true
		case c == '\\':
			var ok bool
			dst = append(dst, s.in[start:s.at]...)
			if dst, ok = s.escape(dst); !ok {
				return dst, false
			}
			start = s.at
		case c < ' ':
			return dst, false
		default:
			s.at++
		}
	}
	return dst, false
}

// escape reads one escape, and for the first half of a surrogate pair the second.
func (s *scanner) escape(dst []byte) ([]byte, bool) {
	s.at++
	switch c := s.next(); c {
	case '"', '\\', '/':
		return append(dst, c), true
	case 'b':
		return append(dst, '\b'), true
	case 'f':
		return append(dst, '\f'), true
	case 'n':
		return append(dst, '\n'), true
	case 'r':
		return append(dst, '\r'), true
	case 't':
		return append(dst, '\t'), true
	case 'u':
		return s.unicode(dst)
	}
	return dst, false
}

func (s *scanner) unicode(dst []byte) ([]byte, bool) {
	r, ok := hex4(s.in[s.at:])
	if !ok {
		return dst, false
	}
	s.at += 4
	if utf16.IsSurrogate(r) {
		pair := rune(utf8.RuneError)
		if rest := s.in[s.at:]; len(rest) >= 6 && rest[0] == '\\' && rest[1] == 'u' {
			if low, ok := hex4(rest[2:]); ok {
				pair = utf16.DecodeRune(r, low)
			}
		}
		if r = pair; pair != utf8.RuneError {
			s.at += 6
		}
	}
	return utf8.AppendRune(dst, r), true
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func (s *scanner) literal(word string) bool {
	if len(s.in)-s.at < len(word) || string(s.in[s.at:s.at+len(word)]) != word {
		return false
	}
	s.at += len(word)
	return true
}

func (s *scanner) space() {
	for s.at < len(s.in) && isSpace(s.in[s.at]) {
		s.at++
	}
}

// end says whether nothing but white space is left.
func (s *scanner) end() bool {
	s.space()
	return s.at == len(s.in)
}

// peek returns the byte at hand, 0 at the end: no JSON begins with it.
func (s *scanner) peek() byte {
	if s.at < len(s.in) {
		return s.in[s.at]
	}
	return 0
}

func (s *scanner) next() byte {
	c := s.peek()
	s.at++
	return c
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}
