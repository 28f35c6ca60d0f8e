package stream

import (
	"math"
	"sync/atomic"

	"github.com/millrace/millrace/internal/msg"
)

// budget is what may still be handed over before the disk's reserve is touched. It
// bridges the time between two measurements: everything handed over counts as written
// from that moment on, until a measurement that began after it was settled has seen
// it. Sums of bytes since the start; any goroutine may call it.
type budget struct {
	handed  atomic.Int64 // handed over, settled or not
	settled atomic.Int64 // of them, what the log has answered
	half    atomic.Int64 // handed at which it is time to measure
	all     atomic.Int64 // handed at which the reserve begins
}

func newBudget() *budget {
	b := new(budget) // no bound until the first measurement
	b.half.Store(math.MaxInt64)
	b.all.Store(math.MaxInt64 / 2)
	return b
}

// spend asks for n bytes. measure says that it is time to: once when half of what a
// measurement left is spent, and whenever nothing is left.
func (b *budget) spend(n int64) (taken, measure bool) {
	if b == nil {
		return true, false
	}
	h := b.handed.Add(n)
	if h > b.all.Load() {
		b.handed.Add(-n)
		return false, true
	}
	half := b.half.Load()
	return true, h > half && b.half.CompareAndSwap(half, math.MaxInt64)
}

// owe adds bytes that cannot be refused any longer.
func (b *budget) owe(n int64) {
	if b != nil {
		b.handed.Add(n)
	}
}

// settle tells that n bytes of what was handed over are on the disk, or never come.
func (b *budget) settle(n int64) {
	if b != nil {
		b.settled.Add(n)
	}
}

// measured takes a measurement: left bytes above the reserve, found after settled
// stood at before.
func (b *budget) measured(before, left int64) {
	all, handed := before+left, b.handed.Load()
	b.all.Store(all)
	b.half.Store(handed + max(all-handed, 0)/2)
}

// left estimates the bytes above the reserve now.
func (b *budget) left() int64 { return b.all.Load() - b.handed.Load() }

// What storing costs beside the records, rounded up.
const (
	// entryCost is an entry's head, group head and filter's rounding, and the engine's
	// record of it: 30 bytes, the subject and a repeat's header.
	entryCost = 512
	// messageCost is a message's share of the filter of topics.
	messageCost = 2
	// filesShare is what the file system adds for 8 MiB files: one in so many bytes.
	filesShare = 64
	// streamCost is the last block of a log's file and of its index, which the next
	// byte may begin.
	streamCost = 2 * 4096
)

// batchCost is what a batch takes on the disk, at most.
func batchCost(b *msg.Batch) int64 {
	records := int64(len(b.Records))
	if records == 0 {
		return 0
	}
	entries := 1 + 2*records/entryBytes // of two entries in a row one is more than half full
	return records + records/filesShare + messageCost*int64(b.Count()) + entryCost*entries
}

// repeatCost is what an entry takes that is sent again.
func repeatCost(s *shipment) int64 {
	n := int64(s.bytes)
	return n + n/filesShare + messageCost*int64(s.messages) + entryCost
}
