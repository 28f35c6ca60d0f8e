package historian

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/payload"
	"github.com/millrace/millrace/internal/point"
	"github.com/millrace/millrace/internal/say"
)

// tape is a source in memory: entries that were published, and readers that follow.
type tape struct {
	mu      sync.Mutex
	entries [][]msg.Message
	more    chan struct{} // closed when an entry is added
	reads   []msg.Position
	fail    error // what Read returns behind the last entry, once
}

func newTape() *tape { return &tape{more: make(chan struct{})} }

func (s *tape) publish(ms ...msg.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = append(s.entries, ms)
	close(s.more)
	s.more = make(chan struct{})
}

func (s *tape) entry(seq int) (ms []msg.Message, more chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq <= len(s.entries) {
		return s.entries[seq-1], nil
	}
	return nil, s.more
}

func (s *tape) Read(ctx context.Context, _ string, after msg.Position, f func(msg.Position, []msg.Message) error) error {
	s.mu.Lock()
	s.reads = append(s.reads, after)
	s.mu.Unlock()
	at := msg.Position{Seq: max(1, after.Seq)}
	if after.Seq > 0 {
		at.Index = after.Index + 1
	}
	for {
		ms, more := s.entry(int(at.Seq))
		if more != nil {
			if err := s.takeFailure(); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-more:
				continue
			}
		}
		if int(at.Index) < len(ms) {
			if err := f(at, ms[at.Index:]); err != nil {
				return err
			}
		}
		at = msg.Position{Seq: at.Seq + 1}
	}
}

func (s *tape) takeFailure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.fail
	s.fail = nil
	return err
}

// bells records alarms.
type bells struct {
	mu     sync.Mutex
	active map[string]string
	rung   chan string
}

func newBells() *bells { return &bells{active: map[string]string{}, rung: make(chan string, 100)} }

func (b *bells) Raise(id string, _ int, _, detail say.Said) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.active[id] = detail.String()
	b.rung <- "raised " + id
}

func (b *bells) Clear(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.active, id)
	b.rung <- "cleared " + id
}

func (b *bells) detail(id string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.active[id]
}

func (b *bells) await(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-b.rung:
		if got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("waited for %s", want)
	}
}

func plentySpace() (int64, error) { return 1 << 40, nil }

// started returns a running historian in memory; Close is the test's end.
func started(t *testing.T, opts Options) *Historian {
	t.Helper()
	if opts.Dir == "" {
		opts.Dir = "warm"
	}
	if opts.fs == nil {
		opts.fs = vfs.NewMem()
	}
	if opts.FreeSpace == nil {
		opts.FreeSpace = plentySpace
	}
	if opts.CommitEvery == 0 {
		opts.CommitEvery = time.Hour
	}
	h, err := New(opts)
	if err == nil {
		err = h.Start(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return h
}

func reading(topic, payload string, at int64) msg.Message {
	return msg.Message{Topic: []byte(topic), Payload: []byte(payload), Publisher: []byte("press-1"), Time: at}
}

// until polls a condition that another goroutine brings about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s", what)
		}
		<-time.After(time.Millisecond)
	}
}

func TestWhatIsReadCanBeQueriedAtOnce(t *testing.T) {
	src := newTape()
	h := started(t, Options{Source: src, Stream: "telemetry"})
	src.publish(reading("plant/press", `{"motor":{"temp":21.5},"on":true}`, epoch), reading("plant/press/state", "run", epoch+1))
	until(t, "the points", func() bool { return h.Stats().Points == 3 })
	list, total, err := h.Latest(context.Background(), point.Page{})
	if err != nil || total != 3 {
		t.Fatalf("%d, %v", total, err)
	}
	var names []string
	for _, s := range list {
		names = append(names, fmt.Sprintf("%s %s %v", s.Name, s.Kind, s.Value.Any()))
	}
	want := "plant/press/motor.temp number 21.5; plant/press/on boolean true; plant/press/state/value text run"
	if got := strings.Join(names, "; "); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	got, err := h.Range(context.Background(), point.Range{Series: "plant/press/motor.temp", From: epoch, To: epoch + 1})
	if err != nil || len(got.Samples) != 1 || got.Samples[0].Value.Num != 21.5 {
		t.Fatalf("%+v, %v", got, err)
	}
	if s := h.Stats(); s.Uncommitted != 3 || s.Committed != (msg.Position{}) || s.Series != 3 {
		t.Fatalf("%+v", s)
	}
	if _, err := h.Range(context.Background(), point.Range{Series: "plant/none", To: 1}); fault.CodeOf(err) != fault.NotFound {
		t.Fatal(err)
	}
}

