package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes, written 512, 64KiB, 1MiB, 10GiB, 2TiB or, in powers of
// ten, 10MB.
type Size int64

// Int64 returns the bytes.
func (s Size) Int64() int64 { return int64(s) }

var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1},
}

// String writes the size in the largest binary unit that divides it.
func (s Size) String() string {
	for _, u := range sizeUnits[:4] {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

var errSize = errors.New("wants a size such as 512, 64KiB, 1MiB or 10GiB")

// ParseSize reads a size; units are not case-sensitive.
func ParseSize(text string) (Size, error) {
	number, factor := strings.TrimSpace(text), int64(1)
	for _, u := range sizeUnits {
		if rest, ok := cutSuffixFold(number, u.name); ok {
			number, factor = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || n < 0 || n*float64(factor) >= math.MaxInt64 || number == "" || !isDigit(number[0]) {
		return 0, errSize
	}
	return Size(math.Round(n * float64(factor))), nil
}

func cutSuffixFold(s, suffix string) (string, bool) {
	cut := len(s) - len(suffix)
	if cut < 0 || !strings.EqualFold(s[cut:], suffix) {
		return s, false
	}
	return s[:cut], true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// The long units a duration may have beside Go's own. A year is 365 days.
const (
	day  = 24 * time.Hour
	week = 7 * day
	year = 365 * day
)

var longUnits = map[byte]time.Duration{'y': year, 'w': week, 'd': day}

var errDuration = errors.New("wants a duration such as 500ms, 5s, 12h or 30d")

// ParseDuration reads a duration as Go writes it, with y (365 days), w and d before
// the rest: 30d, 1d12h, 500ms. Zero needs no unit.
func ParseDuration(text string) (time.Duration, error) {
	rest, total := strings.TrimSpace(text), float64(0)
	for rest != "" && rest != "0" {
		end := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if end <= 0 || longUnits[rest[end]] == 0 {
			break
		}
		n, err := strconv.ParseFloat(rest[:end], 64)
		if err != nil {
			return 0, errDuration
		}
		total += n * float64(longUnits[rest[end]])
		rest = rest[end+1:]
		if rest == "" {
			rest = "0"
		}
	}
	short, err := time.ParseDuration(rest)
	if err != nil || total+float64(short) >= math.MaxInt64 {
		return 0, errDuration
	}
	return time.Duration(total) + short, nil
}

// formatDuration writes a duration as people do: 10y, 30d, 12h, 1m30s.
func formatDuration(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d%year == 0:
		return fmt.Sprintf("%dy", d/year)
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	}
	s := d.String()
	if rest, ok := strings.CutSuffix(s, "m0s"); ok {
		s = rest + "m"
	}
	if rest, ok := strings.CutSuffix(s, "h0m"); ok {
		return rest + "h"
	}
	return s
}
