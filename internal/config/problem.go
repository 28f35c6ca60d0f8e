package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with the configuration.
type Problem struct {
	// Source is the file, the environment variable or the flag.
	Source string
	// File and Line say where, when the source is a file; lines count from 1.
	File string
	Line int
	// Key is the dotted key, as far as it is known.
	Key string
	// Message says what is wrong; it never holds a secret's value.
	Message string
	// Suggestion is the nearest valid key, written as the source writes keys.
	Suggestion string
}

// String is the problem in one line: place, key, message, suggestion.
func (p Problem) String() string {
	parts := make([]string, 0, 3)
	for _, s := range []string{p.place(), p.Key, p.Message} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	line := strings.Join(parts, ": ")
	if p.Suggestion != "" {
		line += fmt.Sprintf(" (did you mean %s?)", p.Suggestion)
	}
	return line
}

func (p Problem) place() string {
	if p.File != "" && p.Line > 0 {
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return p.Source
}

// Error is every problem of a configuration; Load returns no other error.
type Error struct{ Problems []Problem }

// Error lists the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Problem is one that was found with the value of a key, by whoever used it.
func (o *Origins) Problem(key, message string) Problem {
	at := o.placeOf(key)
	p := Problem{Source: at.name, Key: key, Message: message}
	if at.file {
		p.File, p.Line = at.name, at.line
	}
	return p
}

// sortProblems puts the file's problems first, by line, then the others by source.
func sortProblems(ps []Problem) {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			-cmp.Compare(len(a.File), len(b.File)),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Source, b.Source),
			cmp.Compare(a.Key, b.Key),
		)
	})
}

// nearest returns the valid key that the given one was most likely meant to be, or
// nothing. Keys that differ only in separators are the same; after these come the
// near siblings, then near keys anywhere, then the one key with that last part.
func nearest(given string, keys []string) string {
	if len(given) > 100 {
		return ""
	}
	for _, k := range keys {
		if squash(k) == squash(given) {
			return k
		}
	}
	parent, last := splitKey(given)
	if k := nearestBy(last, keys, func(k string) (string, bool) {
		p, l := splitKey(k)
		return l, p == parent
	}); k != "" {
		return k
	}
	if k := nearestBy(squash(given), keys, func(k string) (string, bool) { return squash(k), true }); k != "" {
		return k
	}
	return onlyWithLast(last, keys)
}

// nearestBy picks the key whose text, as of returns it, is nearest to the given
// text, within a third of its length.
func nearestBy(given string, keys []string, of func(key string) (string, bool)) string {
	best, bestDistance := "", max(1, (len(given)+1)/3)+1
	for _, k := range keys {
		text, ok := of(k)
		if !ok {
			continue
		}
		if d := distance(given, text); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

func onlyWithLast(last string, keys []string) string {
	var found []string
	for _, k := range keys {
		if _, l := splitKey(k); l == last {
			found = append(found, k)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

func splitKey(key string) (parent, last string) {
	cut := strings.LastIndexByte(key, '.')
	if cut < 0 {
		return "", key
	}
	return key[:cut], key[cut+1:]
}

// squash drops case and separators.
func squash(key string) string {
	return strings.NewReplacer(".", "", "_", "", "-", "").Replace(strings.ToLower(key))
}

// distance is the number of insertions, deletions, replacements and swaps of
// neighbours between two texts (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
