package historian

import (
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// Stats is what the historian has and does.
type Stats struct {
	// Series is how many there are.
	Series int
	// Points is how many were taken in since the start.
	Points uint64
	// Uncommitted is how many of them are in memory alone; the log has them, too.
	Uncommitted int
	// Bytes is what the store takes on disk.
	Bytes int64
	// Lag is how far the newest message taken in lies back; 0 while the stream is
	// drained.
	Lag time.Duration
	// Committed is the position up to which everything is stored.
	Committed msg.Position
	// Rejected counts what was not stored since the start, by reason: points, or
	// messages that hold none (undecodable, no_values). fault.TimeUnreadable counts
	// records that were stored with another time.
	Rejected map[fault.Code]uint64
	// Damaged counts reads of chunks that cannot be decoded.
	Damaged uint64
	// Paused says that the disk is too full to go on.
	Paused bool
	// Written is what the store wrote to disk since the start, for the write
	// amplification.
	Written uint64
}

// Stats returns the figures of this moment.
func (h *Historian) Stats() Stats {
	h.mu.RLock()
	s := Stats{Series: int(h.catalogue.count), Uncommitted: len(h.window.recs), Committed: h.committed}
	store := h.store
	if store != nil {
		h.queries.Add(1)
		defer h.queries.Done()
	}
	h.mu.RUnlock()
	s.Points, s.Damaged = h.points.Load(), h.broken.Load()
	s.Lag = h.behind.lag(h.opts.Now())
	s.Rejected = map[fault.Code]uint64{}
	for code := range h.rejected {
		if n := h.rejected[code].Load(); n > 0 {
			s.Rejected[fault.Code(code)] = n
		}
	}
	s.Paused = h.diskFull.Load()
	if store != nil {
		m := store.db.Metrics()
		s.Bytes = int64(m.DiskSpaceUsage())
		total := m.Total()
		s.Written = m.WAL.BytesWritten + total.TableBytesFlushed + total.TableBytesCompacted
		s.Paused = s.Paused || store.full.Load() > 0
	}
	return s
}

// Rejected returns how many were rejected for one reason since the start.
func (h *Historian) Rejected(code fault.Code) uint64 { return h.rejected[code].Load() }

// behind measures the lag: how old the newest message was when it was taken in, and
// for how long nothing came since. A source says nothing when it is drained, so a
// pause of drainedAfter counts as that.
type behind struct {
	newest atomic.Int64 // arrival of the newest message
	at     atomic.Int64 // when it was taken in
	busy   atomic.Bool  // messages are being taken in, or wait for space
}

const drainedAfter = time.Second

func (b *behind) taken(now time.Time) {
	b.at.Store(now.UnixNano())
	b.busy.Store(false)
}

func (b *behind) lag(now time.Time) time.Duration {
	if b.busy.Load() {
		return time.Duration(max(0, now.UnixNano()-b.newest.Load()))
	}
	at := b.at.Load()
	if at == 0 || now.UnixNano()-at > int64(drainedAfter) {
		return 0
	}
	return time.Duration(max(0, at-b.newest.Load()))
}
