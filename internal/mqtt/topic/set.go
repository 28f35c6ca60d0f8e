package topic

import "sync/atomic"

// set is a small set of values that is read without a lock. The one writer
// appends behind what readers have seen and copies on removal. Beyond indexFrom
// values it keeps an index, so that a filter with very many values stays cheap to
// change: values then lie in pages, and a removal copies two of them.
type set[V comparable] struct {
	pages atomic.Pointer[[][]V]
	where map[V]int // the writer's: place of each value, once there are many
	count int       // the writer's
}

const (
	pageSize  = 256
	indexFrom = 32
)

func (s *set[V]) each(f func(V)) {
	pages := s.pages.Load()
	if pages == nil {
		return
	}
	for _, page := range *pages {
		for _, v := range page {
			f(v)
		}
	}
}

func (s *set[V]) empty() bool { return s.pages.Load() == nil }

func (s *set[V]) add(v V) bool {
	if s.place(v) >= 0 {
		return false
	}
	pages := s.copied(1)
	if s.count%pageSize == 0 {
		pages = append(pages, nil)
	}
	last := len(pages) - 1
	pages[last] = append(pages[last], v)
	s.publish(pages, s.count+1)
	s.learn(v)
	return true
}

// remove moves the last value into the gap.
func (s *set[V]) remove(v V) bool {
	at := s.place(v)
	if at < 0 {
		return false
	}
	delete(s.where, v)
	end := s.count - 1
	pages := s.copied(0)
	moved := pages[end/pageSize][end%pageSize]
	if at != end {
		page := append([]V(nil), pages[at/pageSize]...)
		page[at%pageSize] = moved
		pages[at/pageSize] = page
		if s.where != nil {
			s.where[moved] = at
		}
	}
	s.shorten(pages, end)
	return true
}

// shorten drops the last value. The page is copied: a later add must not write
// where a reader still reads.
func (s *set[V]) shorten(pages [][]V, count int) {
	last := count / pageSize
	if rest := count % pageSize; rest > 0 {
		pages[last] = append(make([]V, 0, rest+1), pages[last][:rest]...)
	} else {
		pages = pages[:last]
	}
	s.publish(pages, count)
}

func (s *set[V]) publish(pages [][]V, count int) {
	s.count = count
	if count == 0 {
		s.where = nil
		s.pages.Store(nil)
		return
	}
	s.pages.Store(&pages)
}

// copied returns a copy of the list of pages (not of the pages), with room.
func (s *set[V]) copied(room int) [][]V {
	var old [][]V
	if p := s.pages.Load(); p != nil {
		old = *p
	}
	return append(make([][]V, 0, len(old)+room), old...)
}

func (s *set[V]) place(v V) int {
	if s.where != nil {
		if at, ok := s.where[v]; ok {
			return at
		}
		return -1
	}
	if pages := s.pages.Load(); pages != nil {
		for at, have := range (*pages)[0] {
			if have == v {
				return at
			}
		}
	}
	return -1
}

// learn keeps the index in step with an added value, or builds it.
func (s *set[V]) learn(v V) {
	if s.where != nil {
		s.where[v] = s.count - 1
		return
	}
	if s.count <= indexFrom {
		return
	}
	s.where = make(map[V]int, 2*indexFrom)
	at := 0
	s.each(func(v V) { s.where[v] = at; at++ })
}
