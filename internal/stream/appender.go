package stream

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// appender is the shell around a queue: one goroutine that owns the queue, and an
// inbox that others put batches and answers into.
type appender struct {
	name string
	log  Log
	out  *slog.Logger
	now  func() time.Time
	born time.Time
	disk *budget // nil for a log in memory

	queue *queue // the goroutine's own
	enc   encoder
	bufs  [][]byte // the goroutine's own: entries' memory to use again

	wake  chan struct{}
	ended chan struct{}

	latency  latency       // of messages, from hand-over to committed
	storing  latency       // of entries, from sending to stored
	messages atomic.Uint64 // stored since the start
	bytes    atomic.Uint64 // of their records
	entries  atomic.Uint64
	repeats  atomic.Uint64
	refused  atomic.Uint64 // messages
	pending  atomic.Int64  // messages handed over and not called back
	fullAt   atomic.Int64  // when the log last said that it is full, ns
	lastSeq  atomic.Uint64 // of the newest entry that is settled
	lastSize atomic.Uint64 // messages of the entry at lastSeq
	answered atomic.Uint64 // see [Streams.Answered]

	// mu guards the fields below.
	mu      sync.Mutex
	arrived []arrival
	answers []answer
	spare   []*job
	closing bool              // nothing more is taken
	stop    bool              // what is not settled is abandoned
	open    [maxInFlight]name // entries that are not settled
}

// name is what an entry is called in its header.
type name struct{ run, number uint64 }

type arrival struct {
	job    *job
	refuse error
}

type answer struct {
	shipment *shipment
	seq      uint64
	err      error
}

func newAppender(name string, log Log, disk *budget, out *slog.Logger, now func() time.Time, newRun func() uint64) *appender {
	return &appender{
		name: name, log: log, disk: disk, out: out.With("stream", name), now: now, born: now(), queue: newQueue(newRun),
		wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
}

// steady is a time in ns that goes on evenly when the machine's clock is set: pauses and
// repeats are counted by it.
func (a *appender) steady(now time.Time) int64 { return a.born.UnixNano() + int64(now.Sub(a.born)) }

// keep hands a batch over that was paid for with cost; refuse, when not nil, is its
// answer in its turn.
func (a *appender) keep(b *msg.Batch, cost int64, refuse error, committed func(*msg.Batch, error)) {
	a.mu.Lock()
	if a.closing {
		a.mu.Unlock()
		a.disk.settle(cost)
		committed(b, shutdown())
		return
	}
	j := a.job()
	j.batch, j.cost, j.committed = b, cost, committed
	a.arrived = append(a.arrived, arrival{j, refuse})
	a.mu.Unlock()
	a.pending.Add(int64(b.Count()))
	a.poke()
}

// job returns one to use. a.mu is held.
func (a *appender) job() *job {
	if n := len(a.spare); n > 0 {
		j := a.spare[n-1]
		a.spare = a.spare[:n-1]
		return j
	}
	return new(job)
}

func (a *appender) poke() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// run is the appender's goroutine; it ends when everything is settled after close,
// or abandoned after halt.
func (a *appender) run() {
	defer close(a.ended)
	var in inbox
	tick := newTicker(a.poke)
	defer tick.stop()
	for {
		a.collect(&in)
		pause := a.step(&in)
		if in.closing && (in.stop || len(a.queue.jobs) == 0) {
			a.abandon()
			return
		}
		if pause > 0 {
			tick.after(time.Duration(pause))
		}
		<-a.wake
	}
}

// inbox is what one look into the appender's inbox found.
type inbox struct {
	arrived       []arrival
	answers       []answer
	settled       []*job
	closing, stop bool
}

func (a *appender) collect(in *inbox) {
	a.mu.Lock()
	defer a.mu.Unlock()
	in.arrived, a.arrived = a.arrived, in.arrived[:0]
	in.answers, a.answers = a.answers, in.answers[:0]
	if len(a.spare) < 1024 {
		a.spare = append(a.spare, in.settled...)
	}
	in.settled = in.settled[:0]
	in.closing, in.stop = a.closing, a.stop
}

// step feeds the queue, calls back what is settled and sends what is due; it returns
// how many ns until the queue wants to be asked again.
func (a *appender) step(in *inbox) int64 {
	now := a.steady(a.now())
	for _, r := range in.answers {
		a.take(now, r)
	}
	if len(in.answers) > 0 {
		a.tellOpen()
	}
	clear(in.answers)
	for _, r := range in.arrived {
		a.queue.arrive(now, r.job, r.refuse)
	}
	clear(in.arrived)
	in.settled = a.queue.done(in.settled)
	a.callBack(now, in.settled)
	for {
		s, pause := a.queue.next(now)
		if s == nil {
			return pause
		}
		a.send(s)
	}
}

// take hands an answer to the queue and counts it.
func (a *appender) take(now int64, r answer) {
	s := r.shipment
	if s.repeat {
		a.disk.settle(repeatCost(s))
	}
	a.queue.answer(now, s, r.seq, r.err)
	if last := a.queue.reached; last.seq > 0 && last.seq != a.lastSeq.Load() {
		a.lastSeq.Store(last.seq)
		a.lastSize.Store(uint64(last.messages))
	}
	switch s.state {
	case stored:
		a.storing.add(now, now-s.sentAt, 1)
		a.entries.Add(1)
		a.fullAt.Store(0)
	case refused:
		if fault.CodeOf(r.err) == fault.StorageFull {
			a.fullAt.Store(now)
		}
	case failed:
		if s.tries == 1 {
			a.out.Warn("entry is sent again", "entry", s.id(), "err", r.err)
		}
		return
	}
	a.recycle(s) // should it be sent again behind a failed one, it is encoded anew
}

// recycle keeps the memory of an entry that is through.
func (a *appender) recycle(s *shipment) {
	if cap(s.buf) <= 2*entryBytes && len(a.bufs) < maxInFlight {
		a.bufs = append(a.bufs, s.buf[:0])
	}
	s.buf = nil
}

func (a *appender) send(s *shipment) {
	if s.repeat { // the sending before may be stored as well
		a.repeats.Add(1)
		a.disk.owe(repeatCost(s))
	}
	if s.buf == nil {
		var buf []byte
		if n := len(a.bufs); n > 0 {
			buf, a.bufs = a.bufs[n-1], a.bufs[:n-1]
		}
		s.buf = a.enc.encode(buf, s.run, s.number, s.parts)
	}
	a.tellOpen() // before anybody can read it
	a.log.Append(s.id(), s.repeat, s.buf, func(seq uint64, err error) {
		a.mu.Lock()
		a.answers = append(a.answers, answer{s, seq, err})
		a.mu.Unlock()
		a.poke()
	})
}

// tellOpen notes which entries are not settled.
func (a *appender) tellOpen() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.open[:])
	for i, s := range a.queue.flights {
		a.open[i] = name{s.run, s.number}
	}
}