func TestPointsAreCommittedInTime(t *testing.T) {
	src := newTape()
	h := started(t, Options{Source: src, Stream: "telemetry", CommitEvery: time.Millisecond})
	src.publish(reading("a", "1", epoch), reading("a", "2", epoch))
	until(t, "the commit", func() bool { return h.Stats().Committed == msg.Position{Seq: 1, Index: 1} })
	if s := h.Stats(); s.Uncommitted != 0 || s.Bytes == 0 {
		t.Fatalf("%+v", s)
	}
}

// TestExactlyOnce kills the historian at every commit of a run and starts it on the
// disk as it then was.
func TestExactlyOnce(t *testing.T) {
	src := newTape()
	const entries, perEntry = 30, 7
	for i := range entries {
		var ms []msg.Message
		for j := range perEntry {
			ms = append(ms, reading("counter", fmt.Sprint(i*perEntry+j), epoch+int64(i)*1e9))
		}
		src.publish(ms...)
	}
	disk := vfs.NewCrashableMem()
	for kills := 0; ; kills++ {
		h, err := New(Options{Dir: "warm", fs: disk, FreeSpace: plentySpace, Source: src, Stream: "telemetry", CommitEvery: time.Hour, CommitPoints: 10 + kills%5})
		if err == nil {
			err = h.Start(context.Background())
		}
		if err != nil {
			t.Fatal(err)
		}
		before := h.Stats().Committed
		until(t, "a commit or the end", func() bool {
			return h.Stats().Committed != before || h.reached() == msg.Position{Seq: entries, Index: perEntry - 1}
		})
		disk2 := disk.CrashClone(vfs.CrashCloneCfg{})
		end := h.reached() == msg.Position{Seq: entries, Index: perEntry - 1}
		checkCounter(t, h, entries*perEntry, end)
		if err := h.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if disk = disk2; end && kills > 3 {
			break
		}
		src.publish() // an empty entry does no harm
	}
	h := started(t, Options{fs: disk, Source: src, Stream: "telemetry"})
	until(t, "the end", func() bool { return h.reached() == msg.Position{Seq: entries, Index: perEntry - 1} })
	checkCounter(t, h, entries*perEntry, true)
}

// checkCounter wants 0, 1, 2 … without gap or double; all of them at the end.
func checkCounter(t *testing.T, h *Historian, n int, whole bool) {
	t.Helper()
	got, err := h.Range(context.Background(), point.Range{Series: "counter/value", To: math.MaxInt64})
	if err != nil || whole && len(got.Samples) != n {
		t.Fatalf("%d samples of %d, err %v", len(got.Samples), n, err)
	}
	for i, s := range got.Samples {
		if s.Value.Num != float64(i) {
			t.Fatalf("sample %d is %v", i, s.Value.Num)
		}
	}
}

func checkCounterOf(t *testing.T, h *Historian, name string, n int) {
	t.Helper()
	got, err := h.Range(context.Background(), point.Range{Series: name, To: math.MaxInt64})
	if err != nil || len(got.Samples) != n {
		t.Fatalf("%d samples of %d, err %v", len(got.Samples), n, err)
	}
}

// TestLongTextsAreBounded commits by bytes, too, and cuts answers by bytes.
func TestLongTextsAreBounded(t *testing.T) {
	h := started(t, Options{Payload: payload.Options{MaxText: 1 << 20}})
	for i := range 40 {
		take(t, h, reading("log", strings.Repeat("x", 1<<20-2)+fmt.Sprint(10+i), epoch+int64(i)*1e6))
		if b := h.window.bytes; b > maxTextBytes+1<<20 {
			t.Fatalf("%d bytes wait", b)
		}
	}
	a, word := newAnswer(point.Range{To: math.MaxInt64}), strings.Repeat("x", 1<<20)
	for i := range int64(100) {
		if !a.add(&point.Sample{Time: i, Value: point.String(word)}) {
			break
		}
	}
	if r := a.result(); !r.Truncated || r.NextFrom != maxAnswerBytes>>20 || len(r.Samples) != maxAnswerBytes>>20 {
		t.Fatalf("%d samples, next from %d", len(r.Samples), r.NextFrom)
	}
}

func TestASourceThatFailsIsReadAgain(t *testing.T) {
	src := newTape()
	src.fail = errors.New("broken pipe")
	h := started(t, Options{Source: src, Stream: "telemetry"})
	src.publish(reading("a", "1", epoch))
	until(t, "the point", func() bool { return h.Stats().Points == 1 })
}

