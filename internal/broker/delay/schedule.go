package delay

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"github.com/millrace/millrace/internal/broker/heap"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// The limits when none are given.
const (
	DefaultMessages = 100_000
	DefaultBytes    = 64 << 20
)

// Entry is one message that waits. Its message is not changed any more.
type Entry struct {
	// ID names it; it is never 0.
	ID uint64
	// Due is when it is to be published, ns since 1970.
	Due     int64
	Message *msg.Message
}

// Schedule holds messages until they are due.
type Schedule struct {
	maxMessages, maxBytes int

	mu      sync.Mutex // guards what follows
	queue   heap.Heap[*waiting]
	byID    map[uint64]*waiting
	taken   map[uint64]Entry // due, and on their way
	bytes   int              // of all
	last    uint64
	changed []uint64 // identifiers of what has gone or come back; nil while nobody tracks them
}

// waiting is an entry and its place in the queue.
type waiting struct {
	Entry
	slot int
}

// Before is heap.Member's: by time, then by arrival.
func (w *waiting) Before(other *waiting) bool { return compare(w.Entry, other.Entry) < 0 }

// Slot is heap.Member's.
func (w *waiting) Slot() *int { return &w.slot }

// New returns an empty schedule that takes at most that many messages and bytes; 0
// is the default.
func New(messages, bytes int) *Schedule {
	return &Schedule{
		maxMessages: cmp.Or(messages, DefaultMessages), maxBytes: cmp.Or(bytes, DefaultBytes),
		byID: map[uint64]*waiting{}, taken: map[uint64]Entry{},
	}
}

// Add copies the message and holds it until due. Beyond the limits the error is
// fault.TooMany.
func (s *Schedule) Add(m *msg.Message, due int64) (id uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.queue.Len() + len(s.taken); n >= s.maxMessages || s.bytes+size(m) > s.maxBytes {
		return 0, fault.New(fault.TooMany, "The broker holds as many delayed messages as it may (%d, %d bytes).", n, s.bytes)
	}
	c := m.Clone()
	s.last++
	s.in(Entry{ID: s.last, Due: due, Message: &c})
	return s.last, nil
}

// Restore puts an entry back that was taken, or there when the process ended, whatever the
// limits are now. One that is there already is not put in again.
func (s *Schedule) Restore(e Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.land(e.ID)
	s.last = max(s.last, e.ID)
	if s.byID[e.ID] == nil {
		s.in(e)
		s.touch(e.ID)
	}
}

// touch notes that an entry has gone or come back; mu is held.
func (s *Schedule) touch(id uint64) {
	if s.changed != nil {
		s.changed = append(s.changed, id)
	}
}

// in puts an entry in; mu is held.
func (s *Schedule) in(e Entry) {
	w := &waiting{Entry: e}
	s.queue.Set(w)
	s.byID[w.ID] = w
	s.bytes += size(e.Message)
}

// Track begins to note which entries go or come back.
func (s *Schedule) Track() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = []uint64{}
}

// Change is an entry that has gone or come back; Message is nil when it has gone.
type Change Entry

// Changes appends to dst what has gone or come back since it was asked last. What Add
// put in is not among it.
func (s *Schedule) Changes(dst []Change) []Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.changed {
		c := Change{ID: id}
		if w := s.byID[id]; w != nil {
			c = Change(w.Entry)
		} else if e, ok := s.taken[id]; ok {
			c = Change(e)
		}
		dst = append(dst, c)
	}
	s.changed = s.changed[:0]
	return dst
}

// entryBytes is what an entry is counted as beside the bytes of its message.
const entryBytes = 256

func size(m *msg.Message) int {
	return len(m.Topic) + len(m.Payload) + len(m.Properties) + len(m.Publisher) + entryBytes
}

// Take takes the first message that is due at that time; ok is false when there is none.
// It is on its way until [Schedule.Done] or [Schedule.Restore].
func (s *Schedule) Take(now int64) (e Entry, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, ok := s.queue.First()
	if !ok || first.Due > now {
		return Entry{}, false
	}
	e = s.out(first)
	s.taken[e.ID] = e
	return e, true
}

// Done says that a message that was taken is published.
func (s *Schedule) Done(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.land(id) {
		s.touch(id)
	}
}

// land ends an entry's way; mu is held. false says that it is not on one.
func (s *Schedule) land(id uint64) bool {
	e, ok := s.taken[id]
	if ok {
		delete(s.taken, id)
		s.bytes -= size(e.Message)
	}
	return ok
}

// Remove takes a message out before its time; false says that there is none of that
// name.
func (s *Schedule) Remove(id uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.byID[id]
	if w != nil {
		s.bytes -= size(s.out(w).Message)
		s.touch(id)
	}
	return w != nil
}

// out takes w out of what waits; mu is held.
func (s *Schedule) out(w *waiting) Entry {
	s.queue.Remove(w)
	delete(s.byID, w.ID)
	return w.Entry
}

// List returns what waits, the first that is due first.
func (s *Schedule) List() []Entry {
	s.mu.Lock()
	all := make([]Entry, s.queue.Len())
	for i, w := range s.queue.All() {
		all[i] = w.Entry
	}
	s.mu.Unlock()
	slices.SortFunc(all, compare)
	return all
}

// Owed returns, in any order, what waits and what is on its way: a process that began with
// them now would publish them.
func (s *Schedule) Owed() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Collect(maps.Values(s.taken))
	for _, w := range s.queue.All() {
		all = append(all, w.Entry)
	}
	return all
}

// Len is how many messages wait, and the bytes of those and of what is on its way.
func (s *Schedule) Len() (messages, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.Len(), s.bytes
}

func compare(a, b Entry) int { return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.ID, b.ID)) }
