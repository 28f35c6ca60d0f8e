package loop

import (
	"sync"
	"sync/atomic"
)

type kind uint8

const (
	chunkRead kind = iota // a reader brings e.buf[:e.n]
	readerEnd             // a reader has ended with e.err
	flushed               // a writer has ended with e.err
	adopted               // e.conn is to live here; e.buf[:e.n] was read already
	posted                // e.value is for the Handler
	stop                  // leave the loop
)

// event is what arrives at a loop; it is a link of the inbox's list.
type event struct {
	next  *event
	conn  *Conn
	value any
	err   error
	buf   []byte
	n     int
	kind  kind
	class uint8 // pool the event came from; 0 is none
}

// inbox is a list that many push to and one takes whole.
type inbox struct{ head atomic.Pointer[event] }

func (q *inbox) push(e *event) {
	for {
		old := q.head.Load()
		e.next = old
		if q.head.CompareAndSwap(old, e) {
			return
		}
	}
}

func (q *inbox) empty() bool { return q.head.Load() == nil }

// take returns everything pushed so far, oldest first.
func (q *inbox) take() *event {
	var first *event
	for e := q.head.Swap(nil); e != nil; {
		next := e.next
		e.next = first
		first, e = e, next
	}
	return first
}

// Events are pooled by what they carry: nothing, or a chunk of one of three sizes.
// An idle connection's reader holds a tiny one.
const (
	tinyChunk  = 256
	smallChunk = 2 << 10
	largeChunk = 32 << 10

	bareClass  = 1
	tinyClass  = 2
	smallClass = 3
	largeClass = 4
)

var pools = [5]sync.Pool{
	bareClass:  {New: func() any { return &event{class: bareClass} }},
	tinyClass:  {New: func() any { return &event{class: tinyClass, buf: make([]byte, tinyChunk)} }},
	smallClass: {New: func() any { return &event{class: smallClass, buf: make([]byte, smallChunk)} }},
	largeClass: {New: func() any { return &event{class: largeClass, buf: make([]byte, largeChunk)} }},
}

func newEvent(class uint8, k kind, c *Conn) *event {
	e := pools[class].Get().(*event)
	e.kind, e.conn = k, c
	return e
}

// recycle forgets what e carried; the caller must not touch e again.
func recycle(e *event) {
	if e.class == 0 {
		return
	}
	*e = event{buf: e.buf, class: e.class}
	pools[e.class].Put(e)
}
