package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parse reads a scalar's text.
func parse(k kind, s string) (any, error) {
	switch k {
	case secret:
		return NewSecret(s), nil
	case number:
		n, err := strconv.Atoi(strings.ReplaceAll(strings.TrimSpace(s), "_", ""))
		if err != nil {
			return nil, fmt.Errorf("wants a whole number")
		}
		return n, nil
	case truth:
		if s != "true" && s != "false" {
			return nil, fmt.Errorf("wants true or false")
		}
		return s == "true", nil
	case duration:
		return ParseDuration(s)
	case size:
		return ParseSize(s)
	}
	return s, nil
}

// bounds returns what is wrong with a value that was read well, or nothing.
func (f *field) bounds(v any, s string) string {
	if f.kind == text || f.kind == secret {
		return f.textBounds(s)
	}
	if f.min != "" {
		low, _ := parse(f.kind, f.min)
		switch {
		case !less(v, low) || f.zero != "" && reflect.ValueOf(v).IsZero():
		case f.zero != "":
			return fmt.Sprintf("is %s; it wants %s at least, or 0 for %s", s, f.min, f.zero)
		default:
			return fmt.Sprintf("is %s, less than the least allowed, %s", s, f.min)
		}
	}
	if f.max != "" {
		if high, _ := parse(f.kind, f.max); less(high, v) {
			return fmt.Sprintf("is %s, more than the most allowed, %s", s, f.max)
		}
	}
	return ""
}

// listBounds returns what is wrong with the number of items in a list, or nothing.
func (f *field) listBounds(n int) string {
	low, _ := strconv.Atoi(f.min)
	high, _ := strconv.Atoi(f.max)
	switch {
	case n == 0 && low > 0:
		return fmt.Sprintf("is empty; it wants %d item at least", low)
	case f.max != "" && n > high:
		return fmt.Sprintf("has %d items; %d are allowed", n, high)
	}
	return ""
}

// itemBounds returns what is wrong with one text of a list, or nothing.
func (f *field) itemBounds(s string) string {
	if low, _ := strconv.Atoi(f.itemMin); utf8.RuneCountInString(s) < low {
		return "must not be empty"
	}
	return ""
}

func less(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	return x.CanInt() && y.CanInt() && x.Int() < y.Int()
}

// textBounds leaves an empty text alone where empty is the default.
func (f *field) textBounds(s string) string {
	n := utf8.RuneCountInString(s)
	low, _ := strconv.Atoi(f.min)
	high, _ := strconv.Atoi(f.max)
	switch {
	case n == 0 && f.def == "" && !f.required:
		return ""
	case n == 0 && (low > 0 || f.required):
		return "must not be empty"
	case n < low:
		return fmt.Sprintf("has to have %d characters at least", low)
	case f.max != "" && n > high:
		return fmt.Sprintf("may have %d characters at most", high)
	case len(f.enum) > 0 && !slices.Contains(f.enum, s):
		return f.notIn(s)
	case f.pattern != nil && n > 0 && !f.pattern.MatchString(s):
		return fmt.Sprintf("is %q, which does not match %s", shorten(s), f.pattern)
	case strings.ContainsRune(s, 0):
		return "must not hold a NUL character"
	}
	return ""
}

func (f *field) notIn(s string) string {
	message := fmt.Sprintf("wants one of %s, found %q", strings.Join(f.enum, ", "), shorten(s))
	if k := nearestBy(strings.ToLower(s), f.enum, func(e string) (string, bool) { return e, len(s) < 100 }); k != "" {
		message += fmt.Sprintf(", did you mean %s?", k)
	}
	return message
}
