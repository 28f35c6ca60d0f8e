package broker

import (
	heaps "container/heap"
	"time"

	"github.com/millrace/millrace/internal/broker/loop"
)

// shortest is the least time for which a client is paused: clients at their rate
// must not wake the loop for every message.
const shortest = int64(5 * time.Millisecond)

// slowed are a loop's clients that are paused until a time. A timer wakes the loop
// when the first of them may go on.
type slowed struct {
	list  slowedHeap
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
}

// wakeSlowed is posted when the first slowed client may go on: the turn that it
// brings sees to it.
type wakeSlowed struct{}

func (wakeSlowed) on(*worker) {} // Turn sees to it

type slowedHeap []slowedClient

func (h slowedHeap) Len() int      { return len(h) }
func (h slowedHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h slowedHeap) Less(i, j int) bool {
	return h[i].until < h[j].until || h[i].until == h[j].until && h[i].place < h[j].place
}
func (h *slowedHeap) Push(x any) { *h = append(*h, x.(slowedClient)) }
func (h *slowedHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// slow reads the client no further until then.
func (w *worker) slow(c *client, until int64) {
	if c.slowed {
		return
	}
	c.slowed = true
	c.conn.Pause()
	s := &w.slowed
	s.count++
	heaps.Push(&s.list, slowedClient{max(until, w.loop.Steady()+shortest), s.count, c.conn.Handle()})
	w.counts.slowed = int64(len(s.list))
	w.armSlowed()
}

// armSlowed sets the timer for the first of the list.
func (w *worker) armSlowed() {
	s := &w.slowed
	if len(s.list) == 0 {
		return
	}
	d := max(time.Duration(s.list[0].until-w.loop.Steady()), time.Millisecond)
	if s.timer == nil {
		s.timer = time.AfterFunc(d, func() { w.loop.Post(wakeSlowed{}) })
		return
	}
	s.timer.Reset(d)
}

// readSlowed lets those go on whose time has come.
func (w *worker) readSlowed() {
	s, now := &w.slowed, w.loop.Steady()
	if len(s.list) == 0 || s.list[0].until > now {
		return
	}
	for len(s.list) > 0 && s.list[0].until <= now {
		first := heaps.Pop(&s.list).(slowedClient)
		if conn := w.loop.Conn(first.handle); conn != nil {
			c := clientOf(conn)
			c.slowed = false
			w.mayReadOn(c)
		}
	}
	w.counts.slowed = int64(len(s.list))
	w.armSlowed()
}
