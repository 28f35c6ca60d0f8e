// Package refused remembers who was turned away and why, for a day and within
// bounds: what a stranger does to be refused costs the node no more than that.
//
// The same client, refused for the same reason from the same address, is one
// [Refusal] with a count. An address that fills its share of the room is told apart
// by reason only from then on; beyond all room the oldest goes. Any goroutine may
// use a [Store]; adding to one takes a short lock and never waits for a reader.
package refused

import (
	"cmp"
	"container/list"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/say"
)

// Refusal is why somebody was refused, how often, and when first and last.
type Refusal struct {
	At, LastAt time.Time
	Count      uint64
	// Client is empty when it did not come as far as CONNECT, or for the rest of an
	// address that was refused under very many identifiers.
	Client, User string
	Address      netip.Addr // not valid for a Unix socket
	Listener     string
	Admitted     bool // it had been let in: it was closed, or not allowed something
	Code         fault.Code
	Text         string
}

// The bounds when none are given.
const (
	DefaultMost = 10_000
	DefaultFor  = 24 * time.Hour
)

// addressShare is which part of the room one address may fill.
const addressShare = 10

// longest bounds each text of a refusal, in bytes.
const longest = 256

// Store holds refusals. Its zero value is not usable; see New.
type Store struct {
	most int
	keep time.Duration

	mu       sync.Mutex
	entries  map[key]*list.Element // mu guards what follows
	order    *list.List            // of *Refusal, the longest ago first
	byOrigin map[netip.Addr]int
	shards   shards // which of them are to be kept
}

type key struct {
	client   string
	address  netip.Addr
	code     fault.Code
	admitted bool
}

func keyOf(r *Refusal) key { return key{r.Client, r.Address, r.Code, r.Admitted} }

// New returns a store of at most that many refusals, each kept for that long after
// it happened last; 0 is the default.
func New(most int, keep time.Duration) *Store {
	return &Store{most: cmp.Or(most, DefaultMost), keep: cmp.Or(keep, DefaultFor),
		entries: map[key]*list.Element{}, order: list.New(), byOrigin: map[netip.Addr]int{},
		shards: newShards(cmp.Or(most, DefaultMost))}
}

// Add remembers a refusal that happened at r.At.
func (s *Store) Add(r Refusal) {
	r.Client, r.User, r.Text = cut(r.Client), cut(r.User), cut(r.Text)
	r.LastAt, r.Count = r.At, 1
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(r.At)
	if s.again(&r) {
		return
	}
	if s.byOrigin[r.Address] >= max(s.most/addressShare, 1) {
		r.Client, r.User = "", ""
		if s.again(&r) {
			return
		}
	}
	s.enter(&r)
	s.shards.touch(keyOf(&r))
}

func (s *Store) enter(r *Refusal) {
	if len(s.entries) >= s.most {
		s.remove(s.order.Front())
	}
	s.entries[keyOf(r)] = s.order.PushBack(r)
	s.byOrigin[r.Address]++
}

// again counts a refusal that is known.
func (s *Store) again(r *Refusal) bool {
	e := s.entries[keyOf(r)]
	if e == nil {
		return false
	}
	old := e.Value.(*Refusal)
	old.Count++
	old.LastAt, old.Text, old.User, old.Listener = r.At, r.Text, r.User, r.Listener
	s.order.MoveToBack(e)
	s.shards.touch(keyOf(old))
	return true
}

func (s *Store) expire(now time.Time) {
	for e := s.order.Front(); e != nil && now.Sub(e.Value.(*Refusal).LastAt) >= s.keep; e = s.order.Front() {
		s.remove(e)
	}
}

func (s *Store) remove(e *list.Element) {
	r := s.order.Remove(e).(*Refusal)
	delete(s.entries, keyOf(r))
	s.shards.touch(keyOf(r))
	if s.byOrigin[r.Address]--; s.byOrigin[r.Address] == 0 {
		delete(s.byOrigin, r.Address)
	}
}

// cut shortens a text at a character's end.
func cut(s string) string {
	return strings.Clone(say.Cut(s, longest))
}

// Query asks for refusals. Empty fields match everything.
type Query struct {
	Since         time.Time
	Kind          Kind
	Reason        string // the code's word
	Client        string // what identifiers begin with
	Address       string // what addresses begin with
	User          string
	Admitted      *bool  // nil is either
	Search        string // what client, user, address or text contain, letter case ignored
	Sort          string // lastAt, at, count, client, user, address or reason
	Desc          bool
	Offset, Limit int
}

// List returns the refusals that match, sorted, and how many match in all.
func (s *Store) List(q Query, now time.Time) (page []Refusal, count int) {
	all := s.matching(&q, now)
	order, sign := q.order(), 1
	if q.Desc {
		sign = -1
	}
	slices.SortStableFunc(all, func(x, y Refusal) int { return sign * order(&x, &y) })
	from := min(max(q.Offset, 0), len(all))
	to := len(all)
	if q.Limit > 0 {
		to = min(from+q.Limit, to)
	}
	return all[from:to], len(all)
}

func (s *Store) matching(q *Query, now time.Time) (all []Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	for e := s.order.Front(); e != nil; e = e.Next() {
		if r := e.Value.(*Refusal); q.matches(r) {
			all = append(all, *r)
		}
	}
	return all
}

func (q *Query) matches(r *Refusal) bool {
	return !r.LastAt.Before(q.Since) &&
		(q.Kind == "" || q.Kind == KindOf(r.Code)) &&
		(q.Reason == "" || q.Reason == r.Code.String()) &&
		strings.HasPrefix(r.Client, q.Client) &&
		(q.User == "" || q.User == r.User) &&
		(q.Admitted == nil || *q.Admitted == r.Admitted) &&
		(q.Address == "" || strings.HasPrefix(r.From(), q.Address)) &&
		(q.Search == "" || r.contains(strings.ToLower(q.Search)))
}

// From is the address as people write it, empty for a Unix socket.
func (r *Refusal) From() string {
	if !r.Address.IsValid() {
		return ""
	}
	return r.Address.String()
}

func (r *Refusal) contains(part string) bool {
	for _, text := range []string{r.Client, r.User, r.From(), r.Text} {
		if strings.Contains(strings.ToLower(text), part) {
			return true
		}
	}
	return false
}

func (q *Query) order() func(x, y *Refusal) int {
	switch q.Sort {
	case "at":
		return func(x, y *Refusal) int { return x.At.Compare(y.At) }
	case "count":
		return func(x, y *Refusal) int { return cmp.Compare(x.Count, y.Count) }
	case "client":
		return func(x, y *Refusal) int { return strings.Compare(x.Client, y.Client) }
	case "user":
		return func(x, y *Refusal) int { return strings.Compare(x.User, y.User) }
	case "address":
		return func(x, y *Refusal) int { return x.Address.Compare(y.Address) }
	case "reason":
		return func(x, y *Refusal) int { return strings.Compare(x.Code.String(), y.Code.String()) }
	}
	return func(x, y *Refusal) int { return x.LastAt.Compare(y.LastAt) }
}
