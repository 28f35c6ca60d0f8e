package stream

import (
	"strconv"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

const (
	entryBytes  = 256 << 10 // records of one entry, at most, unless one alone is larger
	maxInFlight = 2
	firstRetry  = int64(10e6) // ns until an entry is sent again
	lastRetry   = int64(1e9)
)

// job is one batch on its way through a stream.
type job struct {
	batch     *msg.Batch
	committed func(*msg.Batch, error)
	cost      int64  // bytes it takes on the disk, at most
	handed    int64  // when, ns
	open      int    // entries that hold part of it and are not settled
	packed    bool   // every record is in an entry
	seq       uint64 // of the last of its entries that was stored
	err       error
}

func (j *job) settled() bool { return j.packed && j.open == 0 }

type state uint8

const (
	fresh   state = iota
	sent          // under way
	stored        // the log has it
	failed        // nobody knows; it is sent again
	refused       // it will not be sent again
)

// reached is the newest entry that is stored and will not be stored once more.
type reached struct {
	seq      uint64
	messages int
}

// shipment is one entry on its way into the log.
type shipment struct {
	run, number uint64
	parts       []part
	jobs        []*job
	state       state
	repeat      bool
	sentAt      int64 // ns, the newest sending
	retryAt     int64 // ns
	tries       int
	seq         uint64
	err         error
	messages    int
	bytes       int
	buf         []byte // the entry's bytes, set by the shell
}

// id names the shipment to the log, the same for every repeat.
func (s *shipment) id() string {
	return strconv.FormatUint(s.run, 36) + "-" + strconv.FormatUint(s.number, 36)
}

// queue is the appender's core: what waits, what is under way, what comes next. It
// is a pure state machine: no goroutine, lock, log or clock of its own.
type queue struct {
	run, number uint64
	newRun      func() uint64
	pace        pacer
	jobs        []*job      // not yet called back, in order of hand-over
	waiting     []*job      // tail of jobs that is not packed
	from        int         // first record of waiting[0] that is not packed
	flights     []*shipment // not settled, in order
	recovering  bool        // something failed: settle it before anything new
	reached     reached     // by what is settled
	messages    int         // waiting
	bytes       int         // waiting
}

func newQueue(newRun func() uint64) *queue { return &queue{newRun: newRun, run: newRun()} }

// arrive takes a job in; refuse, when not nil, is its answer.
func (q *queue) arrive(now int64, j *job, refuse error) {
	j.handed = now
	q.jobs = append(q.jobs, j)
	if refuse != nil || j.batch.Count() == 0 {
		j.packed, j.err = true, refuse
		return
	}
	q.pace.arrived(now, j.batch.Count(), len(q.waiting) > 0 || len(q.flights) > 0)
	q.waiting = append(q.waiting, j)
	q.messages += j.batch.Count()
	q.bytes += len(j.batch.Records)
}

// answer takes what the log said to a shipment.
func (q *queue) answer(now int64, s *shipment, seq uint64, err error) {
	switch code := fault.CodeOf(err); {
	case err == nil:
		s.state, s.seq = stored, seq
	case code == fault.StorageFull || code == fault.TooLarge:
		s.state, s.err = refused, err
		q.run, q.number = q.newRun(), 0 // its number will never come: readers need not wait
	default:
		s.state, s.err = failed, err
		s.retryAt = now + min(firstRetry<<min(s.tries, 10), lastRetry)
		q.recovering = true
	}
	q.settle()
}

// settle lets go of the shipments at the head that are through.
func (q *queue) settle() {
	for len(q.flights) > 0 {
		s := q.flights[0]
		if s.state != stored && s.state != refused {
			return
		}
		for _, j := range s.jobs {
			j.open--
			j.seq = max(j.seq, s.seq)
			if s.state == refused && j.err == nil {
				j.err = s.err
			}
		}
		if s.state == stored {
			q.reached = reached{s.seq, s.messages}
		}
		q.flights = q.flights[1:]
	}
	q.recovering = false
}

// next returns the shipment to send now; when there is none, how many ns until it
// is worth asking again, 0 for not before something happens.
func (q *queue) next(now int64) (*shipment, int64) {
	if q.recovering {
		return q.recover(now)
	}
	if len(q.waiting) == 0 || len(q.flights) >= maxInFlight {
		return nil, 0
	}
	if d := q.pace.wait(now, q.messages, q.bytes); d > 0 {
		return nil, d
	}
	s := q.pack()
	s.state, s.sentAt = sent, now
	s.tries++
	q.flights = append(q.flights, s)
	q.pace.sent(now)
	return s, 0
}

// recover sends the failed shipment again, alone, and behind it all that were under
// way with it, stored or not: so the log has them once in their order, and readers
// know which to take.
func (q *queue) recover(now int64) (*shipment, int64) {
	for _, s := range q.flights {
		if s.state == sent {
			return nil, 0
		}
	}
	s := q.flights[0]
	if s.state == failed && now < s.retryAt {
		return nil, s.retryAt - now
	}
	for _, behind := range q.flights[1:] {
		if behind.state == stored {
			behind.state = failed
		}
	}
	s.state, s.repeat, s.sentAt = sent, true, now
	s.tries++
	return s, 0
}

// pack makes the next shipment of what waits: whole batches as long as they fit,
// a part of one that no entry can hold, a single record whatever its size.
func (q *queue) pack() *shipment {
	q.number++
	s := &shipment{run: q.run, number: q.number}
	for len(q.waiting) > 0 {
		j := q.waiting[0]
		to := fit(j.batch, q.from, entryBytes-s.bytes)
		whole := to == j.batch.Count()
		if !whole && len(s.parts) > 0 {
			break
		}
		q.take(s, j, max(to, q.from+1))
	}
	return s
}

// take moves the records up to index to of the first waiting job into s.
func (q *queue) take(s *shipment, j *job, to int) {
	p := part{j.batch, q.from, to}
	size := len(p.records())
	s.parts, s.jobs = append(s.parts, p), append(s.jobs, j)
	s.messages += p.to - p.from
	s.bytes += size
	q.messages -= p.to - p.from
	q.bytes -= size
	j.open++
	q.from = to
	if to == j.batch.Count() {
		j.packed = true
		q.waiting, q.from = q.waiting[1:], 0
	}
}

// fit returns the index behind the last record from index from on that fits into
// room bytes.
func fit(b *msg.Batch, from, room int) int {
	start := offset(b, from)
	if len(b.Records)-start <= room {
		return b.Count()
	}
	to := from
	for to < b.Count() && int(b.Ends[to])-start <= room {
		to++
	}
	return to
}

// done returns the jobs at the head that are settled, which are then forgotten.
func (q *queue) done(dst []*job) []*job {
	for len(q.jobs) > 0 && q.jobs[0].settled() {
		dst = append(dst, q.jobs[0])
		q.jobs = q.jobs[1:]
	}
	return dst
}

// abandon ends everything that is not settled with err.
func (q *queue) abandon(err error) {
	for _, j := range q.jobs {
		if !j.settled() && j.err == nil {
			j.err = err
		}
		j.packed, j.open = true, 0
	}
	q.waiting, q.flights, q.from, q.messages, q.bytes = nil, nil, 0, 0, 0
}
