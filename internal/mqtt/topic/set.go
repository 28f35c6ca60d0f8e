package topic

import "sync/atomic"

// set is a small set of values that is read without a lock. The one writer
// appends behind what readers have seen and copies on removal. Beyond indexFrom
// values it keeps an index, so that a filter with very many values stays cheap to
// change: values then lie in pages, and a removal copies two of them. Most sets have
// one value, and there are as many of them as filters.
type set[V comparable] struct {
	all atomic.Pointer[values[V]] // nil when it is empty
}

// values are what a set holds at one time. nil are none.
type values[V comparable] struct {
	first []V      // the first page
	many  *many[V] // mostly nil
}

// many is what only a set of many values has.
type many[V comparable] struct {
	pages [][]V     // behind the first
	where map[V]int // the writer's: place of each value
}

const (
	pageSize  = 256
	indexFrom = 32
)

func (s *set[V]) each(f func(V)) { s.all.Load().each(f) }

func (a *values[V]) each(f func(V)) {
	if a == nil {
		return
	}
	for _, v := range a.first {
		f(v)
	}
	if a.many == nil {
		return
	}
	for _, page := range a.many.pages {
		for _, v := range page {
			f(v)
		}
	}
}

func (s *set[V]) empty() bool { return s.all.Load() == nil }

func (s *set[V]) add(v V) bool {
	a := s.all.Load()
	if a.place(v) >= 0 {
		return false
	}
	pages, count := a.copied(1)
	if count%pageSize == 0 {
		pages = append(pages, nil)
	}
	last := len(pages) - 1
	pages[last] = append(pages[last], v)
	s.publish(pages, a.learn(v, count))
	return true
}

// remove moves the last value into the gap.
func (s *set[V]) remove(v V) bool {
	a := s.all.Load()
	at := a.place(v)
	if at < 0 {
		return false
	}
	where := a.where()
	delete(where, v)
	pages, count := a.copied(0)
	end := count - 1
	moved := pages[end/pageSize][end%pageSize]
	if at != end {
		page := append([]V(nil), pages[at/pageSize]...)
		page[at%pageSize] = moved
		pages[at/pageSize] = page
		if where != nil {
			where[moved] = at
		}
	}
	s.publish(shortened(pages, end), where)
	return true
}

// shortened drops the last value. The page is copied: a later add must not write
// where a reader still reads.
func shortened[V comparable](pages [][]V, count int) [][]V {
	last := count / pageSize
	if rest := count % pageSize; rest > 0 {
		pages[last] = append(make([]V, 0, rest+1), pages[last][:rest]...)
		return pages
	}
	return pages[:last]
}

func (s *set[V]) publish(pages [][]V, where map[V]int) {
	if len(pages) == 0 {
		s.all.Store(nil)
		return
	}
	a := &values[V]{first: pages[0]}
	if where != nil {
		a.many = &many[V]{pages[1:], where}
	}
	s.all.Store(a)
}

// copied returns a copy of the list of pages (not of the pages), with room, and how many
// values they hold.
func (a *values[V]) copied(room int) (pages [][]V, count int) {
	if a == nil {
		return make([][]V, 0, room), 0
	}
	var more [][]V
	if a.many != nil {
		more = a.many.pages
	}
	pages = append(make([][]V, 0, 1+len(more)+room), a.first)
	pages = append(pages, more...)
	return pages, len(more)*pageSize + len(pages[len(more)])
}

func (a *values[V]) where() map[V]int {
	if a == nil || a.many == nil {
		return nil
	}
	return a.many.where
}

func (a *values[V]) place(v V) int {
	if where := a.where(); where != nil {
		if at, ok := where[v]; ok {
			return at
		}
		return -1
	}
	if a != nil {
		for at, have := range a.first {
			if have == v {
				return at
			}
		}
	}
	return -1
}

// learn returns the index with an added value; there is none of few values.
func (a *values[V]) learn(v V, at int) map[V]int {
	where := a.where()
	if where == nil && at < indexFrom {
		return nil
	}
	if where == nil {
		where = make(map[V]int, 2*indexFrom)
		a.each(func(v V) { where[v] = len(where) })
	}
	where[v] = at
	return where
}
