package historian

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/historian/warm"
	"github.com/millrace/millrace/internal/point"
	"github.com/millrace/millrace/internal/say"
)

// Sizes of chunks. A commit writes what a series brought as a fresh chunk;
// mergeFresh of them, or a chunk's worth of points, become one merged chunk, and
// mergeMerged of those a closed one: a point is written three times at most.
const (
	fullChunk   = 1000
	closeFrom   = fullChunk / 2
	mergeFresh  = 16
	mergeMerged = 8
	mergeLate   = 16
	day         = int64(86_400_000_000_000)
)

// writer builds one commit's batch.
type writer struct {
	store  *store
	batch  *pebble.Batch
	iter   *pebble.Iterator
	commit uint64
	enc    *warm.Encoder
	dec    *warm.Decoder
	key    []byte
	value  []byte
	broken func(id uint32)
}

var errDiskFull = fault.New(fault.StorageFull, "The disk is full.")

// commit writes the window with the position it reaches to. The ingest lock is held.
// On any error everything stays as it was.
func (h *Historian) commit() error {
	if h.position == h.committed {
		return nil
	}
	if err := h.checkSpace(); err != nil {
		return err
	}
	w, err := h.newWriter()
	if err != nil {
		return err
	}
	defer w.close()
	if err := h.write(w); err != nil {
		return fault.Wrap(fault.Unavailable, "historian: commit", err, "The historian cannot write.")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.window.dirty {
		h.catalogue.at(d.id).head = 0
	}
	h.window.reset()
	h.created = h.created[:0]
	h.committed, h.commits = h.position, w.commit
	return nil
}

func (h *Historian) newWriter() (*writer, error) {
	it, err := h.store.chunks()
	if err != nil {
		return nil, err
	}
	return &writer{store: h.store, batch: h.store.db.NewBatch(), iter: it, commit: h.commits + 1,
		enc: &h.encoder, dec: &h.chunkReader, broken: h.damaged}, nil
}

func (w *writer) close() {
	w.iter.Close()
	if !w.store.hasFailed() { // else the store still holds the batch
		w.batch.Close()
	}
}

func (h *Historian) write(w *writer) error {
	for _, id := range h.created {
		w.value = appendSeriesRow(w.value[:0], h.catalogue.at(id))
		w.set(numberKey(w.key[:0], keySeries, id))
	}
	slices.SortFunc(h.window.dirty, func(a, b dirty) int { return cmp.Compare(a.id, b.id) })
	for _, d := range h.window.dirty {
		s := h.catalogue.at(d.id)
		h.samples = settle(h.window.samples(h.samples[:0], s.head))
		tail := s.tail()
		w.series(d.id, &tail, h.samples, d.before)
		h.tails = append(h.tails, tail)
		w.value = appendNewestRow(w.value[:0], s.with(tail))
		w.set(numberKey(w.key[:0], keyNewest, d.id))
	}
	w.value = appendPosition(w.value[:0], h.position, w.commit)
	w.set(positionKey(h.opts.Stream))
	err := w.store.commit(w.batch)
	if err == nil {
		for i, d := range h.window.dirty {
			h.catalogue.at(d.id).setTail(h.tails[i])
		}
	}
	h.tails = h.tails[:0]
	clear(h.samples)
	return err
}

func (w *writer) set(key []byte) {
	w.key = key
	if err := w.batch.Set(key, w.value, nil); err != nil {
		panic(fmt.Sprintf("historian: a batch in memory refused a key: %v", err))
	}
}

func (w *writer) remove(key []byte) {
	w.key = key
	if err := w.batch.Delete(key, nil); err != nil {
		panic(fmt.Sprintf("historian: a batch in memory refused a key: %v", err))
	}
}

// removeOnce removes a key that was set exactly once, as every open chunk is: the
// two vanish where they meet, often before either reaches a table.
func (w *writer) removeOnce(key []byte) {
	w.key = key
	if err := w.batch.SingleDelete(key, nil); err != nil {
		panic(fmt.Sprintf("historian: a batch in memory refused a key: %v", err))
	}
}

// tail counts the chunks of a series that wait to be merged.
type tail struct {
	freshPts            uint16
	fresh, merged, late uint8
}

func (s *series) tail() tail { return tail{s.freshPts, s.fresh, s.merged, s.late} }

func (s *series) setTail(t tail) {
	s.freshPts, s.fresh, s.merged, s.late = t.freshPts, t.fresh, t.merged, t.late
}

func (s *series) with(t tail) *series {
	c := *s
	c.setTail(t)
	return &c
}

// series writes the settled samples of one series. Those at or before before are
// late: they go to their own lane, where a commit's chunk beats the earlier ones.
func (w *writer) series(id uint32, t *tail, ss []point.Sample, before int64) {
	n := lowest(len(ss), func(i int) bool { return ss[i].Time > before })
	late, ordered := ss[:n], ss[n:]
	if len(ordered) > 0 {
		if t.due(len(ordered)) {
			late = w.mergeTail(id, t, ordered, late)
		} else {
			w.append(id, t, ordered)
		}
	}
	if len(late) == 0 {
		return
	}
	w.late(id, t, late)
}

// due says whether n more samples make the open chunks worth merging. Whatever is
// closed takes all open chunks along, so that these are always the later.
func (t *tail) due(n int) bool {
	if n >= closeFrom {
		return t.fresh > 0 || t.merged > 0
	}
	return t.fresh > 0 && (t.fresh+1 >= mergeFresh || int(t.freshPts)+n >= fullChunk)
}

// append writes ordered samples as new chunks at the end; nothing is open when they
// are enough for a closed one.
func (w *writer) append(id uint32, t *tail, ss []point.Sample) {
	if len(ss) >= closeFrom {
		w.chunks(id, laneOrdered, warm.Closed, ss)
		return
	}
	w.chunks(id, laneOpen, warm.Fresh, ss)
	t.fresh++
	t.freshPts += uint16(len(ss))
}

// chunks writes samples as chunks of about equal size, none beyond fullChunk.
func (w *writer) chunks(id uint32, lane byte, tier warm.Tier, ss []point.Sample) {
	for parts := (len(ss) + fullChunk - 1) / fullChunk; parts > 0; parts-- {
		part := ss[:(len(ss)+parts-1)/parts]
		ss = ss[len(part):]
		w.chunkAs(id, tier, part, chunkKey(w.key[:0], id, lane, part[0].Time, w.commit))
	}
}

func (w *writer) chunkAs(id uint32, tier warm.Tier, ss []point.Sample, key []byte) {
	w.value = w.enc.Append(w.value[:0], id, tier, ss)
	w.set(key)
}

// late writes late samples, each day's apart: no late chunk crosses a UTC midnight.
func (w *writer) late(id uint32, t *tail, ss []point.Sample) {
	merge := t.late >= mergeLate
	if merge {
		t.late = 0
	}
	for len(ss) > 0 {
		midnight := (ss[0].Time/day + 1) * day
		n := lowest(len(ss), func(i int) bool { return ss[i].Time >= midnight })
		if !merge || !w.mergeDay(id, midnight-day, ss[:n]) {
			w.chunks(id, laneLate, warm.Fresh, ss[:n])
		}
		t.late = uint8(min(255, int(t.late)+(n+fullChunk-1)/fullChunk))
		ss = ss[n:]
	}
}

// checkSpace keeps the reserve of free disk and tells of the lack of it.
func (h *Historian) checkSpace() error {
	free, err := h.opts.FreeSpace()
	if err != nil || free >= h.opts.Reserve { // a system that cannot tell is trusted
		if h.diskFull.Swap(false) {
			h.opts.Alarms.Clear(alarmDisk)
		}
		return nil
	}
	h.raiseDiskFull()
	return errDiskFull
}

// raiseDiskFull tells once that work waits for space; checkSpace tells of its end.
func (h *Historian) raiseDiskFull() {
	if !h.diskFull.Swap(true) {
		h.opts.Alarms.Raise(alarmDisk, 1, diskWaits.With(), pointsWait.With(say.Size(h.opts.Reserve)))
	}
}
