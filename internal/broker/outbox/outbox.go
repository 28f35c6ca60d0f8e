package outbox

import "github.com/millrace/millrace/internal/msg"

// Keeper is the log, as the broker needs it.
type Keeper interface {
	// Route says which stream keeps the topic. It is called for every message: it
	// takes no lock and allocates nothing.
	Route(topic []byte) (stream int, ok bool)
	// Keep takes the batch over and never blocks. committed is called exactly
	// once, from any goroutine, in order per stream: with nil when every message
	// of the batch is kept, else when none of them is promised.
	Keep(stream int, b *msg.Batch, committed func(b *msg.Batch, err error))
}

const (
	// batchBytes hands a batch over before the turn has ended: about one log entry.
	batchBytes = 224 << 10
	// keepBatch and keepBatches bound the memory of the batches kept for reuse.
	keepBatch   = 320 << 10
	keepBatches = 64
)

// Options are what an outbox is for.
type Options struct {
	// Keeper is the log; nil is none.
	Keeper Keeper
	// Limit is from how many bytes under way on the log has enough to do.
	Limit int
	// Journal is the stream of records, -1 is none.
	Journal int
	// Kept is told what the log says of a batch of messages, Recorded of one of records,
	// from any goroutine.
	Kept, Recorded func(b *msg.Batch, err error)
}

// Outbox is the batches that one loop fills, and how many bytes it has handed over that are
// not committed.
type Outbox struct {
	options Options
	filling []*msg.Batch // by stream; nil while the turn has nothing for it
	touched []int        // streams with a batch
	pool    []*msg.Batch
	bytes   int    // in batches that are filling or under way
	flights int    // batches under way
	handed  uint64 // batches, ever
	later   later  // messages in them that are routed when they come back
	stand   stand
}

// New returns an empty one.
func New(o Options) Outbox { return Outbox{options: o} }

// Route says which stream keeps the topic.
func (k *Outbox) Route(topic []byte) (stream int, ok bool) { return k.options.Keeper.Route(topic) }

// Log says whether there is one.
func (k *Outbox) Log() bool { return k.options.Keeper != nil }

// Bytes is how many are in batches that are filling or under way.
func (k *Outbox) Bytes() int { return k.bytes }

// Flights is how many batches are under way, Handed how many were handed over, ever: their
// numbers rise from 1 on.
func (k *Outbox) Flights() int { return k.flights }

// Handed is described at Flights.
func (k *Outbox) Handed() uint64 { return k.handed }

// Add puts the message into the stream's batch of this turn; token is who waits for the
// log's answer, 0 is nobody.
func (k *Outbox) Add(stream int, m *msg.Message, token uint64) {
	k.put(k.fillingFor(stream), stream, m, token)
}

// AddLater is Add for a message that is routed when the log has it; from is whose it is.
func (k *Outbox) AddLater(stream int, m *msg.Message, token, from uint64) {
	b := k.fillingFor(stream)
	b.Later = append(b.Later, msg.Later{Place: uint32(b.Count()), From: from})
	k.later.add(m, 1)
	k.put(b, stream, m, token)
}

// AddRecord puts a record into the journal's batch of this turn; Later of the batch says how
// many it has of them.
func (k *Outbox) AddRecord(m *msg.Message) {
	stream := k.options.Journal
	b := k.fillingFor(stream)
	b.Later = append(b.Later, msg.Later{Place: uint32(b.Count())})
	k.put(b, stream, m, 0)
}

// fillingFor is the stream's batch of this turn.
func (k *Outbox) fillingFor(stream int) *msg.Batch {
	for stream >= len(k.filling) {
		k.filling = append(k.filling, nil)
	}
	b := k.filling[stream]
	if b == nil {
		b = k.batch()
		k.filling[stream] = b
		k.touched = append(k.touched, stream)
	}
	return b
}

func (k *Outbox) put(b *msg.Batch, stream int, m *msg.Message, token uint64) {
	before := len(b.Records)
	b.Add(m, token)
	k.bytes += len(b.Records) - before
	if len(b.Records) >= batchBytes {
		k.handOver(stream)
	}
}

func (k *Outbox) batch() *msg.Batch {
	if n := len(k.pool); n > 0 {
		b := k.pool[n-1]
		k.pool = k.pool[:n-1]
		return b
	}
	return new(msg.Batch)
}

func (k *Outbox) handOver(stream int) {
	b := k.filling[stream]
	if b == nil || b.Count() == 0 {
		return
	}
	k.filling[stream] = nil
	k.flights++
	k.handed++
	b.Number = k.handed
	answer := k.options.Kept
	if stream == k.options.Journal && k.options.Recorded != nil {
		answer = k.options.Recorded
	}
	k.options.Keeper.Keep(stream, b, answer)
}

// EndTurn hands over what the turn has filled.
func (k *Outbox) EndTurn() {
	for _, stream := range k.touched {
		k.handOver(stream)
	}
	k.touched = k.touched[:0]
}

// Returned takes a batch back that the log has answered for, at that time.
func (k *Outbox) Returned(b *msg.Batch, now int64) {
	k.stand.answered = now
	k.flights--
	k.bytes -= len(b.Records)
	b.Reset(keepBatch)
	if len(k.pool) < keepBatches {
		k.pool = append(k.pool, b)
	}
}

// Shrink lets go of a batch while nothing is under way: after a burst only one stays.
func (k *Outbox) Shrink() {
	if n := len(k.pool); n > 1 && k.flights == 0 {
		k.pool[n-1] = nil
		k.pool = k.pool[:n-1]
	}
}
