package historian

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/internal/historian/warm"
	"github.com/millrace/millrace/internal/point"
)

// stored is a chunk read back.
type stored struct {
	chunkAt
	tier    warm.Tier
	samples []point.Sample
}

// read parses the chunk the iterator stands at. A damaged chunk is reported and not
// touched.
func (w *writer) read() (c stored, ok bool) {
	at, ok := parseChunkKey(w.iter.Key())
	if !ok {
		return c, false
	}
	h, err := warm.ReadHeader(at.id, w.iter.Value())
	if err == nil {
		c = stored{chunkAt: at, tier: h.Tier}
		c.samples, err = w.dec.Append(nil, &h)
	}
	if err != nil {
		w.broken(at.id)
		return c, false
	}
	return c, true
}

// mergeTail writes the ordered samples together with the open chunks that wait for
// it, and takes up the late samples of the same time. It returns the late samples
// that lie before.
func (w *writer) mergeTail(id uint32, t *tail, ordered, late []point.Sample) []point.Sample {
	open := w.waiting(id, warm.Fresh)
	tier, lane := warm.Merged, byte(laneOpen)
	if len(ordered)+count(open) >= closeFrom || int(t.merged)+1 >= mergeMerged {
		open = w.waiting(id, warm.Merged)
		tier, lane = warm.Closed, laneOrdered
	}
	samples := make([]point.Sample, 0, len(ordered)+count(open))
	for _, c := range open {
		samples = append(samples, c.samples...)
		w.removeOnce(chunkKey(w.key[:0], id, laneOpen, c.from, c.commit))
	}
	samples, late = w.absorb(id, t, append(samples, ordered...), late)
	w.chunks(id, lane, tier, samples)
	t.fresh, t.freshPts = 0, 0
	if t.merged++; tier == warm.Closed {
		t.merged = 0
	}
	return late
}

func count(cs []stored) (n int) {
	for _, c := range cs {
		n += len(c.samples)
	}
	return n
}

// waiting reads back the open chunks at the end down to the last beyond the tier,
// oldest first. It stops at a damaged one.
func (w *writer) waiting(id uint32, most warm.Tier) (cs []stored) {
	w.iter.SetBounds(laneBounds(id, laneOpen))
	for ok := w.iter.Last(); ok; ok = w.iter.Prev() {
		at, ok := parseChunkKey(w.iter.Key())
		if !ok || at.id != id || at.lane != laneOpen {
			break
		}
		c, ok := w.read()
		if !ok || c.tier > most {
			break
		}
		cs = append(cs, c)
	}
	slices.Reverse(cs)
	return cs
}

// absorb adds the stored late chunks and the new late samples from the time of
// samples[0] on to samples; what lies before stays late. The stored ones must come
// along with the new: a late chunk left behind would beat what is ordered now.
func (w *writer) absorb(id uint32, t *tail, samples, late []point.Sample) (all, rest []point.Sample) {
	from := samples[0].Time
	n := lowest(len(late), func(i int) bool { return late[i].Time >= from })
	if t.late > 0 || n < len(late) {
		samples = w.absorbStored(id, samples, from)
		t.late = 0
	}
	return settle(append(samples, late[n:]...)), late[:n]
}

func (w *writer) absorbStored(id uint32, samples []point.Sample, from int64) []point.Sample {
	cs := w.lateChunks(id, from/day*day, maxTime)
	slices.SortStableFunc(cs, func(a, b stored) int { return cmp.Compare(a.commit, b.commit) })
	for _, c := range cs {
		n := lowest(len(c.samples), func(i int) bool { return c.samples[i].Time >= from })
		if n == len(c.samples) {
			continue
		}
		samples = append(samples, c.samples[n:]...)
		key := chunkKey(nil, id, laneLate, c.from, c.commit)
		if n == 0 {
			w.remove(key)
		} else {
			w.chunkAs(id, c.tier, c.samples[:n], key)
		}
	}
	return samples
}

const maxTime = 1<<63 - 1

// lateChunks reads the late chunks that begin from from to before to.
func (w *writer) lateChunks(id uint32, from, to int64) (cs []stored) {
	w.iter.SetBounds(laneBounds(id, laneLate))
	for ok := w.iter.SeekGE(chunkKey(nil, id, laneLate, from, 0)); ok; ok = w.iter.Next() {
		at, ok := parseChunkKey(w.iter.Key())
		if !ok || at.id != id || at.lane != laneLate || at.from >= to {
			break
		}
		if c, ok := w.read(); ok {
			cs = append(cs, c)
		}
	}
	return cs
}

// mergeDay writes the late samples of the day that begins at from together with
// the day's late chunks, once the fresh among those are as many as the others: each
// sample is then rewritten a few times at most, however long the day's lateness
// lasts. It returns false when it did nothing.
func (w *writer) mergeDay(id uint32, from int64, ss []point.Sample) bool {
	cs := w.lateChunks(id, from, from+day)
	fresh := 0
	for _, c := range cs {
		if c.tier == warm.Fresh {
			fresh++
		}
	}
	if fresh+1 < mergeLate || fresh < len(cs)-fresh {
		return false
	}
	slices.SortStableFunc(cs, func(a, b stored) int { return cmp.Compare(a.commit, b.commit) })
	var all []point.Sample
	for _, c := range cs {
		all = append(all, c.samples...)
		w.remove(chunkKey(nil, id, laneLate, c.from, c.commit))
	}
	w.chunks(id, laneLate, warm.Merged, settle(append(all, ss...)))
	return true
}
