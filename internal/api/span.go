package api

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// The times that nanoseconds since 1970 can write, with room to add to them.
var (
	earliest = time.Date(1700, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2250, 1, 1, 0, 0, 0, 0, time.UTC)
)

// parseSpan reads a span of time: what time.ParseDuration reads, and whole or
// decimal days and weeks ("7d", "2w").
func parseSpan(s string) (time.Duration, error) {
	for unit, length := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		number, ok := strings.CutSuffix(s, unit)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || math.IsNaN(n) || math.Abs(n) > float64(math.MaxInt64/length) {
			return 0, fault.New(fault.Invalid, "%q is no span of time such as 30s, 15m, 2h or 7d.", s)
		}
		return time.Duration(n * float64(length)), nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fault.New(fault.Invalid, "%q is no span of time such as 30s, 15m, 2h or 7d.", s)
	}
	return d, nil
}

// parseTime reads RFC 3339, milliseconds since 1970, "now", or a span relative to
// now ("-1h").
func parseTime(s string, now time.Time) (time.Time, error) {
	t, err := readTime(s, now)
	if err != nil || t.Before(earliest) || t.After(latest) {
		return t, fault.New(fault.Invalid, "%q is no time: write RFC 3339, milliseconds since 1970, now, or relative such as -1h (years 1700 to 2250).", s)
	}
	return t, nil
}

func readTime(s string, now time.Time) (time.Time, error) {
	if s == "now" {
		return now, nil
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC(), nil
	}
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") {
		d, err := parseSpan(s)
		return now.Add(d), err
	}
	return time.Parse(time.RFC3339Nano, s)
}

// parseBucket reads the width of buckets; "", "0", "none" and "raw" ask for raw
// samples.
func parseBucket(s string) (time.Duration, error) {
	switch s {
	case "", "0", "none", "raw":
		return 0, nil
	}
	d, err := parseSpan(s)
	if err != nil || d < time.Millisecond || d > 366*24*time.Hour {
		return 0, fault.New(fault.Invalid, "The bucket %q is no span between 1ms and 366d such as 10s; 0 asks for raw samples.", s)
	}
	return d, nil
}