func TestRestartGoesOnBehindWhatItHas(t *testing.T) {
	src := newTape()
	opts := Options{Dir: filepath.Join(t.TempDir(), "warm"), Source: src, Stream: "telemetry", fs: privateFS{vfs.Default}}
	for round := range 3 {
		h, err := New(opts)
		if err == nil {
			err = h.Start(context.Background())
		}
		if err != nil {
			t.Fatal(err)
		}
		src.publish(reading("a", fmt.Sprint(round), epoch))
		until(t, "the round's point", func() bool { return h.reached().Seq == uint64(round+1) })
		if err := h.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Range(context.Background(), point.Range{Series: "a/value", To: 1}); fault.CodeOf(err) != fault.Unavailable {
			t.Fatal(err)
		}
	}
	h := started(t, opts)
	got, err := h.Range(context.Background(), point.Range{Series: "a/value", To: math.MaxInt64})
	if err != nil || len(got.Samples) != 3 || h.Stats().Points != 0 {
		t.Fatalf("%+v, %v, %+v", got, err, h.Stats())
	}
}

func TestARedeliveredMessageMakesNoSecondPoint(t *testing.T) {
	h := started(t, Options{})
	twice := reading("a", fmt.Sprintf(`{"ts":%d,"v":1}`, epoch), epoch)
	again := twice
	again.Time += 5e9
	take(t, h, twice, again)
	if got, _ := h.Range(context.Background(), point.Range{Series: "a/v", To: math.MaxInt64}); len(got.Samples) != 1 {
		t.Fatalf("%+v", got)
	}
}

