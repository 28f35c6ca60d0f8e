package session

import (
	"encoding/binary"

	"github.com/millrace/millrace/internal/msg"
)

// queue holds outbound PUBLISH images in the order in which they go to the client,
// in one run of bytes: nothing is allocated for a message while the run has room.
// First those that were sent and are kept until the client has acknowledged them,
// then those that wait for an identifier or for room in the output. Its zero value
// is empty.
type queue struct {
	run    []byte
	head   int    // where the oldest record begins
	resend int    // from here to next: kept, and not sent on this connection
	next   int    // the first that waits
	base   uint32 // a record's ref is base plus its place: it stays when the run moves
	dead   int    // bytes of records behind head that nobody needs
	count  int    // records that wait
	zeroes int    // of them with QoS 0
	kept   int    // records before next
	unsent int    // of them not sent on this connection
	tally  *Tally // where bytes are added up; may be nil
	// settled are records of shared subscriptions that stand in the log and were removed.
	settled []Settled
}

// ref finds a record again, wherever the run has moved to.
type ref uint32

// record is one image in the queue.
type record struct {
	image    []byte // valid until the next change of the queue
	at       int64  // when it was put in, ns since 1970
	idAt     int    // where its packet identifier is; 0 with QoS 0
	expiryAt int    // where its message expiry interval is; 0 is nowhere
	share    uint32 // the shared subscription it came by; 0 is none
	id       uint16 // its packet identifier, once it was sent
	of       byte   // the QoS that it was published with
	flags    recordFlags
	logged   Logged
}

type recordFlags byte

const (
	gone    recordFlags = 1 << iota // nobody needs it any more
	v5                              // the image is an MQTT 5 packet
	unborn                          // it has its identifier and was never sent
	gated                           // it is not to be sent before that is written down, and
	writing                         // that is under way
)

const recordHeader = 4 + 8 + 4 + 4 + 4 + 2 + 1 + 1 + 1 + 8 + 4

// Where in a record's header what lies that is changed in place.
const (
	shareInHeader  = 20
	idInHeader     = 24
	flagsInHeader  = 27
	streamInHeader = 28
)

// bytes is how much is in use.
func (q *queue) bytes() int { return len(q.run) - q.head - q.dead }

// push appends a record that waits.
func (q *queue) push(r record, w *window) {
	q.add(r, w)
	q.wait(1)
	if r.idAt == 0 {
		q.zeroes++
	}
}

// keep appends a record that is being sent under r.id. Nothing may wait before it.
func (q *queue) keep(r record, w *window) ref {
	q.add(r, w)
	at := len(q.run) - recordHeader - len(r.image)
	q.next, q.resend = len(q.run), len(q.run)
	q.kept++
	return q.ref(at)
}

func (q *queue) ref(at int) ref { return ref(q.base + uint32(at)) }

func (q *queue) place(f ref) int { return int(uint32(f) - q.base) }

func (q *queue) add(r record, w *window) {
	size := recordHeader + len(r.image)
	if len(q.run)+size > cap(q.run) {
		q.makeRoom(size, w)
	}
	q.run = binary.BigEndian.AppendUint32(q.run, uint32(len(r.image)))
	q.run = binary.BigEndian.AppendUint64(q.run, uint64(r.at))
	q.run = binary.BigEndian.AppendUint32(q.run, uint32(r.idAt))
	q.run = binary.BigEndian.AppendUint32(q.run, uint32(r.expiryAt))
	q.run = binary.BigEndian.AppendUint32(q.run, r.share)
	q.run = binary.BigEndian.AppendUint16(q.run, r.id)
	q.run = append(q.run, r.of, byte(r.flags), r.logged.Stream)
	q.run = binary.BigEndian.AppendUint64(q.run, r.logged.At.Seq)
	q.run = binary.BigEndian.AppendUint32(q.run, r.logged.At.Index)
	q.run = append(q.run, r.image...)
	q.account(size)
}

