// Package watch has the onlookers inside the node: who watches sees messages and counts as
// nobody's receiver. A [Watch] never slows the broker: what its reader does not take in time
// is dropped and counted. Any goroutine may offer it messages; a copy of each is the reader's.
package watch

import (
	"sync"
	"sync/atomic"

	"github.com/millrace/millrace/internal/msg"
)

// Watch is one onlooker.
type Watch struct {
	limit   int // bytes
	dropped atomic.Uint64

	mu      sync.Mutex
	gone    func()
	ch      chan msg.Message // guarded for sending against closing
	waiting sizes            // of what is in ch, or was when it was last offered something
	closed  bool
	slab    []byte // what the next copies are put into
}

const (
	// slabBytes is how many bytes of copies are made room for at a time: a reader that
	// keeps one message keeps them. Larger messages than slabShare have their own.
	slabBytes = 4 << 10
	slabShare = 512
)

// New is for a reader for whom up to buffer messages wait, and up to limit bytes of them, at
// least one message. gone is called when it is closed.
func New(buffer, limit int, gone func()) *Watch {
	return &Watch{limit: limit, gone: gone, ch: make(chan msg.Message, max(buffer, 1))}
}

// C delivers the messages, each a copy of the reader's own, those of one
// publisher in order. It is closed by Close.
func (w *Watch) C() <-chan msg.Message { return w.ch }

// Dropped is how many messages the reader was too slow for.
func (w *Watch) Dropped() uint64 { return w.dropped.Load() }

// Close ends the watch.
func (w *Watch) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.closed = true
	w.gone()
	close(w.ch)
}

// Offer gives the reader a copy of m; false says that there was no room.
func (w *Watch) Offer(m *msg.Message) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return true
	}
	// Only here is sent, so the reader can but make what waits less meanwhile.
	w.waiting.keep(len(w.ch))
	size := m.Bytes()
	if w.waiting.count == cap(w.ch) || w.waiting.count > 0 && w.waiting.bytes+size > w.limit {
		w.dropped.Add(1)
		return false
	}
	w.waiting.push(size)
	w.ch <- w.copied(m, size)
	return true
}

// copied is m in memory that belongs to the reader; w.mu is held.
func (w *Watch) copied(m *msg.Message, size int) (c msg.Message) {
	if size > slabShare {
		return m.Clone()
	}
	if cap(w.slab)-len(w.slab) < size {
		w.slab = make([]byte, 0, slabBytes)
	}
	c, w.slab = m.CloneTo(w.slab)
	return c
}

// sizes are the sizes of a channel's messages, oldest first, in a ring. Its zero
// value is empty.
type sizes struct {
	ring               []int
	head, count, bytes int
}

func (s *sizes) push(size int) {
	if s.count == len(s.ring) {
		grown := make([]int, max(16, 2*len(s.ring)))
		for i := range s.count {
			grown[i] = s.ring[(s.head+i)%len(s.ring)]
		}
		s.ring, s.head = grown, 0
	}
	s.ring[(s.head+s.count)%len(s.ring)] = size
	s.count++
	s.bytes += size
}

// keep forgets the oldest until n are left.
func (s *sizes) keep(n int) {
	for s.count > n {
		s.bytes -= s.ring[s.head]
		s.head = (s.head + 1) % len(s.ring)
		s.count--
	}
}
