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

	mu    sync.Mutex
	ranks map[place]*Subscriber // mu guards it
}

type place struct{ client, topic string }

// New returns a ranking of the slowest top, each of them kept for that long after it
// was last slow; 0 is the default.
func New(top int, keep time.Duration) *Ranking {
	return &Ranking{top: cmp.Or(top, DefaultTop), keep: cmp.Or(keep, DefaultFor), ranks: map[place]*Subscriber{}}
}

// Add notes that a message to the client took that long.
func (r *Ranking) Add(client, topic string, took time.Duration, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.place(client, topic, took, at); s != nil {
		s.Took, s.At = max(s.Took, took), at
		s.Count++
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
}

// place is the client's place in the ranking; nil when it is not slow enough for one.
func (r *Ranking) place(client, topic string, took time.Duration, at time.Time) *Subscriber {
	k := place{client, topic}
	s := r.ranks[k]
	if s == nil && (len(r.ranks) < r.top || r.makeRoom(took, at)) {
		s = &Subscriber{Client: client, Topic: topic}
		r.ranks[k] = s
	}
	return s
}

// makeRoom gives up those that are too old, else the least slow one, if it is less
// slow than took.
func (r *Ranking) makeRoom(took time.Duration, now time.Time) bool {
	r.expire(now)
	if len(r.ranks) < r.top {
		return true
	}
	var least place
	var s *Subscriber
	for k, have := range r.ranks {
		if s == nil || have.Took < s.Took || have.Took == s.Took && have.At.Before(s.At) {
			least, s = k, have
		}
	}
	if s.Took >= took {
		return false
	}
	delete(r.ranks, least)
	return true
}

func (r *Ranking) expire(now time.Time) {
	for k, s := range r.ranks {
		if now.Sub(s.At) >= r.keep {
			delete(r.ranks, k)
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
		list = append(list, *s)
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
}
