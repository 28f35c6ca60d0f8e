package backlog

import (
	"slices"
	"sort"

	"github.com/millrace/millrace/internal/msg"
)

// Tally is a number of messages and their bytes.
type Tally struct{ Messages, Bytes int64 }

// Plus is the sum of the two.
func (t Tally) Plus(o Tally) Tally { return Tally{t.Messages + o.Messages, t.Bytes + o.Bytes} }

// Minus is the difference of the two.
func (t Tally) Minus(o Tally) Tally { return Tally{t.Messages - o.Messages, t.Bytes - o.Bytes} }

// Mark is a place in a stream.
type Mark struct {
	// At is the place: what lies before it was counted before the mark.
	At msg.Position
	// Time is of the newest message before it, ns since 1970.
	Time int64

	number int32 // they rise; the older have lower ones
}

// Ledger is one loop's counts. Its zero value is empty and ready.
type Ledger struct {
	filters map[string]*Filter
	books   []book // by stream number less one
}

// book is what a ledger has of one stream.
type book struct {
	marks   []Mark
	last    int32     // number of the newest
	changed []*Filter // since then
}

// Filter is the sums of one topic filter.
type Filter struct {
	// Seen is for whoever collects filters and wants each once.
	Seen uint64

	name     string
	users    int
	accounts []account // by stream number less one
}

// account is a filter's sum in one stream, and what it was at the marks where it had
// changed since the mark before. It is counted from the filter's begin, so before that
// it may be less than nothing.
type account struct {
	total   Tally
	changed bool
	past    []past
}

type past struct {
	mark  int32
	total Tally
}

// Use returns the filter of that name, for one more subscription; alone makes one that
// begins at nothing and that no other subscription gets.
func (l *Ledger) Use(name string, alone bool) *Filter {
	if alone {
		return &Filter{users: 1}
	}
	f := l.filters[name]
	if f == nil {
		f = &Filter{name: name}
		if l.filters == nil {
			l.filters = map[string]*Filter{}
		}
		l.filters[name] = f
	}
	f.users++
	return f
}

// Len is how many filters there are that subscriptions share.
func (l *Ledger) Len() int { return len(l.filters) }

// Drop says that one subscription less has the filter.
func (l *Ledger) Drop(f *Filter) {
	if f.users--; f.users == 0 && f.name != "" {
		delete(l.filters, f.name)
	}
}

func (l *Ledger) book(stream uint8) *book {
	for int(stream) > len(l.books) {
		l.books = append(l.books, book{})
	}
	return &l.books[stream-1]
}

func (f *Filter) account(stream uint8) *account {
	if int(stream) > len(f.accounts) {
		f.accounts = append(f.accounts, make([]account, int(stream)-len(f.accounts))...)
	}
	return &f.accounts[stream-1]
}

// Count adds a message to the filter's sums.
func (l *Ledger) Count(f *Filter, stream uint8, bytes int) {
	a := f.account(stream)
	a.total.Messages++
	a.total.Bytes += int64(bytes)
	if !a.changed {
		a.changed = true
		b := l.book(stream)
		b.changed = append(b.changed, f)
	}
}

// Total is the sum of the filters in the stream as it is now.
func Total(filters []*Filter, stream uint8) (sum Tally) {
	for _, f := range filters {
		if int(stream) <= len(f.accounts) {
			sum = sum.Plus(f.accounts[stream-1].total)
		}
	}
	return sum
}

// MostMarks is how many marks a ledger keeps of a stream; then every other goes.
const MostMarks = 128

// Mark takes a mark: everything before the place was counted, nothing from there on.
func (l *Ledger) Mark(stream uint8, at msg.Position, time int64) {
	b := l.book(stream)
	b.last++
	b.marks = append(b.marks, Mark{at, time, b.last})
	if len(b.marks) > MostMarks {
		b.marks = thin(b.marks)
	}
	for i, f := range b.changed {
		a := f.account(stream)
		a.changed = false
		a.past = append(a.past, past{b.last, a.total})
		if len(a.past) > 2*MostMarks {
			a.compact(b.marks)
		}
		b.changed[i] = nil
	}
	b.changed = b.changed[:0]
}

// thin lets every other go, and not the newest.
func thin[T any](marks []T) []T {
	kept, last := marks[:0], len(marks)-1
	for i := 1; i < last; i += 2 {
		kept = append(kept, marks[i])
	}
	return append(kept, marks[last])
}

// compact keeps of the sums what the marks need that are left.
func (a *account) compact(marks []Mark) {
	var kept []past
	for _, m := range marks {
		if i := a.find(m.number); i >= 0 && (len(kept) == 0 || kept[len(kept)-1].mark != a.past[i].mark) {
			kept = append(kept, a.past[i])
		}
	}
	a.past = kept
}

// find is the place of the newest sum up to that mark, -1 for none.
func (a *account) find(mark int32) int {
	return sort.Search(len(a.past), func(i int) bool { return a.past[i].mark > mark }) - 1
}

// Forget lets the marks go at and before the place: nobody stands there any more.
func (l *Ledger) Forget(stream uint8, upTo msg.Position) {
	b := l.book(stream)
	b.marks = slices.Delete(b.marks, 0, sort.Search(len(b.marks), func(i int) bool { return b.marks[i].At.Compare(upTo) > 0 }))
}

// at is the sum of the filters at a mark.
func at(filters []*Filter, stream uint8, m *Mark) (sum Tally) {
	for _, f := range filters {
		if int(stream) > len(f.accounts) {
			continue
		}
		a := &f.accounts[stream-1]
		if i := a.find(m.number); i >= 0 {
			sum = sum.Plus(a.past[i].total)
		}
	}
	return sum
}

// At is nearly the sum of the filters at a place: that of the newest mark up to it, or of
// the oldest one.
func (l *Ledger) At(stream uint8, filters []*Filter, place msg.Position) Tally {
	b := l.book(stream)
	i := sort.Search(len(b.marks), func(i int) bool { return b.marks[i].At.Compare(place) > 0 })
	if i == 0 {
		return Tally{}
	}
	return at(filters, stream, &b.marks[i-1])
}

// Precede takes over what another ledger has counted of the stream up to where this one
// began.
func (l *Ledger) Precede(stream uint8, older *Ledger) {
	b, o := l.book(stream), book{}
	if int(stream) <= len(older.books) {
		o = older.books[stream-1]
	}
	shift := o.last + 1
	var marks []Mark
	for _, m := range o.marks {
		m.number -= shift
		marks = append(marks, m)
	}
	if b.marks = append(marks, b.marks...); len(b.marks) > MostMarks {
		b.marks = thin(b.marks)
	}
	for name, f := range l.filters {
		g := older.filters[name]
		if g == nil || int(stream) > len(g.accounts) {
			continue
		}
		before, a := &g.accounts[stream-1], f.account(stream)
		var sums []past
		for _, p := range before.past {
			sums = append(sums, past{p.mark - shift, p.total.Minus(before.total)})
		}
		if len(sums) == 0 || sums[0].mark > -o.last { // what it was at the oldest marks
			sums = append([]past{{-shift, Tally{}.Minus(before.total)}}, sums...)
		}
		a.past = append(sums, a.past...)
	}
}
