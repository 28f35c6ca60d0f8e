package session

import "encoding/binary"

// queue holds outbound PUBLISH images that wait for an identifier or for room in
// the output, in one run of bytes: nothing is allocated for a message while the
// run has room. Its zero value is empty.
type queue struct {
	run   []byte
	head  int // where the oldest begins
	count int
}

// waiting is one image in the queue.
type waiting struct {
	image    []byte // valid until the next change of the queue
	at       int64  // when it was queued, ns since 1970
	idAt     int    // where its packet identifier is
	expiryAt int    // where its message expiry interval is; 0 is nowhere
}

const waitingHeader = 4 + 8 + 4 + 4

func (q *queue) bytes() int { return len(q.run) - q.head }

func (q *queue) push(w waiting) {
	if q.head > 0 && q.head >= len(q.run)/2 && len(q.run)+waitingHeader+len(w.image) > cap(q.run) {
		q.run = q.run[:copy(q.run, q.run[q.head:])]
		q.head = 0
	}
	q.run = binary.BigEndian.AppendUint32(q.run, uint32(len(w.image)))
	q.run = binary.BigEndian.AppendUint64(q.run, uint64(w.at))
	q.run = binary.BigEndian.AppendUint32(q.run, uint32(w.idAt))
	q.run = binary.BigEndian.AppendUint32(q.run, uint32(w.expiryAt))
	q.run = append(q.run, w.image...)
	q.count++
}

// pop takes the oldest image; the queue must not be empty.
func (q *queue) pop() waiting {
	h := q.run[q.head:]
	n := int(binary.BigEndian.Uint32(h))
	w := waiting{
		at:       int64(binary.BigEndian.Uint64(h[4:])),
		idAt:     int(binary.BigEndian.Uint32(h[12:])),
		expiryAt: int(binary.BigEndian.Uint32(h[16:])),
		image:    h[waitingHeader : waitingHeader+n],
	}
	q.head += waitingHeader + n
	if q.count--; q.count == 0 {
		q.run, q.head = q.run[:0], 0
	}
	return w
}

// release gives the memory of an empty queue back when it holds more than keep.
func (q *queue) release(keep int) {
	if q.count == 0 && cap(q.run) > keep {
		q.run = nil
	}
}
