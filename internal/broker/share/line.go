package share

import "slices"

// line is items that wait for their turn. Its memory stays for those that come.
type line[M comparable] struct {
	all  []*item[M]
	head int // those before it have had their turn
}

func (l *line[M]) len() int { return len(l.all) - l.head }

// rest are those that wait, oldest first.
func (l *line[M]) rest() []*item[M] { return l.all[l.head:] }

func (l *line[M]) push(it *item[M]) {
	if l.head > len(l.all)/2 {
		l.all, l.head = slices.Delete(l.all, 0, l.head), 0
	}
	l.all = append(l.all, it)
}

// pop takes the first.
func (l *line[M]) pop() *item[M] {
	it := l.all[l.head]
	l.all[l.head] = nil
	l.head++
	return it
}

// remove takes those away for which f is true.
func (l *line[M]) remove(f func(*item[M]) bool) {
	l.all = slices.Delete(l.all, 0, l.head)
	l.all, l.head = slices.DeleteFunc(l.all, f), 0
}
