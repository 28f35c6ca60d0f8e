package view

import (
	"cmp"
	"slices"
	"strings"
)

// Rows collects a list of unknown length without moving what it has.
type Rows[T any] struct{ blocks [][]T }

const block = 256

// Add appends a row.
func (r *Rows[T]) Add(row T) {
	last := len(r.blocks) - 1
	if last < 0 || len(r.blocks[last]) == block {
		r.blocks = append(r.blocks, make([]T, 0, block))
		last++
	}
	r.blocks[last] = append(r.blocks[last], row)
}

// Together refers to the rows of all parts.
func Together[T any](parts []Rows[T]) (all []*T) {
	for _, p := range parts {
		for _, b := range p.blocks {
			for i := range b {
				all = append(all, &b[i])
			}
		}
	}
	return all
}

func by[T any, K cmp.Ordered](key func(*T) K) func(x, y *T) int {
	return func(x, y *T) int { return cmp.Compare(key(x), key(y)) }
}

// paged sorts by order, then by rest, and returns the page and how many rows there
// are. Without an order desc turns rest around.
func paged[T any](rows []*T, order func(x, y *T) int, desc bool, rest func(x, y *T) int, offset, limit int) ([]T, int) {
	sign := 1
	if desc {
		sign = -1
	}
	slices.SortFunc(rows, func(x, y *T) int {
		if c := order(x, y); c != 0 {
			return sign * c
		}
		return sign * rest(x, y)
	})
	from := min(max(offset, 0), len(rows))
	to := len(rows)
	if limit > 0 {
		to = min(from+limit, to)
	}
	page := make([]T, 0, to-from)
	for _, r := range rows[from:to] {
		page = append(page, *r)
	}
	return page, len(rows)
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
