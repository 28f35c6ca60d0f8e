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

// mergeTail writes the ordered samples together with the chunks at the end that
// wait for it, and takes up the late samples of the same time. It returns the late
// samples that lie before.
func (w *writer) mergeTail(id uint32, t *tail, ordered, late []point.Sample) []point.Sample {
	end := chunkKey(nil, id, laneLate, 0, 0)
	fresh := w.waiting(id, end, warm.Fresh)
	if len(fresh) == 0 {
		w.append(id, t, ordered)
		return late
	}
	all := fresh
	total := len(ordered) + count(fresh)
	if total < closeFrom && int(t.merged)+1 >= mergeMerged {
		all = append(w.waiting(id, end, warm.Merged), fresh...)
		total = len(ordered) + count(all)
	}
	tier := warm.Merged
	if total >= closeFrom || len(all) > len(fresh) {
		tier = warm.Closed
	}
	samples := make([]point.Sample, 0, total)
	for _, c := range all {
		samples = append(samples, c.samples...)
		w.remove(chunkKey(w.key[:0], id, laneOrdered, c.from, c.commit))
	}
	samples = append(samples, ordered...)
	samples, late = w.absorb(id, t, samples, late)
	w.chunks(id, laneOrdered, tier, samples)
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

// waiting reads back the chunks at the end of the ordered lane, down to those of
// the tier, oldest first. For Merged the fresh ones behind are passed over.
func (w *writer) waiting(id uint32, end []byte, tier warm.Tier) (cs []stored) {
	const most = 4 * mergeFresh
	for ok := w.iter.SeekLT(end); ok && len(cs) < most; ok = w.iter.Prev() {
		at, ok := parseChunkKey(w.iter.Key())
		if !ok || at.id != id || at.lane != laneOrdered {
			break
		}
		h, err := warm.ReadHeader(id, w.iter.Value())
		if err == nil && h.Tier == warm.Fresh && tier == warm.Merged {
			continue
		}
		if err != nil || h.Tier != tier {
			break
		}
		c, ok := w.read()
		if !ok {
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
	for ok := w.iter.SeekGE(chunkKey(nil, id, laneLate, from, 0)); ok; ok = w.iter.Next() {
		at, ok := parseChunkKey(w.iter.Key())
		if !ok || at.id != id || at.from >= to {
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
