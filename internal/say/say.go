// Package say holds the sentences that the node says to people: in English, and by a code
// with values, from which a program says the same in other words.
//
// A phrase stands where it is said, in a variable of its package. Its code stays, as those
// of faults do; {0}, {1} in its English stand for the values.
package say

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Phrase is a sentence, or a part of one.
type Phrase struct {
	Code    string
	English string
	// One is the English for the number 1 as first value; empty is the same.
	One string
}

var phrases []Phrase

// New is a phrase that stays under its code. It is called for variables of packages alone.
func New(code, english string) Phrase { return add(Phrase{Code: code, English: english}) }

// Counted is a phrase whose first value is a number, which may be one.
func Counted(code, one, english string) Phrase {
	return add(Phrase{Code: code, English: english, One: one})
}

func add(p Phrase) Phrase {
	if slices.ContainsFunc(phrases, func(other Phrase) bool { return other.Code == p.Code }) {
		panic("say: two phrases have the code " + p.Code)
	}
	phrases = append(phrases, p)
	return p
}

// All are the phrases of the packages that the program has.
func All() []Phrase { return slices.Clone(phrases) }

// Said is a phrase with its values: texts, numbers (int), spans, sizes, times, fault codes,
// and other phrases with theirs. The zero value says nothing.
type Said struct {
	Phrase
	Values []any
}

// With says the phrase with these values.
func (p Phrase) With(values ...any) Said { return Said{p, values} }

// String says it in English.
func (s Said) String() string {
	text := s.English
	if n, ok := first(s.Values); ok && n == 1 && s.One != "" {
		text = s.One
	}
	var places []string
	for i, v := range s.Values {
		places = append(places, "{"+strconv.Itoa(i)+"}", english(v))
	}
	return strings.NewReplacer(places...).Replace(text)
}

func first(values []any) (n int, ok bool) {
	if len(values) > 0 {
		n, ok = values[0].(int)
	}
	return n, ok
}

func english(v any) string {
	switch v := v.(type) {
	case fault.Code:
		return fmt.Sprintf("%s (%v, %s)", strings.ToLower(v.Title()[:1])+v.Title()[1:], v, v.Quote())
	case time.Time:
		return v.Local().Format(time.DateTime)
	}
	return fmt.Sprint(v)
}

// Size is a number of bytes.
type Size int64

// String says it in the largest unit of which there is one.
func (s Size) String() string {
	if s < 1<<10 {
		return fmt.Sprintf("%d B", int64(s))
	}
	n, units := float64(s)/(1<<10), []string{"KiB", "MiB", "GiB", "TiB"}
	for n >= 1<<10 && len(units) > 1 {
		n, units = n/(1<<10), units[1:]
	}
	return fmt.Sprintf("%.1f %s", n, units[0])
}

// Span is a time span in ns; one below zero is none.
type Span int64

// Seconds is its length.
func (s Span) Seconds() float64 { return time.Duration(max(s, 0)).Seconds() }

// String says it in words.
func (s Span) String() string {
	d := time.Duration(max(s, 0))
	switch {
	case d < time.Second:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	d = d.Round(time.Second)
	if d < time.Hour {
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}
