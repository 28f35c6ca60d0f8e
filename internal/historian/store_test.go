package historian

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/point"
)

// TestADamagedChunkIsLeftOut flips a bit in one chunk: the rest is answered, the
// damage is counted and told, and merges leave it alone.
func TestADamagedChunkIsLeftOut(t *testing.T) {
	bells := newBells()
	h := started(t, Options{Alarms: bells})
	for i := range int64(40) {
		if take(t, h, reading("a", fmt.Sprint(i), epoch+i*1e9)); i == 5 {
			mustCommit(t, h)
			damage(t, h.store)
		}
		mustCommit(t, h)
	}
	got, err := h.Range(context.Background(), point.Range{Series: "a/value", To: math.MaxInt64})
	if err != nil || len(got.Samples) != 39 || h.Stats().Damaged == 0 || bells.detail(alarmDamaged) == "" {
		t.Fatalf("%d samples, %v, %+v", len(got.Samples), err, h.Stats())
	}
}

// damage flips a bit in the last chunk.
func damage(t *testing.T, s *store) {
	t.Helper()
	it, err := s.chunks()
	if err != nil || !it.Last() {
		t.Fatal(err)
	}
	v := append([]byte(nil), it.Value()...)
	v[len(v)/2] ^= 4
	if err := s.db.Set(it.Key(), v, pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAStoreOfAnotherVersionIsLeftAlone(t *testing.T) {
	disk := vfs.NewMem()
	db, err := pebble.Open("warm", &pebble.Options{FS: disk, Logger: &store{log: Options{}.withDefaults().Log}})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Set([]byte{keyFormat}, []byte{99}, pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	h, err := New(Options{Dir: "warm", fs: disk})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Start(context.Background()); fault.CodeOf(err) != fault.Unavailable {
		t.Fatal(err)
	}
}

// TestAskingWhileStoring asks all the time while points come in, are committed and
// merged: a counter never has a gap, and never fewer points than before.
func TestAskingWhileStoring(t *testing.T) {
	h := started(t, Options{CommitPoints: 40})
	take(t, h, reading("a", "0", epoch))
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() { askUntil(t, h, stop) })
	}
	for i := 1; i < 3000; i++ {
		at := epoch + int64(i)*1e9
		take(t, h, reading("a", fmt.Sprint(i), at), reading(fmt.Sprintf("b/%d", i%50), "1", at))
	}
	close(stop)
	readers.Wait()
}

func askUntil(t *testing.T, h *Historian, stop chan struct{}) {
	seen := 0
	for {
		select {
		case <-stop:
			return
		default:
		}
		got, err := h.Range(context.Background(), point.Range{Series: "a/value", To: math.MaxInt64})
		if err != nil || len(got.Samples) < seen {
			t.Errorf("%d samples behind %d, %v", len(got.Samples), seen, err)
			return
		}
		for i, s := range got.Samples {
			if s.Value.Num != float64(i) {
				t.Errorf("sample %d is %v", i, s.Value.Num)
				return
			}
		}
		seen = len(got.Samples)
		_, _, _ = h.Latest(context.Background(), point.Page{Search: "b"})
		h.Stats()
	}
}

// TestMemoryOfASeries holds the catalogue to its goal, names included.
func TestMemoryOfASeries(t *testing.T) {
	const n = 100_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c := newCatalogue()
	for i := range n { // half have a topic of their own, half share one with four others
		own := i - i%10%5*(i/5%2)
		c.add(fmt.Sprintf("works/hall/line%d/press%06d", own%8, own), fmt.Sprintf("motor.m%d", i%5))
	}
	c.sort()
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n
	t.Logf("%d bytes a series", each)
	if each > 200 {
		t.Fatalf("%d bytes a series", each)
	}
	if _, ok := c.named("works/hall/line3/press099995/motor.m4"); !ok {
		t.Fatal("the last series is missing")
	}
}

// FuzzRows wants no panic and no row that comes back different.
func FuzzRows(f *testing.F) {
	s := series{name: "a/b", topicLen: 1, last: 5, arrived: 6, kind: point.Text, text: "x"}
	f.Add(appendNewestRow(nil, &s))
	f.Add(appendSeriesRow(nil, &s))
	f.Add(appendPosition(nil, msg.Position{Seq: 300, Index: 7}, 9))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, _ = readSeriesRow(b)
		_, _ = parseChunkKey(b)
		if p, n, err := readPosition(b); err == nil {
			if p2, n2, err := readPosition(appendPosition(nil, p, n)); err != nil || p2 != p || n2 != n {
				t.Fatalf("%v %d", p2, n2)
			}
		}
		var one, two series
		if readNewestRow(b, &one) == nil {
			row := appendNewestRow(nil, &one)
			if err := readNewestRow(row, &two); err != nil || string(appendNewestRow(nil, &two)) != string(row) {
				t.Fatalf("%+v, %+v, %v", one, two, err)
			}
		}
	})
}
