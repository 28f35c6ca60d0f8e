package broker

import (
	"time"

	"github.com/millrace/millrace/internal/broker/heap"
	"github.com/millrace/millrace/internal/broker/loop"
)

// shortest is the least time for which a client is paused: clients at their rate
// must not wake the loop for every message.
const shortest = int64(5 * time.Millisecond)

// slowed are a loop's clients that are paused until a time. A timer wakes the loop
// when the first of them may go on.
type slowed struct {
	list  heap.Heap[*slowedClient]
	count uint64
	timer *time.Timer
}

// stop ends the timer. The loop has ended.
func (s *slowed) stop() {
	if s.timer != nil {
		s.timer.Stop()
	}
}

type slowedClient struct {
	until  int64
	place  uint64 // first come, first served
	handle loop.Handle
	slot   int
}

// wakeSlowed is posted when the first slowed client may go on: the turn that it
// brings sees to it.
type wakeSlowed struct{}

func (wakeSlowed) on(*worker) {} // Turn sees to it

// Before is heap.Member's.
func (k *slowedClient) Before(other *slowedClient) bool {
	return k.until < other.until || k.until == other.until && k.place < other.place
}

// Slot is heap.Member's.
func (k *slowedClient) Slot() *int { return &k.slot }

// slow reads the client no further until then.
func (w *worker) slow(c *client, until int64) {
	if c.slowed {
		return
	}
	c.slowed = true
	c.conn.Pause()
	s := &w.slowed
	s.count++
	s.list.Set(&slowedClient{until: max(until, w.loop.Steady()+shortest), place: s.count, handle: c.conn.Handle()})
	w.counts.slowed = int64(s.list.Len())
	w.armSlowed()
}

// armSlowed sets the timer for the first of the list.
func (w *worker) armSlowed() {
	s := &w.slowed
	first, ok := s.list.First()
	if !ok {
		return
	}
	d := max(time.Duration(first.until-w.loop.Steady()), time.Millisecond)
	if s.timer == nil {
		s.timer = time.AfterFunc(d, func() { w.loop.Post(wakeSlowed{}) })
		return
	}
	s.timer.Reset(d)
}

// readSlowed lets those go on whose time has come.
func (w *worker) readSlowed() {
	s, now := &w.slowed, w.loop.Steady()
	first, ok := s.list.First()
	if !ok || first.until > now {
		return
	}
	for ; ok && first.until <= now; first, ok = s.list.First() {
		s.list.Remove(first)
		if conn := w.loop.Conn(first.handle); conn != nil {
			c := clientOf(conn)
			c.slowed = false
			w.mayReadOn(c)
		}
	}
	w.counts.slowed = int64(s.list.Len())
	w.armSlowed()
}
