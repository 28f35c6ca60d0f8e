package bus

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
)

// copied is everything that a bus holds, by stream.
func copied(t *testing.T, b *Bus) (states []CopyState, entries map[string][]CopyEntry) {
	t.Helper()
	states, err := b.CopyStates(t.Context())
	must(t, err)
	entries = map[string][]CopyEntry{}
	for _, s := range states {
		must(t, b.CopyOut(t.Context(), s.Name, 0, 0, func(x *CopyEntry) error {
			e := *x
			e.Header, e.Data = bytes.Clone(x.Header), bytes.Clone(x.Data)
			entries[s.Name] = append(entries[s.Name], e)
			return nil
		}))
	}
	return states, entries
}

func sameEntry(x, y CopyEntry) bool {
	return x.Seq == y.Seq && x.Time == y.Time && x.Subject == y.Subject && bytes.Equal(x.Header, y.Header) && bytes.Equal(x.Data, y.Data)
}

// A copy has every entry at its own sequence and with its own time, whatever was purged,
// replaced or deleted, and goes on where the original would.
func TestACopyIsTheSameAsTheOriginal(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	b := start(t, Options{Dir: t.TempDir(), Durability: Process})
	full := openLog(t, b, LogConfig{Name: "telemetry"})
	cut := openLog(t, b, LogConfig{Name: "journal", MaxBytes: 64 << 20})
	empty := openLog(t, b, LogConfig{Name: "sessions"})
	openLog(t, b, LogConfig{Name: "never-used"})
	for i := range 300 {
		for _, l := range []*Log{full, cut, empty} {
			_, err := appendWait(l, fmt.Sprint(l.cfg.Name, i), i%7 == 0, bytes.Repeat([]byte{byte(i)}, rng.IntN(60_000)))
			must(t, err)
		}
	}
	must(t, cut.Purge(t.Context(), 120))
	must(t, empty.Purge(t.Context(), 300))
	kv, err := b.KV(t.Context(), "people")
	must(t, err)
	for range 500 {
		key := fmt.Sprint("user ", rng.IntN(40))
		if rng.IntN(5) == 0 {
			must(t, kv.Delete(t.Context(), key))
			continue
		}
		_, err := kv.Put(t.Context(), key, bytes.Repeat([]byte("v"), rng.IntN(9000)))
		must(t, err)
	}

	states, entries := copied(t, b)
	dir := filepath.Join(t.TempDir(), "bus")
	must(t, CopyIn(t.Context(), Options{Dir: dir}, slices.Clone(states), func(s CopyState, f func(*CopyEntry) error) error {
		for i := range entries[s.Name] {
			if err := f(&entries[s.Name][i]); err != nil {
				return err
			}
		}
		return nil
	}))

	again := start(t, Options{Dir: dir})
	states2, entries2 := copied(t, again)
	for i, s := range states {
		s2 := states2[i]
		if s2.Name != s.Name || s2.First != s.First || s2.Last != s.Last || s2.Entries != s.Entries {
			t.Errorf("%s was %d–%d (%d), is %s %d–%d (%d)", s.Name, s.First, s.Last, s.Entries, s2.Name, s2.First, s2.Last, s2.Entries)
		}
		if !slices.EqualFunc(entries[s.Name], entries2[s.Name], sameEntry) {
			t.Errorf("%s has other entries: %d, were %d", s.Name, len(entries2[s.Name]), len(entries[s.Name]))
		}
	}
	l := openLog(t, again, LogConfig{Name: "sessions"})
	if seq, err := appendWait(l, "new", false, []byte("new")); err != nil || seq != 301 {
		t.Errorf("the next entry of an emptied log is %d (%v), not 301", seq, err)
	}
}

func TestPurgesWaitWhileSomebodyCopies(t *testing.T) {
	b := start(t, Options{Dir: t.TempDir(), Durability: Process})
	l := openLog(t, b, LogConfig{Name: "journal"})
	_, err := appendWait(l, "a", false, []byte("a"))
	must(t, err)
	release, err := b.HoldPurges(t.Context())
	must(t, err)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Purge(ended, 1); err == nil {
		t.Error("a purge did not wait")
	}
	release()
	must(t, l.Purge(t.Context(), 1))
	st, err := l.State(t.Context())
	must(t, err)
	if st.Entries != 0 {
		t.Errorf("%d entries are left", st.Entries)
	}
}
