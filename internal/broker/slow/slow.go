// Package slow ranks the clients that take their messages late: of each client and
// topic the longest time that a message took, for the slowest few.
//
// The ranking is bounded: one that is slower takes the place of the least slow. Any
// goroutine may use it; whoever reports holds a short lock, and reports nothing but
// what is slow.
package slow

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/broker/heap"
)

// Subscriber is one place in the ranking.
type Subscriber struct {
	Client, Topic string
	Took          time.Duration // the longest
	Count         uint64        // messages that were slow
	At            time.Time     // of the last one
}

// The bounds when none are given.
const (
	DefaultTop = 100
	DefaultFor = 5 * time.Minute
)

// Ranking holds the slowest.
type Ranking struct {
	top  int
	keep time.Duration

	mu    sync.Mutex // guards all below
	ranks map[place]*rank
	least heap.Heap[*rank] // the least slow first
	old   time.Time        // before it none of them is too old
}

// rank is one of those that are remembered, and its place in the ranking: who is remembered
// makes room for who was slower, which is most of those that come when many come back at once.
type rank struct {
	Subscriber
	slot int
}

// Before is heap.Member's: the least slow is first, of several the one who was longest ago.
func (k *rank) Before(other *rank) bool {
	return k.Took < other.Took || k.Took == other.Took && k.At.Before(other.At)
}

// Slot is heap.Member's.
func (k *rank) Slot() *int { return &k.slot }

type place struct{ client, topic string }

// New returns a ranking of the slowest top, each of them kept for that long after it
// was last slow; 0 is the default.
func New(top int, keep time.Duration) *Ranking {
	return &Ranking{top: cmp.Or(top, DefaultTop), keep: cmp.Or(keep, DefaultFor), ranks: map[place]*rank{}}
}

// Add notes that a message to the client took that long.
func (r *Ranking) Add(client, topic string, took time.Duration, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.place(client, topic, took, at); s != nil {
		s.Took, s.At = max(s.Took, took), at
		s.Count++
		r.least.Set(s)
	}
}

// Note is Add for a client that is slow at the moment: its message has taken that
// long so far, or for that long it has not read what it was sent. missed is how many
// messages are to be counted.
func (r *Ranking) Note(client, topic string, took time.Duration, at time.Time, missed uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.place(client, topic, took, at)
	if s == nil {
		return
	}
	s.Took, s.At = max(s.Took, took), at
	s.Count = max(s.Count+missed, 1)
	r.least.Set(s)
}

// place is the client's place, a new one when it has to be; nil when others were slower.
func (r *Ranking) place(client, topic string, took time.Duration, at time.Time) *rank {
	k := place{client, topic}
	s := r.ranks[k]
	if s == nil && (len(r.ranks) < r.top || r.makeRoom(took, at)) {
		s = &rank{Subscriber: Subscriber{Client: client, Topic: topic, Took: took, At: at}}
		r.ranks[k] = s
		r.least.Set(s)
	}
	return s
}

// makeRoom takes away what is too old or else what was less slow.
func (r *Ranking) makeRoom(took time.Duration, now time.Time) bool {
	r.expire(now)
	if len(r.ranks) < r.top {
		return true
	}
	least, ok := r.least.First()
	if !ok || least.Took >= took {
		return false
	}
	r.remove(least)
	return true
}

func (r *Ranking) remove(s *rank) {
	r.least.Remove(s)
	delete(r.ranks, place{s.Client, s.Topic})
}

// expire looks at all only when one may be too old.
func (r *Ranking) expire(now time.Time) {
	if now.Before(r.old) {
		return
	}
	r.old = now.Add(r.keep)
	for _, s := range r.ranks {
		if ends := s.At.Add(r.keep); !ends.After(now) {
			r.remove(s)
		} else if ends.Before(r.old) {
			r.old = ends
		}
	}
}

// List returns the ranking, the slowest first.
func (r *Ranking) List(now time.Time) []Subscriber {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire(now)
	list := make([]Subscriber, 0, len(r.ranks))
	for _, s := range r.ranks {
		list = append(list, s.Subscriber)
	}
	slices.SortFunc(list, func(x, y Subscriber) int {
		return cmp.Or(cmp.Compare(y.Took, x.Took), strings.Compare(x.Client, y.Client), strings.Compare(x.Topic, y.Topic))
	})
	return list
}

// Clear begins afresh.
func (r *Ranking) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.ranks)
	r.least = heap.Heap[*rank]{}
}