// take feeds messages as the next entry.
func take(t *testing.T, h *Historian, ms ...msg.Message) {
	t.Helper()
	if err := h.take(msg.Position{Seq: h.reached().Seq + 1}, ms); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsNotStoredIsCounted(t *testing.T) {
	h := started(t, Options{})
	take(t, h,
		reading("a", "\xff", epoch), reading("a", strings.Repeat("[", 1000), epoch),
		reading("a", `{"x":1e400,"y":1}`, epoch), reading("a", `{"ts":5,"x":1,"y":2}`, epoch),
		reading("a", strings.Repeat("x", 5000), epoch), reading("a", "1970 is early", -5), reading("a", "", epoch))
	for _, empty := range []string{" ", "null", "{}", "[]", `{"ts":1}`, `{"a":null}`} {
		take(t, h, reading("a", empty, epoch))
	}
	take(t, h, reading("a", `[{"ts":"foo","y":1,"z":2},{"ts":"bar","y":1}]`, epoch))
	s := h.Stats()
	want := map[fault.Code]uint64{fault.Undecodable: 3, fault.TimeOutOfRange: 3, fault.TooLarge: 1, fault.NoValues: 7, fault.TimeUnreadable: 2}
	if fmt.Sprint(s.Rejected) != fmt.Sprint(want) || s.Points != 4 || h.Rejected(fault.Undecodable) != 3 {
		t.Fatalf("%+v, want %v", s, want)
	}
}

// TestTwoSeriesOfOneName asks for each by topic and metric, before and after a
// restart.
func TestTwoSeriesOfOneName(t *testing.T) {
	disk := vfs.NewMem()
	h := started(t, Options{fs: disk})
	take(t, h, reading("col/a", `{"b":2}`, epoch), reading("col", `{"a/b":1,"c":3}`, epoch))
	for range 2 {
		for _, c := range []struct {
			q    point.Range
			want float64
		}{
			{point.Range{Topic: "col", Metric: "a/b"}, 1},
			{point.Range{Topic: "col/a", Metric: "b"}, 2},
			{point.Range{Topic: "col/a", Metric: "b", Series: "col/c"}, 2},
			{point.Range{Series: "col/c", Metric: "a/b"}, 3},
			{point.Range{Series: "col/a/b"}, 2},
		} {
			c.q.To = math.MaxInt64
			got, err := h.Range(context.Background(), c.q)
			if err != nil || len(got.Samples) != 1 || got.Samples[0].Value.Num != c.want {
				t.Errorf("%+v: %+v, %v", c.q, got, err)
			}
		}
		for _, q := range []point.Range{{Topic: "col", Metric: "b"}, {Topic: "col/a", Series: "col/a/b"}, {Topic: "co", Metric: "l"}} {
			if _, err := h.Range(context.Background(), q); fault.CodeOf(err) != fault.NotFound {
				t.Errorf("%+v: %v", q, err)
			}
		}
		list, _, _ := h.Series(context.Background(), point.Page{Prefix: "col/a/b"})
		if len(list) != 2 || list[0].Topic != "col/a" || list[1].Topic != "col" {
			t.Errorf("%+v", list)
		}
		if err := h.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		h = started(t, Options{fs: disk})
	}
}

// TestAMetricNamedTwiceInARecordIsOnePoint keeps the later value, with a time of its
// own and without, in the window and in the newest value.
func TestAMetricNamedTwiceInARecordIsOnePoint(t *testing.T) {
	h := started(t, Options{})
	own := fmt.Sprintf(`"ts":%d,`, epoch+1e9)
	take(t, h,
		reading("a", `{"a.b":1,"a":{"b":2}}`, epoch), reading("a", `{"a":{"b":3},"a.b":"x","a.b":true}`, epoch),
		reading("a", `{`+own+`"a.b":4,"a":{"b":"late"}}`, epoch+2e9),
		reading("a", `[{"a.b":5},{"a.b":6,"a":{"b":7}}]`, epoch+3e9))
	want := []point.Sample{
		{Time: epoch, Value: point.Number(2)}, {Time: epoch + 1, Value: point.Truth(true)},
		{Time: epoch + 1e9, Value: point.String("late")},
		{Time: epoch + 3e9, Value: point.Number(5)}, {Time: epoch + 3e9 + 1, Value: point.Number(7)},
	}
	for range 2 {
		got, err := h.Range(context.Background(), point.Range{Topic: "a", Metric: "a.b", To: math.MaxInt64})
		if err != nil || !sameSamples(got.Samples, want) {
			t.Fatalf("%+v, %v", got.Samples, err)
		}
		list, _, _ := h.Latest(context.Background(), point.Page{})
		if len(list) != 1 || list[0].Last != epoch+3e9+1 || !list[0].Value.Equal(point.Number(7)) {
			t.Fatalf("%+v", list)
		}
		mustCommit(t, h)
	}
	if n := h.Stats().Points; n != 5 {
		t.Fatalf("%d points", n)
	}
}

func TestADeviceThatFloodsWithSeriesIsLimited(t *testing.T) {
	now, bells := time.Unix(0, epoch), newBells()
	h := started(t, Options{Alarms: bells, Now: func() time.Time { return now }})
	take(t, h, reading("known", "1", epoch))
	for i := range 10_000 {
		m := reading(fmt.Sprintf("flood/%d", i), "1", epoch+int64(i)*100_000) // a second in all
		m.Publisher = []byte("mad")
		take(t, h, m, reading("known", fmt.Sprint(i), epoch+int64(i)*100_000))
	}
	other := reading("other", "1", epoch+1e9)
	take(t, h, other)
	s := h.Stats()
	// 2,000 at once, then 200 in the second.
	if s.Series < 2+2190 || s.Series > 2+2210 || s.Rejected[fault.SeriesLimit] != uint64(10_002-s.Series) {
		t.Fatalf("%+v", s)
	}
	if got, _ := h.Range(context.Background(), point.Range{Series: "known/value", To: math.MaxInt64}); len(got.Samples) != 10_001 {
		t.Fatalf("%d points of the known series", len(got.Samples))
	}
	if d := bells.detail(alarmSeries); !strings.Contains(d, `"mad"`) {
		t.Fatalf("alarm %q", d)
	}
	now = now.Add(seriesAlarmFor)
	h.ingest.Lock()
	h.calmSeries()
	h.ingest.Unlock()
	if d := bells.detail(alarmSeries); d != "" {
		t.Fatalf("alarm %q", d)
	}
}

func TestAllPublishersTogetherAreLimited(t *testing.T) {
	h := started(t, Options{NewSeries: Rate{10, 20}, MaxSeries: 25})
	for i := range 100 {
		m := reading(fmt.Sprintf("t/%d", i), "1", epoch)
		m.Publisher = fmt.Append(nil, i)
		take(t, h, m)
	}
	if n := h.Stats().Series; n != 20 {
		t.Fatalf("%d series of the burst", n)
	}
	for i := range 100 {
		take(t, h, reading(fmt.Sprintf("u/%d", i), "1", epoch+10e9))
	}
	if n := h.Stats().Series; n != 25 {
		t.Fatalf("%d series in all", n)
	}
}

func TestListing(t *testing.T) {
	h := started(t, Options{})
	for _, topic := range []string{"b/Press", "a/press", "c/ÜBER", "a/oven", "a/press/2"} {
		take(t, h, reading(topic, `{"temp":1}`, epoch))
	}
	for _, c := range []struct {
		page  point.Page
		want  string
		total int
	}{
		{point.Page{}, "a/oven/temp a/press/2/temp a/press/temp b/Press/temp c/ÜBER/temp", 5},
		{point.Page{Prefix: "a/"}, "a/oven/temp a/press/2/temp a/press/temp", 3},
		{point.Page{Prefix: "a/", Offset: 1, Limit: 1}, "a/press/2/temp", 3},
		{point.Page{Search: "PRESS"}, "a/press/2/temp a/press/temp b/Press/temp", 3},
		{point.Page{Search: "über"}, "c/ÜBER/temp", 1},
		{point.Page{Search: "press", Offset: 2, Limit: 5}, "b/Press/temp", 3},
		{point.Page{Prefix: "b", Search: "temp"}, "b/Press/temp", 1},
		{point.Page{Prefix: "x"}, "", 0},
		{point.Page{Offset: 99}, "", 5},
	} {
		list, total, err := h.Series(context.Background(), c.page)
		var names []string
		for _, s := range list {
			names = append(names, s.Name)
		}
		if got := strings.Join(names, " "); err != nil || got != c.want || total != c.total {
			t.Errorf("%+v: got %q of %d, want %q of %d, err %v", c.page, got, total, c.want, c.total, err)
		}
	}
}

func TestATopicWithManyMetrics(t *testing.T) {
	h := started(t, Options{})
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, `,"m%d":%d`, i, i)
	}
	for round := range int64(3) {
		take(t, h, reading("wide", "{"+b.String()[1:]+"}", epoch+round))
	}
	for i := range 100 {
		got, err := h.Range(context.Background(), point.Range{Series: fmt.Sprintf("wide/m%d", i), To: math.MaxInt64})
		if err != nil || len(got.Samples) != 3 || got.Samples[0].Value.Num != float64(i) {
			t.Fatalf("m%d: %+v, %v", i, got, err)
		}
	}
}

