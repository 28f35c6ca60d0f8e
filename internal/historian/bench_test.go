package historian

import (
	"context"
	"fmt"
	"math"
	"math/rand"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/point"
)

// machines are devices × 5 metrics that behave like sensors: walks of two decimals,
// a counter, a state, millisecond jitter.
type machines struct {
	rng    *rand.Rand
	topics [][]byte
	walks  [][3]float64
	ms     []msg.Message
	round  int64
}

func newMachines(devices int) *machines {
	m := &machines{rng: rand.New(rand.NewSource(1)), walks: make([][3]float64, devices), ms: make([]msg.Message, devices)}
	for i := range devices {
		m.topics = append(m.topics, fmt.Appendf(nil, "works/hall/line%d/press%03d", i%8, i))
		m.walks[i] = [3]float64{21.5, 1013, 4}
	}
	return m
}

// next returns a reading of each device, a second later.
func (m *machines) next() []msg.Message {
	at := epoch + m.round*1e9
	for i := range m.ms {
		w := &m.walks[i]
		for k := range w {
			w[k] += m.rng.NormFloat64() / 10
		}
		b := append(m.ms[i].Payload[:0], `{"ts":`...)
		b = strconv.AppendInt(b, (at+m.rng.Int63n(20)*1e6)/1e6, 10)
		b = strconv.AppendFloat(append(b, `,"temp":`...), w[0], 'f', 2, 64)
		b = strconv.AppendFloat(append(b, `,"pressure":`...), w[1], 'f', 2, 64)
		b = strconv.AppendFloat(append(b, `,"force":`...), w[2], 'f', 3, 64)
		b = strconv.AppendInt(append(b, `,"count":`...), m.round, 10)
		b = append(b, `,"running":true}`...)
		m.ms[i] = msg.Message{Topic: m.topics[i], Payload: b, Publisher: m.topics[i], Time: at}
	}
	m.round++
	return m.ms
}

func benched(b *testing.B, dir string) *Historian {
	b.Helper()
	h, err := New(Options{Dir: dir, fs: privateFS{vfs.Default}, CommitEvery: 1 << 50, FreeSpace: plentySpace, NewSeries: Rate{1e9, 1e9}})
	if err == nil {
		err = h.Start(context.Background())
	}
	if err != nil {
		b.Fatal(err)
	}
	return h
}

func feedRound(b *testing.B, h *Historian, ms []msg.Message) {
	if err := h.take(msg.Position{Seq: h.reached().Seq + 1}, ms); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkIngest is JSON to committed chunks: 2,000 devices × 5 metrics, commits
// of 200,000 points with fsync, merges included. An operation is a second of the
// plant, 10,000 points.
func BenchmarkIngest(b *testing.B) { ingest(b, false) }

// BenchmarkIngestSlow commits each second, one point a series: the most that is
// written for a point.
func BenchmarkIngestSlow(b *testing.B) { ingest(b, true) }

func ingest(b *testing.B, everyRound bool) {
	h, m := benched(b, filepath.Join(b.TempDir(), "warm")), newMachines(2000)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		ms := m.next()
		b.StartTimer()
		feedRound(b, h, ms)
		if everyRound {
			mustCommit(b, h)
		}
	}
	mustCommit(b, h)
	s := h.Stats()
	b.ReportMetric(float64(s.Points)/b.Elapsed().Seconds(), "points/s")
	b.ReportMetric(float64(s.Written)/float64(s.Points), "written-bytes/point")
	if err := h.store.db.Compact(context.Background(), []byte{0}, []byte{0xFF}, false); err != nil {
		b.Fatal(err)
	}
	kept := h.store.db.Metrics().Total()
	b.ReportMetric(float64(kept.TablesSize)/float64(s.Points), "kept-bytes/point")
	if err := h.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTake is JSON to the window alone, without commits.
func BenchmarkTake(b *testing.B) {
	h, m := benched(b, filepath.Join(b.TempDir(), "warm")), newMachines(2000)
	h.opts.CommitPoints = math.MaxInt
	ms := m.next()
	b.ReportAllocs()
	for b.Loop() {
		if len(h.window.recs) > 500_000 {
			b.StopTimer()
			mustCommit(b, h)
			b.StartTimer()
		}
		feedRound(b, h, ms)
	}
	b.ReportMetric(float64(h.points.Load())/b.Elapsed().Seconds(), "points/s")
	if err := h.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// stored10M fills a folder with 10 million points of 10,000 series.
func stored10M(b *testing.B) string {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "warm")
	h, m := benched(b, dir), newMachines(2000)
	for range 1000 {
		feedRound(b, h, m.next())
	}
	if err := h.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkStart opens a store of 10 million points and 10,000 series.
func BenchmarkStart(b *testing.B) {
	dir := stored10M(b)
	for b.Loop() {
		h := benched(b, dir)
		b.StopTimer()
		if h.Stats().Series != 10_000 {
			b.Fatal("series are missing")
		}
		if err := h.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkRange reads one series of ten over 24 hours at 1 Hz, raw and in buckets.
func BenchmarkRange(b *testing.B) {
	h, m := benched(b, filepath.Join(b.TempDir(), "warm")), newMachines(2)
	for i := range 86_400 {
		feedRound(b, h, m.next())
		if i%60 == 0 {
			mustCommit(b, h)
		}
	}
	q := point.Range{Series: "works/hall/line0/press000/temp", From: epoch, To: epoch + day}
	for _, c := range []struct {
		name   string
		bucket int64
		span   int64
		want   int
	}{{"raw", 0, day, 86_400}, {"raw-2000", 0, 2000e9, 2000}, {"minute", 60e9, day, 1440}, {"hour", 3600e9, day, 24}} {
		b.Run(c.name, func(b *testing.B) {
			q.Bucket, q.To = c.bucket, epoch+c.span
			b.ReportAllocs()
			for b.Loop() {
				r, err := h.Range(context.Background(), q)
				if err != nil || len(r.Samples)+len(r.Buckets) != c.want {
					b.Fatalf("%d, %v", len(r.Samples)+len(r.Buckets), err)
				}
			}
		})
	}
	if err := h.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkLatest lists a page of 100 newest values of 10,000 series.
func BenchmarkLatest(b *testing.B) {
	h, m := benched(b, filepath.Join(b.TempDir(), "warm")), newMachines(2000)
	feedRound(b, h, m.next())
	b.ReportAllocs()
	for b.Loop() {
		if list, _, err := h.Latest(context.Background(), point.Page{Prefix: "works/hall/line3/", Limit: 100}); err != nil || len(list) != 100 {
			b.Fatal(err)
		}
	}
	if err := h.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}