// makeRoom moves what is in use together, or makes the run longer. A long run may hold
// little that is not in use, and grows by little.
func (q *queue) makeRoom(size int, w *window) {
	part, long := 2, len(q.run) >= longRun
	if long {
		part = 8
	}
	if q.head+q.dead >= len(q.run)/part {
		q.compact(w)
	}
	if need := len(q.run) + size; need > cap(q.run) {
		room := max(need, 2*cap(q.run))
		if long {
			room = need + len(q.run)/8
		}
		q.moveTo(q.free(room), room)
	}
}

// free is a run of at least that much room that nobody uses; nil when there is none.
func (q *queue) free(room int) []byte {
	if q.tally == nil {
		return nil
	}
	return q.tally.Runs.take(room)
}

// moveTo moves the records to another run, which is made when it is nil, and leaves theirs.
func (q *queue) moveTo(run []byte, room int) {
	if run == nil {
		run = make([]byte, 0, room)
	}
	run = append(run, q.run...)
	q.leave()
	q.run = run
}

// leave gives the run up to others.
func (q *queue) leave() {
	if q.tally != nil {
		q.tally.Runs.give(q.run)
	}
	q.run = nil
}

const longRun = 1 << 20

func (q *queue) account(n int) {
	if q.tally != nil {
		q.tally.Bytes += int64(n)
	}
}

// wait counts so many more records that wait.
func (q *queue) wait(n int) {
	q.count += n
	if q.tally != nil {
		q.tally.Waiting += int64(n)
	}
}

// read returns the record at that place, and where the next one begins.
func (q *queue) read(at int) (r record, next int) {
	h := q.run[at:]
	n := int(binary.BigEndian.Uint32(h))
	next = at + recordHeader + n
	return record{
		at:       int64(binary.BigEndian.Uint64(h[4:])),
		idAt:     int(binary.BigEndian.Uint32(h[12:])),
		expiryAt: int(binary.BigEndian.Uint32(h[16:])),
		share:    binary.BigEndian.Uint32(h[20:]),
		id:       binary.BigEndian.Uint16(h[idInHeader:]),
		of:       h[26],
		flags:    recordFlags(h[flagsInHeader]),
		logged:   Logged{h[28], msg.Position{Seq: binary.BigEndian.Uint64(h[29:]), Index: binary.BigEndian.Uint32(h[37:])}},
		image:    q.run[at+recordHeader : next : next],
	}, next
}

func (q *queue) sizeAt(at int) int {
	return recordHeader + int(binary.BigEndian.Uint32(q.run[at:]))
}

func (q *queue) isGone(at int) bool { return recordFlags(q.run[at+flagsInHeader])&gone != 0 }

// front is where the oldest waiting record is; one must wait.
func (q *queue) front() int {
	for q.isGone(q.next) {
		q.next += q.sizeAt(q.next)
	}
	return q.next
}

// sent takes the oldest waiting record, at front, as sent: it is kept under the
// identifier. Nothing may be unsent.
func (q *queue) sent(id uint16) ref {
	at := q.front()
	binary.BigEndian.PutUint16(q.run[at+idInHeader:], id)
	q.next += q.sizeAt(at)
	q.resend = q.next
	q.wait(-1)
	q.kept++
	return q.ref(at)
}

// reserve gives the oldest waiting record, at front, its identifier: it is kept, and
// not sent yet.
func (q *queue) reserve(id uint16) ref {
	at := q.front()
	binary.BigEndian.PutUint16(q.run[at+idInHeader:], id)
	q.run[at+flagsInHeader] |= byte(unborn | gated)
	q.next += q.sizeAt(at)
	q.wait(-1)
	q.kept++
	q.unsent++
	return q.ref(at)
}

// regate changes the marks of what was reserved: where all of is stand, clear go and set
// come.
func (q *queue) regate(is, without, set recordFlags) {
	for at := q.resend; at < q.next; at += q.sizeAt(at) {
		if f := recordFlags(q.run[at+flagsInHeader]); f&gone == 0 && f&is == is {
			q.run[at+flagsInHeader] = byte(f&^without | set)
		}
	}
}

// again is where the oldest kept record is that was not sent on this connection;
// there must be one. resent counts it as sent.
func (q *queue) again() int {
	for q.isGone(q.resend) {
		q.resend += q.sizeAt(q.resend)
	}
	return q.resend
}

