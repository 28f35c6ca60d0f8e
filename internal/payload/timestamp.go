package payload

import "math"

// timeState says what a time field held.
type timeState uint8

const (
	timeUnreadable timeState = iota // nothing that names a time
	timeRead                        // a time
	timeBeyond                      // a time no int64 of nanoseconds holds
)

// noRank is worse than the rank of every time field.
const noRank = math.MaxInt

// stamp is what a record's time fields held so far.
type stamp struct {
	time   int64 // of the best field that could be read
	rank   int   // of that field
	beyond bool  // its time is too far off to be counted in nanoseconds
	passed int   // rank of the best field that could not be read
}

var noStamp = stamp{rank: noRank, passed: noRank}

// timeField returns the rank of a time field's name, -1 for any other.
func (s *scanner) timeField(name []byte) int {
	for i, f := range s.opts.TimeFields {
		if string(name) == f {
			return i
		}
	}
	return -1
}

// canStamp says whether the value at hand may be a time: a string, number or null.
func (s *scanner) canStamp() bool {
	c := s.peek()
	return c == '"' || c == '-' || c == 'n' || isDigit(c)
}

// readStamp reads the time field's value; of two fields that can be read the better
// rank counts, of equal ranks the later.
func (s *scanner) readStamp(rank int) bool {
	if s.peek() == 'n' {
		return s.literal("null")
	}
	word, ok := s.stampWord()
	if !ok {
		return false
	}
	t, state := parseTime(word)
	if state == timeUnreadable {
		s.stamp.pass(rank)
	} else if rank <= s.stamp.rank {
		s.stamp.time, s.stamp.rank, s.stamp.beyond = t, rank, state == timeBeyond
	}
	return true
}

// pass notes a field that holds no time.
func (s *stamp) pass(rank int) { s.passed = min(s.passed, rank) }

// stampWord reads the string or number at hand; its bytes live in the scratch text
// and are used up at once.
func (s *scanner) stampWord() ([]byte, bool) {
	if s.peek() == '"' {
		start := len(s.text)
		text, ok := s.stringInto(s.text)
		s.text = text[:start]
		return text[start:], ok
	}
	_, n, kind := jsonNumber(s.in[s.at:])
	word := s.in[s.at : s.at+n]
	s.at += n
	return word, kind != numberNone
}

// parseTime reads RFC 3339 or an epoch number into nanoseconds since 1970 UTC.
func parseTime(b []byte) (int64, timeState) {
	if b = trimSpace(b); len(b) >= 20 && b[4] == '-' {
		return parseRFC3339(b)
	}
	return parseEpoch(b)
}

// parseEpoch reads a decimal number since 1970 UTC in the unit its size tells.
func parseEpoch(b []byte) (int64, timeState) {
	i, neg := 0, false
	if i < len(b) && b[i] == '-' {
		neg, i = true, 1
	}
	start, whole := i, int64(0)
	for ; i < len(b) && isDigit(b[i]); i++ {
		if i-start >= 18 && whole > (math.MaxInt64-9)/10 {
			return epochFloat(b)
		}
		whole = whole*10 + int64(b[i]-'0')
	}
	if i == start {
		return 0, timeUnreadable
	}
	unit := epochUnit(whole)
	if i < len(b) && b[i] != '.' || whole >= math.MaxInt64/unit {
		return epochFloat(b)
	}
	t := whole * unit
	if i < len(b) {
		frac, ok := fraction(b[i+1:], unit)
		if !ok {
			return epochFloat(b)
		}
		t += frac
	}
	if neg {
		t = -t
	}
	return t, timeRead
}

// epochUnit is the nanoseconds of the unit in which v counts.
func epochUnit(v int64) int64 {
	switch {
	case v < 1e11:
		return 1_000_000_000
	case v < 1e14:
		return 1_000_000
	case v < 1e17:
		return 1000
	}
	return 1
}

// fraction reads decimal digits as a part of unit.
func fraction(b []byte, unit int64) (int64, bool) {
	t := int64(0)
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		unit /= 10
		t += int64(c-'0') * unit
	}
	return t, true
}

// epochFloat reads a number written with an exponent, or too large for the plain way.
func epochFloat(b []byte) (int64, timeState) {
	v, n, kind := jsonNumber(b)
	if n != len(b) || kind == numberNone {
		return 0, timeUnreadable
	}
	if kind == numberNot || math.Abs(v) >= maxEpoch {
		return 0, timeBeyond
	}
	t := math.Round(v * float64(epochUnit(int64(math.Abs(v)))))
	if math.Abs(t) >= maxEpoch {
		return 0, timeBeyond
	}
	return int64(t), timeRead
}

// maxEpoch bounds times as floats: a little less than int64 holds, so that rounding
// stays inside.
const maxEpoch = 9.2e18

// parseRFC3339 reads date, T, time, fraction and offset (RFC 3339 §5.6); fractions
// end at the nanosecond.
func parseRFC3339(b []byte) (int64, timeState) {
	year, ok1 := digits(b[0:4])
	month, ok2 := digits(b[5:7])
	day, ok3 := digits(b[8:10])
	hour, ok4 := digits(b[11:13])
	minute, ok5 := digits(b[14:16])
	second, ok6 := digits(b[17:19])
	sep := b[10] == 'T' || b[10] == 't' || b[10] == ' '
	ok := ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && sep && b[7] == '-' && b[13] == ':' && b[16] == ':'
	if !ok || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return 0, timeUnreadable
	}
	nanos, rest, ok1 := subsecond(b[19:])
	offset, ok2 := zone(rest)
	if !ok1 || !ok2 {
		return 0, timeUnreadable
	}
	if year < 1678 || year > 2261 {
		return 0, timeBeyond
	}
	t := (int64(daysSince1970(year, month, day))*24+int64(hour))*60 + int64(minute)
	return ((t-int64(offset))*60+int64(second))*1_000_000_000 + nanos, timeRead
}

func subsecond(b []byte) (nanos int64, rest []byte, ok bool) {
	if b[0] != '.' {
		return 0, b, true
	}
	n := 1
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	nanos, _ = fraction(b[1:n], 1_000_000_000)
	return nanos, b[n:], n > 1
}

// zone reads Z or an offset, in minutes east of UTC.
func zone(b []byte) (int, bool) {
	if len(b) == 1 {
		return 0, b[0] == 'Z' || b[0] == 'z'
	}
	if len(b) != 6 || b[3] != ':' || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	h, ok1 := digits(b[1:3])
	m, ok2 := digits(b[4:6])
	if b[0] == '-' {
		h, m = -h, -m
	}
	return h*60 + m, ok1 && ok2 && h >= -23 && h <= 23 && m >= -59 && m <= 59
}

func digits(b []byte) (int, bool) {
	n := 0
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func daysIn(year, month int) int {
	if month == 2 && leap(year) {
		return 29
	}
	return [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
}

// daysSince1970 counts with years that begin in March, so that the leap day is the
// last of its year.
func daysSince1970(year, month, day int) int {
	if month < 3 {
		year, month = year-1, month+12
	}
	return year*365 + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719468
}
