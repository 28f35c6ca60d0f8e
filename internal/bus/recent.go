package bus

import (
	"bytes"
	"sync"
	"sync/atomic"
)

const (
	recentAhead = 64      // entries that are kept beyond what a reader has asked for
	recentBytes = 8 << 20 // of them together, at most
)

// recent are the newest entries of a log while readers stand at its tail: what has just
// been appended need not be asked of the engine, which would copy it five times, and
// keep what it has written in memory for having been read. Without such a reader nothing
// is kept.
type recent struct {
	until atomic.Uint64 // entries from this sequence on are not kept

	// mu guards the fields below.
	mu      sync.Mutex
	floor   uint64 // up to here all is purged
	entries []recentEntry
	bytes   int
}

type recentEntry struct {
	seq   uint64
	entry []byte
}

// wanted says that a reader is at the tail, or near it, and next is what it wants.
func (r *recent) wanted(next uint64) {
	for old := r.until.Load(); old < next+recentAhead; old = r.until.Load() {
		if r.until.CompareAndSwap(old, next+recentAhead) {
			return
		}
	}
}

// keep takes a copy of an entry that is stored, should a reader want it.
func (r *recent) keep(seq uint64, entry []byte) {
	if seq >= r.until.Load() {
		return
	}
	own := bytes.Clone(entry)
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.entries); seq <= r.floor || n > 0 && seq <= r.entries[n-1].seq {
		return
	}
	r.entries = append(r.entries, recentEntry{seq, own})
	r.bytes += len(own)
	for len(r.entries) > recentAhead || r.bytes > recentBytes {
		r.shift()
	}
}

// shift lets the oldest go. r.mu is held.
func (r *recent) shift() {
	r.bytes -= len(r.entries[0].entry)
	r.entries[0] = recentEntry{}
	r.entries = r.entries[1:]
}

// find returns the entry of that sequence, nil when it is not kept.
func (r *recent) find(seq uint64) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.entries) - 1; i >= 0 && r.entries[i].seq >= seq; i-- {
		if r.entries[i].seq == seq {
			return r.entries[i].entry
		}
	}
	return nil
}

// purge forgets what is removed from the log.
func (r *recent) purge(upTo uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.floor = max(r.floor, upTo)
	for len(r.entries) > 0 && r.entries[0].seq <= upTo {
		r.shift()
	}
}

// clear forgets all of them.
func (r *recent) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries, r.bytes = nil, 0
}