func (q *queue) resent() {
	q.resend += q.sizeAt(q.resend)
	q.unsent--
}

// restart makes all kept records unsent: there is a new connection.
func (q *queue) restart() { q.resend, q.unsent = q.head, q.kept }

// remove ends the record at that place.
func (q *queue) remove(at int) {
	size := q.sizeAt(at)
	if binary.BigEndian.Uint32(q.run[at+shareInHeader:]) != 0 && q.run[at+streamInHeader] != 0 {
		r, _ := q.read(at)
		q.settled = append(q.settled, Settled{r.share, r.logged})
	}
	q.run[at+flagsInHeader] |= byte(gone)
	q.dead += size
	q.account(-size)
	switch {
	case at < q.next:
		q.kept--
		if at >= q.resend {
			q.unsent--
		}
	default:
		q.wait(-1)
		if binary.BigEndian.Uint32(q.run[at+12:]) == 0 {
			q.zeroes--
		}
	}
	q.collect()
}

// collect moves head over what is gone.
func (q *queue) collect() {
	for q.head < len(q.run) && q.isGone(q.head) {
		size := q.sizeAt(q.head)
		q.head += size
		q.dead -= size
	}
	q.resend, q.next = max(q.resend, q.head), max(q.next, q.head)
	if q.head < len(q.run) {
		return
	}
	q.base += uint32(len(q.run))
	q.run = q.run[:0]
	q.head, q.resend, q.next = 0, 0, 0
	if cap(q.run) > mostKeptEmpty {
		q.leave()
	}
}

// compact moves what is in use to the run's begin.
func (q *queue) compact(w *window) {
	if q.dead == 0 {
		q.base += uint32(q.head)
		q.run = q.run[:copy(q.run, q.run[q.head:])]
		q.resend, q.next, q.head = q.resend-q.head, q.next-q.head, 0
		return
	}
	to, resend, next := 0, 0, 0
	for at := q.head; at < len(q.run); {
		size := q.sizeAt(at)
		if at == q.resend {
			resend = to
		}
		if at == q.next {
			next = to
		}
		if !q.isGone(at) {
			copy(q.run[to:], q.run[at:at+size])
			if at < q.next {
				w.move(binary.BigEndian.Uint16(q.run[to+idInHeader:]), q.ref(to))
			}
			to += size
		}
		at += size
	}
	if q.resend == len(q.run) {
		resend = to
	}
	if q.next == len(q.run) {
		next = to
	}
	q.run, q.head, q.dead, q.resend, q.next = q.run[:to], 0, 0, resend, next
}

// each calls f for what is in use, oldest first; waits says that it was never sent.
func (q *queue) each(f func(at int, r record, waits bool) bool) {
	for at := q.head; at < len(q.run); {
		r, after := q.read(at)
		if r.flags&gone == 0 && !f(at, r, at >= q.next) {
			return
		}
		at = after
	}
}

// unshare takes the mark of a shared subscription off what has it.
func (q *queue) unshare(share uint32) {
	q.each(func(at int, r record, _ bool) bool {
		if r.share == share {
			binary.BigEndian.PutUint32(q.run[at+shareInHeader:], 0)
		}
		return true
	})
}

// oldestZero is where the oldest waiting record of QoS 0 is; there must be one.
func (q *queue) oldestZero() int {
	for at := q.front(); ; at += q.sizeAt(at) {
		if !q.isGone(at) && binary.BigEndian.Uint32(q.run[at+12:]) == 0 {
			return at
		}
	}
}

// release gives the memory of an empty queue back when it holds more than keep.
func (q *queue) release(keep int) {
	if len(q.run) == 0 && cap(q.run) > keep {
		q.leave()
	}
}

// clear ends every record.
func (q *queue) clear() {
	q.account(-q.bytes())
	q.wait(-q.count)
	q.leave()
	*q = queue{tally: q.tally}
}

const (
	// keepQueue is how much memory an empty queue keeps that had to hold messages
	// back, mostKeptEmpty how much one keeps that is filled again and again.
	keepQueue     = 4 << 10
	mostKeptEmpty = 256 << 10
)
