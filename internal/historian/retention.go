package historian

import (
	"context"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/historian/warm"
)

const (
	// expireEvery is how often old points are looked for.
	expireEvery = 10 * time.Minute
	// expireRun is how many series are looked at before ingest may go on.
	expireRun = 500
)

// retain looks for old points at the start and from then on, until ctx ends.
func (h *Historian) retain(ctx context.Context) {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		h.expire(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// expire removes the chunks whose points are all older than MaxAge, until ctx ends.
// It lets ingest go on between runs of series.
func (h *Historian) expire(ctx context.Context) {
	cutoff := h.opts.Now().Add(-h.opts.MaxAge).UnixNano()
	for id := uint32(0); ctx.Err() == nil; id += expireRun {
		h.mu.RLock()
		count := h.catalogue.count
		h.mu.RUnlock()
		if id >= count {
			return
		}
		h.ingest.Lock()
		err := h.expireSome(id, min(id+expireRun, count), cutoff)
		h.ingest.Unlock()
		if err != nil {
			h.opts.Log.Warn("historian: retention", "error", err)
			return
		}
	}
}

func (h *Historian) expireSome(from, to uint32, cutoff int64) error {
	it, err := h.store.chunks()
	if err != nil {
		return err
	}
	defer it.Close()
	b := h.store.db.NewBatch()
	for id := from; id < to && err == nil; id++ {
		for lane := range byte(lanes) {
			err = expireLane(b, it, id, lane, cutoff)
		}
	}
	if err == nil && b.Count() > 0 {
		err = h.store.commit(b)
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, "historian: retention", err, "Old points cannot be removed.")
	}
	return b.Close()
}

// expireLane removes the lane's chunks from its first on up to the first that holds
// a point since cutoff.
func expireLane(b *pebble.Batch, it *pebble.Iterator, id uint32, lane byte, cutoff int64) error {
	start := chunkKey(nil, id, lane, 0, 0)
	var end []byte
	for ok := it.SeekGE(start); ok; ok = it.Next() {
		at, ok := parseChunkKey(it.Key())
		if !ok || at.id != id || at.lane != lane {
			break
		}
		if h, err := warm.ReadHeader(id, it.Value()); err != nil || h.Max >= cutoff {
			break
		}
		end = chunkKey(end[:0], id, lane, at.from, at.commit+1)
	}
	if end == nil {
		return nil
	}
	return b.DeleteRange(start, end, nil)
}