// unsettled says whether an entry of the run with from <= number < to is under way, or
// will be sent again.
func (a *appender) unsettled(run, from, to uint64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.open[:], func(n name) bool {
		return n.run == run && n.number >= from && n.number < to
	})
}

// callBack answers the batches that are settled, in order.
func (a *appender) callBack(now int64, settled []*job) {
	for _, j := range settled {
		n := uint64(j.batch.Count())
		if j.err == nil {
			a.messages.Add(n)
			a.bytes.Add(uint64(len(j.batch.Records)))
			a.latency.add(now, now-j.handed, n)
		} else {
			a.refused.Add(n)
		}
		a.pending.Add(-int64(n))
		a.disk.settle(j.cost)
		batch, committed, err := j.batch, j.committed, j.err
		before := j.seq - min(j.seq, 1) // its last entry may hold the next batch, too
		*j = job{}
		committed(batch, err)
		a.answered.Store(max(a.answered.Load(), before))
	}
	if len(a.queue.jobs) == 0 {
		a.answered.Store(a.lastSeq.Load())
	}
}

// abandon answers what is left when nobody waits any longer.
func (a *appender) abandon() {
	a.queue.abandon(shutdown())
	a.callBack(a.steady(a.now()), a.queue.done(nil))
}

// close takes nothing more and lets the goroutine end once all is settled.
func (a *appender) close() {
	a.mu.Lock()
	a.closing = true
	a.mu.Unlock()
	a.poke()
}

// halt ends the goroutine now.
func (a *appender) halt() {
	a.mu.Lock()
	a.stop = true
	a.mu.Unlock()
	a.poke()
	<-a.ended
}

func shutdown() error { return fault.New(fault.ServerShutdown, "The node is shutting down.") }
