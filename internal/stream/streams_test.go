package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/say"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		crashChild(dir) // until it is killed
	}
	goleak.VerifyTestMain(m)
}

// running starts one stream called telemetry over that log.
func running(t testing.TB, log Log, change func(*Options)) *Streams {
	t.Helper()
	o := Options{
		Streams: []Config{{Name: "telemetry", Filters: []string{"#"}}},
		Open:    func(context.Context, LogConfig) (Log, error) { return log, nil },
	}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

// keep hands a batch over and waits until it is called back.
func keep(s *Streams, b *msg.Batch) error {
	got := make(chan error, 1)
	s.Keep(0, b, func(_ *msg.Batch, err error) { got <- err })
	return <-got
}

var errEnough = errors.New("enough")

// read returns the next n messages behind after, as "position topic payload".
func read(t testing.TB, s *Streams, after msg.Position, n int) (out []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := s.Read(ctx, "telemetry", after, func(at msg.Position, ms []msg.Message) error {
		for _, m := range ms {
			out = append(out, fmt.Sprintf("%v %s %s", at, m.Topic, m.Payload))
			at.Index++
		}
		if len(out) >= n {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatalf("after %d of %d messages: %v", len(out), n, err)
	}
	return out
}

func TestRoute(t *testing.T) {
	c := captures{{"plant/+/alarm"}, {"plant/#", "lab/a"}, {"#"}}
	only := captures{{"$SYS/#", "a/+"}}
	for _, x := range []struct {
		c      captures
		topic  string
		stream int
		ok     bool
	}{
		{c, "plant/press/alarm", 0, true},
		{c, "plant/press/alarm/old", 1, true},
		{c, "plant", 1, true},
		{c, "lab/a", 1, true},
		{c, "lab/b", 2, true},
		{c, "$SYS/load", 0, false},
		{only, "$SYS/load", 0, false},
		{only, "a/b", 0, true},
		{only, "b", 0, false},
		{captures{}, "a", 0, false},
		{c, "", 0, false},
	} {
		if i, ok := x.c.route([]byte(x.topic)); i != x.stream || ok != x.ok {
			t.Errorf("%s: %d %v", x.topic, i, ok)
		}
	}
	name := []byte("plant/a-rather-long-name-that-no-small-buffer-holds/temperature")
	if n := testing.AllocsPerRun(100, func() { c.route(name) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	all := []string{"#"}
	for _, c := range []struct {
		configs []Config
		code    fault.Code
		says    string
	}{
		{[]Config{{Filters: all}}, fault.Invalid, "name"},
		{[]Config{{Name: "a"}}, fault.Invalid, "Stream a"},
		{[]Config{{Name: "a", Filters: []string{"a/#/b"}}}, fault.BadTopicFilter, `"a/#/b"`},
		{[]Config{{Name: "a", Filters: all}, {Name: "a", Filters: all}}, fault.Invalid, "twice"},
		{[]Config{{Name: "a", Filters: all, MaxMessages: 5}}, fault.Invalid, "messages"},
		{[]Config{{Name: "a", Filters: all, MaxBytes: -1}}, fault.Invalid, "negative"},
		{[]Config{{Name: "a", Filters: all, MaxBytes: 1000}}, fault.Invalid, "4 MiB"},
		{[]Config{{Name: "a", Filters: all, MaxAge: time.Millisecond}}, fault.Invalid, "age"},
		{[]Config{{Name: "a", Filters: all}}, fault.Invalid, "log"}, // no Open
	} {
		_, err := New(Options{Streams: c.configs})
		if fault.CodeOf(err) != c.code || !strings.Contains(fault.UserMessage(err), c.says) {
			t.Errorf("%+v: %v", c.configs, err)
		}
	}
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Route([]byte("a")); ok {
		t.Error("no stream takes a message")
	}
	if err := s.Start(t.Context()); err != nil || len(s.Stats()) != 0 {
		t.Error(err)
	}
	s.Close(t.Context())
}

func TestMessagesAreReadBackFromAnyPosition(t *testing.T) {
	s := running(t, new(MemoryLog), nil)
	var want []string
	for i := range 5 {
		b := new(msg.Batch)
		for j := range 4 {
			m := reading("plant/a", fmt.Sprint(i*4+j), int64(i))
			b.Add(&m, 0)
			want = append(want, fmt.Sprintf("%d:%d plant/a %d", i+1, j, i*4+j))
		}
		if err := keep(s, b); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, s, msg.Position{}, 20); !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range 19 {
		at := msg.Position{Seq: uint64(i/4 + 1), Index: uint32(i % 4)}
		if got := read(t, s, at, 19-i); !slices.Equal(got, want[i+1:]) {
			t.Fatalf("behind %v: got %q, want %q", at, got, want[i+1:])
		}
	}
	st := s.Stats()[0]
	if st.Messages != 20 || st.Entries != 5 || st.First != (msg.Position{Seq: 1}) || st.Last != (msg.Position{Seq: 5, Index: 3}) || st.Pending != 0 || st.AppendP99 <= 0 {
		t.Fatalf("%+v", st)
	}
	if err := s.Read(t.Context(), "nobody", msg.Position{}, nil); fault.CodeOf(err) != fault.NotFound {
		t.Fatal(err)
	}
}

func TestAPositionBehindTheLogIsTakenAsItsEnd(t *testing.T) {
	l := &stubborn{asked: make(chan struct{}, 1), healed: true}
	s := running(t, l, nil)
	for _, v := range []string{"1", "2"} {
		if err := keep(s, batchOf(reading("a", v, 1))); err != nil {
			t.Fatal(err)
		}
	}
	go func() {
		<-l.asked
		_ = keep(s, batchOf(reading("a", "3", 1)))
	}()
	if got := read(t, s, msg.Position{Seq: 900, Index: 7}, 1); got[0] != "3:0 a 3" {
		t.Fatalf("got %q", got)
	}
}

func TestBatchesOfAnySizeArePacked(t *testing.T) {
	big := strings.Repeat("x", 100_000)
	for _, c := range []struct {
		name     string
		payloads [][]string // one batch each, handed over while the log is busy
		entries  string     // messages in each
	}{
		{"small ones share", [][]string{{"a"}, {"b", "c"}, {"d"}}, "1 3"},
		{"up to the cap", [][]string{{"a"}, {big}, {big}, {big}}, "1 2 1"},
		{"a batch over the cap is split", [][]string{{"a"}, {big, big, big, big, big}}, "1 2 2 1"},
		{"the rest of a split shares", [][]string{{"a"}, {big, big, big}, {"b"}}, "1 2 2"},
		{"a record over the cap stands alone", [][]string{{"a"}, {"b", strings.Repeat("x", 400_000), "c"}}, "1 1 1 1"},
		{"an empty batch costs nothing", [][]string{{"a"}, {}, {"b"}}, "1 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := newQueue(func() uint64 { return 1 })
			q.pace.lastSend = 0
			var entries []string
			now := int64(1e12)
			for i, payloads := range c.payloads {
				b := new(msg.Batch)
				for _, p := range payloads {
					m := reading("a", p, 1)
					b.Add(&m, 0)
				}
				q.arrive(now, &job{batch: b}, nil)
				if i == 0 {
					entries = append(entries, ship(t, q, now))
				}
			}
			for len(q.waiting) > 0 {
				now += spacing
				entries = append(entries, ship(t, q, now))
			}
			if got := strings.Join(entries, " "); got != c.entries {
				t.Errorf("messages by entry: %s, want %s", got, c.entries)
			}
			if n := len(q.done(nil)); n != len(c.payloads) || len(q.jobs) > 0 {
				t.Errorf("%d batches called back, %d left", n, len(q.jobs))
			}
		})
	}
}

// ship sends the next entry, confirms it and returns how many messages it had.
func ship(t *testing.T, q *queue, now int64) string {
	s, wait := q.next(now)
	if s == nil {
		t.Fatalf("nothing to send, wait %d", wait)
	}
	b := new(encoder).encode(nil, s.run, s.number, s.parts)
	e, err := ReadEntry(b)
	if err != nil || e.Count != s.messages {
		t.Fatalf("%+v, %v", e, err)
	}
	q.answer(now, s, s.number, nil)
	return fmt.Sprint(e.Count)
}

// TestALogThatFailsLosesAndDoublesNothing keeps batches of several publishers over a
// log that loses entries, loses answers and is full now and then.
func TestALogThatFailsLosesAndDoublesNothing(t *testing.T) {
	r := seed(t)
	log := &MemoryLog{Fail: func(string, bool) (bool, error) {
		switch r.IntN(12) {
		case 0:
			return false, fault.New(fault.Timeout, "no answer")
		case 1:
			return true, fault.New(fault.Timeout, "no answer")
		case 2:
			return false, fault.New(fault.StorageFull, "full")
		}
		return true, nil
	}}
	s := running(t, log, nil)
	const publishers, each = 4, 150
	var mu sync.Mutex
	kept := map[string]bool{}
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := range each {
				payload := fmt.Sprint(i)
				topic := fmt.Sprint("p", p)
				if err := keep(s, batchOf(reading(topic, payload, 1))); err == nil {
					mu.Lock()
					kept[topic+" "+payload] = true
					mu.Unlock()
				} else if fault.CodeOf(err) != fault.StorageFull {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	log.mu.Lock()
	log.Fail = nil
	log.mu.Unlock()
	if err := keep(s, batchOf(reading("end", "", 1))); err != nil {
		t.Fatal(err)
	}
	got := readUntil(t, s, "end")
	last := map[string]int{}
	for _, m := range got {
		topic, payload, _ := strings.Cut(m, " ")
		var n int
		_, _ = fmt.Sscan(payload, &n)
		if before, ok := last[topic]; ok && n <= before {
			t.Fatalf("%s: %d after %d", topic, n, before)
		}
		last[topic] = n
		delete(kept, m)
	}
	if len(kept) > 0 {
		t.Fatalf("%d confirmed messages are not read: %v", len(kept), kept)
	}
	if st := s.Stats()[0]; st.Repeated == 0 || st.Refused == 0 || st.Dropped == 0 {
		t.Fatalf("%+v", st)
	}
}

// readUntil reads from the beginning until a message of that topic.
func readUntil(t *testing.T, s *Streams, end string) (out []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := s.Read(ctx, "telemetry", msg.Position{}, func(_ msg.Position, ms []msg.Message) error {
		for _, m := range ms {
			if string(m.Topic) == end {
				return errEnough
			}
			out = append(out, string(m.Topic)+" "+string(m.Payload))
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	return out
}

func TestCallbacksComeInOrder(t *testing.T) {
	var low atomic.Bool
	s := running(t, &slowLog{}, func(o *Options) {
		o.GuardPulse = time.Millisecond
		o.FreeSpace = func() (int64, error) {
			if low.Load() {
				return 0, nil
			}
			return 1 << 40, nil
		}
	})
	const n = 3000
	got := make(chan uint64, n)
	for i := range uint64(n) {
		if i%500 == 0 {
			low.Store(!low.Load())
		}
		b := new(msg.Batch)
		m := reading("a", "1", 1)
		b.Add(&m, i)
		s.Keep(0, b, func(b *msg.Batch, _ error) { got <- b.Tokens[0] })
	}
	for i := range uint64(n) {
		if token := <-got; token != i {
			t.Fatalf("batch %d was called back as number %d", token, i)
		}
	}
}

// slowLog is a memory log that answers from goroutines of its own.
type slowLog struct{ MemoryLog }

func (l *slowLog) Append(id string, repeat bool, entry []byte, done func(uint64, error)) {
	seq, err := l.append(id, repeat, entry)
	go func() {
		for range rand.IntN(100) {
			_ = fmt.Sprint(seq)
		}
		done(seq, err)
	}()
}

func TestDamagedEntriesAreSkippedAndCounted(t *testing.T) {
	log := new(MemoryLog)
	s := running(t, log, nil)
	for i := range 5 {
		if err := keep(s, batchOf(reading("a", fmt.Sprint(i), 1))); err != nil {
			t.Fatal(err)
		}
	}
	log.entries[2][headerSize+30] ^= 1
	log.entries[3] = []byte("MRE1")
	want := []string{"1:0 a 0", "2:0 a 1", "5:0 a 4"}
	for range 2 {
		if got := read(t, s, msg.Position{}, 3); !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	if st := s.Stats()[0]; st.Damaged != 2 {
		t.Fatalf("%+v", st)
	}
}

func TestAnEntryThatWaitsForALostOneIsReadInTheEnd(t *testing.T) {
	log := new(MemoryLog)
	s := running(t, log, nil)
	for i, n := range []uint64{1, 2, 4} { // the third was never stored, and the node died
		_, _ = log.append("", false, encode(9, n, batchOf(reading("a", fmt.Sprint(i), 1))))
	}
	if got := read(t, s, msg.Position{}, 3); got[2] != "3:0 a 2" {
		t.Fatalf("got %q", got)
	}
}

// alarms are told to the test, as far as it listens: the guard never waits for it.
type alarms struct {
	raised, cleared chan string
}

func (a alarms) Raise(id string, _ int, _, detail say.Said) { tell(a.raised, id+": "+detail.String()) }
func (a alarms) Clear(id string)                            { tell(a.cleared, id) }

func tell(to chan string, what string) {
	select {
	case to <- what:
	default:
	}
}

func TestALowDiskRefusesAlarmsAndRecovers(t *testing.T) {
	var free atomic.Int64
	free.Store(1000 << 20)
	a := alarms{make(chan string, 1), make(chan string, 1)}
	s := running(t, new(MemoryLog), func(o *Options) {
		o.FreeSpace = func() (int64, error) { return free.Load(), nil }
		o.Reserve, o.Alarms, o.GuardPulse = 100<<20, a, time.Millisecond
	})
	one := func() error { return keep(s, batchOf(reading("a", "1", 1))) }
	if err := one(); err != nil {
		t.Fatal(err)
	}
	free.Store(99 << 20)
	if got := <-a.raised; !strings.Contains(got, "Stream telemetry") || !strings.Contains(got, "99.0 MiB") || !strings.Contains(got, "100.0 MiB") {
		t.Fatalf("alarm %q", got)
	}
	if err := one(); fault.CodeOf(err) != fault.StorageFull || !s.Stats()[0].Refusing {
		t.Fatalf("%v, %+v", err, s.Stats()[0])
	}
	free.Store(1000 << 20)
	<-a.cleared
	if err := one(); err != nil || s.Stats()[0].Refusing {
		t.Fatal(err)
	}
	if got := read(t, s, msg.Position{}, 2); len(got) != 2 {
		t.Fatalf("got %q", got)
	}
}

func TestTheGuardTakesAgainOnlyWithSomeMargin(t *testing.T) {
	g := guard{reserve: 800}
	for _, c := range []struct {
		free         int64
		over, refuse bool
	}{
		{900, false, false}, {800, false, false}, {799, false, true}, {800, false, true}, {899, false, true}, {900, false, false}, {850, false, false},
		{899, true, true}, {899, false, true}, {900, true, false}, {850, false, false},
	} {
		if got := g.look(c.free, c.over); got != c.refuse {
			t.Errorf("%d free, over %v: refuse %v", c.free, c.over, got)
		}
	}
}

func TestCloseWaitsAndThenAnswers(t *testing.T) {
	stuck := make(chan func(uint64, error), 10)
	s := running(t, stuckLog{calls: stuck}, nil)
	got := make(chan error, 2)
	s.Keep(0, batchOf(reading("a", "1", 1)), func(_ *msg.Batch, err error) { got <- err })
	first := <-stuck
	s.Keep(0, batchOf(reading("a", "2", 1)), func(_ *msg.Batch, err error) { got <- err })
	first(1, nil)
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Close(ctx)
	if err := <-got; fault.CodeOf(err) != fault.ServerShutdown {
		t.Fatal(err)
	}
	if err := keep(s, batchOf(reading("a", "3", 1))); fault.CodeOf(err) != fault.ServerShutdown {
		t.Fatal(err)
	}
}

// stuckLog answers when the test does.
type stuckLog struct {
	*MemoryLog
	calls chan func(uint64, error)
}

func (l stuckLog) State(context.Context) (LogState, error) { return LogState{First: 1}, nil }

func (l stuckLog) Append(_ string, _ bool, _ []byte, done func(uint64, error)) { l.calls <- done }

// TestWhatTheLogTakesIsToldApart has two entries under way and a third message behind them.
func TestWhatTheLogTakesIsToldApart(t *testing.T) {
	now, stuck := int64(1e18), make(chan func(uint64, error), 10)
	a := newAppender("s", stuckLog{calls: stuck}, nil, slog.New(slog.DiscardHandler),
		func() time.Time { return time.Unix(0, now) }, func() uint64 { return 1 })
	var in inbox
	turn := func() {
		a.collect(&in)
		a.step(&in)
	}
	for range 3 {
		a.keep(batchOf(reading("a", "1", 1)), 0, nil, func(*msg.Batch, error) {})
		turn()
	}
	for seq := range uint64(3) {
		now += 10e6
		(<-stuck)(seq+1, nil)
		turn()
	}
	for _, q := range []struct {
		name string
		of   *latency
		want time.Duration
	}{{"from hand-over to committed", &a.latency, 30 * time.Millisecond}, {"in the log", &a.storing, 20 * time.Millisecond}} {
		if got := q.of.quantiles(now, 0.99)[0]; got < q.want || got > q.want*11/10 {
			t.Errorf("%s: %v at most, want %v", q.name, got, q.want)
		}
	}
}

func TestLatencyQuantiles(t *testing.T) {
	var l latency
	now := int64(1e18)
	for i := range int64(1000) {
		l.add(now, (i+1)*1000, 1)
	}
	q := l.quantiles(now, 0.5, 0.99)
	if q[0] < 495*time.Microsecond || q[0] > 560*time.Microsecond || q[1] < 980*time.Microsecond || q[1] > 1100*time.Microsecond {
		t.Fatalf("quantiles %v", q)
	}
	if q := l.quantiles(now+int64(2*time.Minute), 0.5); q[0] != 0 {
		t.Fatalf("two minutes later: %v", q)
	}
	for _, d := range []int64{-1, 0, 7, 8, 9, 1e6, 1e18} {
		if b := latencyBucket(d); int64(latencyTop(b)) < min(d, 1e12) {
			t.Errorf("%d lies above its bucket's end %d", d, latencyTop(b))
		}
	}
}

// What was handed over waits until the log has it.
func TestWhatIsNotCommittedWaits(t *testing.T) {
	stuck := make(chan func(uint64, error), 1)
	s := running(t, stuckLog{new(MemoryLog), stuck}, nil)
	kept := make(chan error)
	s.Keep(0, batchOf(reading("a", "1", 1), reading("a", "2", 2)), func(_ *msg.Batch, err error) { kept <- err })
	if n := s.Waiting(); n != 2 {
		t.Errorf("%d messages wait, want 2", n)
	}
	(<-stuck)(1, nil)
	if err := <-kept; err != nil || s.Waiting() != 0 {
		t.Errorf("%d messages wait, %v", s.Waiting(), err)
	}
}
