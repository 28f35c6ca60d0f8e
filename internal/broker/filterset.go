package broker

import (
	"slices"
	"strings"
)

// filterSet is a client's subscriptions in the order of their filters. Most clients have
// one or two, for which a map takes 200 bytes more. nil is an empty one.
type filterSet struct{ sorted []*subscription }

func (f *filterSet) find(filter string) (at int, found bool) {
	if f == nil {
		return 0, false
	}
	return slices.BinarySearchFunc(f.sorted, filter, func(s *subscription, filter string) int { return strings.Compare(s.filter, filter) })
}

// get is the subscription to the filter, nil for none.
func (f *filterSet) get(filter string) *subscription {
	if at, found := f.find(filter); found {
		return f.sorted[at]
	}
	return nil
}

// put enters a subscription, in the place of one to the same filter, and returns the set.
func (f *filterSet) put(s *subscription) *filterSet {
	if f == nil {
		return &filterSet{[]*subscription{s}}
	}
	at, found := f.find(s.filter)
	if found {
		f.sorted[at] = s
	} else {
		f.sorted = slices.Insert(f.sorted, at, s)
	}
	return f
}

// remove takes the subscription to the filter out, if there is one.
func (f *filterSet) remove(filter string) {
	if at, found := f.find(filter); found {
		f.sorted = slices.Delete(f.sorted, at, at+1)
	}
}

// takeOut takes those out of which f is true, and returns them.
func (f *filterSet) takeOut(of func(*subscription) bool) (taken []*subscription) {
	if f == nil {
		return nil
	}
	f.sorted = slices.DeleteFunc(f.sorted, func(s *subscription) bool {
		is := of(s)
		if is {
			taken = append(taken, s)
		}
		return is
	})
	return taken
}

// list is all of them, to be read until the next change.
func (f *filterSet) list() []*subscription {
	if f == nil {
		return nil
	}
	return f.sorted
}

func (f *filterSet) len() int { return len(f.list()) }
