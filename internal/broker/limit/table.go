package limit

// Table holds a bucket for each of a bounded number of names. Buckets that are
// full again are forgotten when room is needed. Its owner alone touches it.
type Table struct {
	most    int
	buckets map[string]*Bucket
	swept   int64 // when room was last looked for
	// Untracked counts names that there was no room for.
	Untracked uint64
}

// NewTable returns a table for that many names.
func NewTable(most int) *Table { return &Table{most: most, buckets: map[string]*Bucket{}} }

// sweepEvery bounds how often a full table is looked through.
const sweepEvery = int64(1e9)

// At is the name's bucket; nil when there is no room for one more.
func (t *Table) At(name string, now int64) *Bucket {
	if b := t.buckets[name]; b != nil {
		return b
	}
	if len(t.buckets) >= t.most && !t.sweep(now) {
		t.Untracked++
		return nil
	}
	b := new(Bucket)
	t.buckets[name] = b
	return b
}

// Len is how many names the table has.
func (t *Table) Len() int { return len(t.buckets) }

func (t *Table) sweep(now int64) bool {
	if now-t.swept < sweepEvery {
		return false
	}
	t.swept = now
	for name, b := range t.buckets {
		if b.Full(now) {
			delete(t.buckets, name)
		}
	}
	return len(t.buckets) < t.most
}