func TestAnswersAreLimited(t *testing.T) {
	h := started(t, Options{})
	for i := range int64(100) {
		take(t, h, reading("a", fmt.Sprintf(`{"ts":%d,"v":%d}`, epoch+i*1e9, i), epoch+i*1e9))
	}
	q := point.Range{Series: "a/v", From: epoch, To: math.MaxInt64, Limit: 30}
	var got []point.Sample
	for {
		r, err := h.Range(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Samples...)
		if q.From = r.NextFrom; !r.Truncated {
			break
		}
	}
	if len(got) != 100 || got[99].Value.Num != 99 {
		t.Fatalf("%d samples", len(got))
	}
	r, err := h.Range(context.Background(), point.Range{Series: "a/v", From: epoch, To: math.MaxInt64, Limit: 3, Bucket: 10e9})
	if err != nil || len(r.Buckets) != 3 || !r.Truncated || r.NextFrom != epoch+30e9 || r.Buckets[0].Count != 10 {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := h.Range(context.Background(), point.Range{Series: "a/v", Bucket: -1}); fault.CodeOf(err) != fault.Invalid {
		t.Fatal(err)
	}
}

func TestOldPointsLeave(t *testing.T) {
	now := time.Unix(0, epoch)
	h := started(t, Options{MaxAge: 24 * time.Hour, Now: func() time.Time { return now }})
	for i := range int64(4) {
		at := epoch - (3-i)*day/2
		take(t, h, reading("a", fmt.Sprintf(`{"ts":%d,"v":%d}`, at, i), at))
		mustCommit(t, h)
	}
	h.expire(context.Background())
	got, err := h.Range(context.Background(), point.Range{Series: "a/v", To: math.MaxInt64})
	if err != nil || len(got.Samples) != 3 || got.Samples[0].Value.Num != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
}

func mustCommit(t testing.TB, h *Historian) {
	t.Helper()
	h.ingest.Lock()
	defer h.ingest.Unlock()
	if err := h.commit(); err != nil {
		t.Fatal(err)
	}
}

func TestLag(t *testing.T) {
	now := time.Unix(0, epoch)
	h := started(t, Options{Now: func() time.Time { return now }})
	if h.Stats().Lag != 0 {
		t.Fatal("lag before the first message")
	}
	take(t, h, reading("a", "1", epoch-5e9))
	if got := h.Stats().Lag; got != 5*time.Second {
		t.Fatalf("lag %v", got)
	}
	if now = now.Add(2 * time.Second); h.Stats().Lag != 0 {
		t.Fatal("lag while nothing comes")
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	for _, o := range []Options{{}, {Dir: "x", Stream: "telemetry"}} {
		if _, err := New(o); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
