package bus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/fault"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// start returns a running bus on dir that the test ends.
func start(t testing.TB, o Options) *Bus {
	t.Helper()
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func openLog(t testing.TB, b *Bus, c LogConfig) *Log {
	t.Helper()
	l, err := b.Log(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

type answer struct {
	seq uint64
	err error
}

// appendWait appends one entry and waits for its answer.
func appendWait(l *Log, id string, repeat bool, entry []byte) (uint64, error) {
	got := make(chan answer, 1)
	l.Append(id, repeat, entry, func(seq uint64, err error) { got <- answer{seq, err} })
	a := <-got
	return a.seq, a.err
}

var errEnough = errors.New("enough")

// readN returns the next n entries from sequence from on.
func readN(t testing.TB, l *Log, from uint64, n int) (entries []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := l.Read(ctx, from, func(seq uint64, entry []byte) error {
		entries = append(entries, fmt.Sprintf("%d %s", seq, entry))
		if len(entries) == n {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatalf("after %d of %d entries: %v", len(entries), n, err)
	}
	return entries
}

// What an acknowledgement means is what the engine was told: to bring each entry to the disk
// before it answers, or once a second.
func TestTheEngineSyncsAsDurabilitySays(t *testing.T) {
	for d, always := range map[Durability]bool{Power: true, Process: false} {
		b := start(t, Options{Dir: t.TempDir(), Durability: d})
		if c := b.now.Load().srv.JetStreamConfig(); c == nil || c.SyncAlways != always || c.SyncInterval != time.Second {
			t.Errorf("%v: %+v", d, c)
		}
	}
}

func TestLogKeepsEntriesAcrossRestarts(t *testing.T) {
	for _, d := range []Durability{Power, Process} {
		t.Run(d.String(), func(t *testing.T) {
			o := Options{Dir: t.TempDir(), Durability: d}
			var want []string
			for round := range 3 {
				b := start(t, o)
				l := openLog(t, b, LogConfig{Name: "telemetry"})
				for i := range 100 {
					text := fmt.Sprintf("round %d entry %d", round, i)
					seq, err := appendWait(l, "x", false, []byte(text))
					if err != nil {
						t.Fatal(err)
					}
					want = append(want, fmt.Sprintf("%d %s", seq, text))
				}
				st, err := l.State(t.Context())
				if err != nil || st.Last != uint64(len(want)) || st.First != 1 || st.Entries != st.Last || st.LastTime.IsZero() {
					t.Fatalf("state %+v, %v", st, err)
				}
				b.Close()
			}
			l := openLog(t, start(t, o), LogConfig{Name: "telemetry"})
			got := readN(t, l, 1, len(want))
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Fatalf("got %q, want %q", got, want)
			}
			if got := readN(t, l, 250, 1); got[0] != want[249] {
				t.Fatalf("from 250: %q, want %q", got, want[249])
			}
		})
	}
}

func TestReadersAtTheTailSeeEveryEntryInOrder(t *testing.T) {
	l := openLog(t, start(t, Options{Dir: t.TempDir(), Durability: Process}), LogConfig{Name: "telemetry"})
	const n = 2000
	got := make(chan []string, 3)
	for range cap(got) {
		go func() { got <- readN(t, l, 1, n) }()
	}
	acked := make(chan answer, n)
	for i := range n {
		l.Append("", false, fmt.Appendf(nil, "%d", i), func(seq uint64, err error) { acked <- answer{seq, err} })
	}
	for i := range n {
		if a := <-acked; a.err != nil || a.seq != uint64(i+1) {
			t.Fatalf("answer %d: %+v", i, a)
		}
	}
	for range cap(got) {
		for i, e := range <-got {
			if want := fmt.Sprintf("%d %d", i+1, i); e != want {
				t.Fatalf("entry %q, want %q", e, want)
			}
		}
	}
}

func TestOfSeveralRepeatsOneIsStored(t *testing.T) {
	l := openLog(t, start(t, Options{Dir: t.TempDir()}), LogConfig{Name: "telemetry"})
	var seqs []uint64
	for range 3 {
		seq, err := appendWait(l, "run-1", true, []byte("once"))
		if err != nil {
			t.Fatal(err)
		}
		seqs = append(seqs, seq)
	}
	if seqs[0] != seqs[1] || seqs[1] != seqs[2] {
		t.Fatalf("sequences %v", seqs)
	}
	if st, _ := l.State(t.Context()); st.Entries != 1 {
		t.Fatalf("%d entries stored", st.Entries)
	}
}

func TestRetentionByBytesDropsTheOldestAndReadersStepOver(t *testing.T) {
	l := openLog(t, start(t, Options{Dir: t.TempDir(), Durability: Process}), LogConfig{Name: "telemetry", MaxBytes: 100_000})
	for range 100 {
		if _, err := appendWait(l, "", false, make([]byte, 5000)); err != nil {
			t.Fatal(err)
		}
	}
	st, err := l.State(t.Context())
	if err != nil || st.Bytes > 100_000 || st.Last != 100 || st.First < 80 {
		t.Fatalf("state %+v, %v", st, err)
	}
	if got := readN(t, l, 1, 1); !strings.HasPrefix(got[0], fmt.Sprint(st.First, " ")) {
		t.Fatalf("first entry read is %.20q, stored is %d", got[0], st.First)
	}
}

func TestReaderOfAnAgedLogGoesOnWithWhatIsNew(t *testing.T) {
	l := openLog(t, start(t, Options{Dir: t.TempDir(), Durability: Process}), LogConfig{Name: "telemetry", MaxAge: 200 * time.Millisecond})
	if _, err := appendWait(l, "", false, []byte("old")); err != nil {
		t.Fatal(err)
	}
	for {
		if st, err := l.State(t.Context()); err == nil && st.Entries == 0 {
			break
		}
	}
	first := make(chan []string)
	go func() { first <- readN(t, l, 1, 1) }()
	for n := 2; ; n++ { // a new one may be old before it is read
		_, err := appendWait(l, "", false, []byte("new"))
		must(t, err)
		select {
		case got := <-first:
			if seq, text, _ := strings.Cut(got[0], " "); text != "new" || seq == "1" {
				t.Fatalf("got %q after %d entries", got, n)
			}
			return
		default:
		}
	}
}

func TestTooLargeIsRefusedAndHarmsNobody(t *testing.T) {
	l := openLog(t, start(t, Options{Dir: t.TempDir(), MaxEntry: 1 << 20}), LogConfig{Name: "telemetry"})
	if _, err := appendWait(l, "", false, make([]byte, 1<<20+1)); fault.CodeOf(err) != fault.TooLarge {
		t.Fatalf("got %v", err)
	}
	if seq, err := appendWait(l, "", false, make([]byte, 1<<20)); err != nil || seq != 1 {
		t.Fatalf("the largest that fits: %d, %v", seq, err)
	}
}

func TestStoreLimitIsAFullStorage(t *testing.T) {
	l := openLog(t, start(t, Options{Dir: t.TempDir(), Durability: Process, MaxStore: 1 << 20}), LogConfig{Name: "telemetry"})
	for {
		if _, err := appendWait(l, "", false, make([]byte, 100_000)); err != nil {
			if fault.CodeOf(err) != fault.StorageFull {
				t.Fatalf("got %v", err)
			}
			return
		}
	}
}

func TestCloseAnswersWhatIsInFlight(t *testing.T) {
	b := start(t, Options{Dir: t.TempDir()})
	l := openLog(t, b, LogConfig{Name: "telemetry"})
	const n = 200
	got := make(chan answer, n)
	for range n {
		l.Append("", false, []byte("x"), func(seq uint64, err error) { got <- answer{seq, err} })
	}
	b.Close()
	for range n {
		if a := <-got; a.err != nil && fault.CodeOf(a.err) != fault.ServerShutdown {
			t.Fatalf("answer %+v", a)
		}
	}
	if _, err := appendWait(l, "", false, nil); fault.CodeOf(err) != fault.Unavailable {
		t.Fatalf("after Close: %v", err)
	}
}

func TestStartSaysWhatIsWrongWithTheFolder(t *testing.T) {
	filled := func(t *testing.T) string {
		dir := t.TempDir()
		b := start(t, Options{Dir: dir})
		l := openLog(t, b, LogConfig{Name: "telemetry"})
		if _, err := appendWait(l, "", false, []byte("x")); err != nil {
			t.Fatal(err)
		}
		b.Close()
		return dir
	}
	for _, c := range []struct {
		name, says string
		spoil      func(t *testing.T) string
	}{
		{"the folder is a file", "cannot be made", func(t *testing.T) string {
			p := filepath.Join(t.TempDir(), "file")
			must(t, os.WriteFile(p, nil, 0o600))
			return p
		}},
		{"the engine's folder is a file", "cannot be opened", func(t *testing.T) string {
			dir := t.TempDir()
			must(t, os.WriteFile(filepath.Join(dir, "jetstream"), nil, 0o600))
			return dir
		}},
		{"a stream's description is damaged", "telemetry", func(t *testing.T) string {
			dir := filled(t)
			must(t, os.WriteFile(streamFile(dir, "meta.inf"), []byte("{}"), 0o600))
			return dir
		}},
		{"a stream's description is missing", "telemetry", func(t *testing.T) string {
			dir := filled(t)
			must(t, os.Remove(streamFile(dir, "meta.inf")))
			return dir
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := New(Options{Dir: c.spoil(t)})
			must(t, err)
			err = b.Start(t.Context())
			b.Close()
			var f *fault.Error
			if !errors.As(err, &f) || f.Code != fault.Unavailable || !strings.Contains(f.Message, c.says) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func streamFile(dir, name string) string {
	return filepath.Join(dir, "jetstream", "$G", "streams", "telemetry", name)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestASickEngineIsReplacedAndEverybodyResumes(t *testing.T) {
	b := start(t, Options{Dir: t.TempDir()})
	l := openLog(t, b, LogConfig{Name: "telemetry"})
	kv, err := b.KV(t.Context(), "users")
	must(t, err)
	_, err = kv.Put(t.Context(), "ada", []byte("1"))
	must(t, err)
	_, err = appendWait(l, "", false, []byte("before"))
	must(t, err)
	read := make(chan []string)
	go func() { read <- readN(t, l, 1, 2) }()

	changed := b.changed.wait()
	b.now.Load().srv.Shutdown()
	<-changed
	for {
		if _, err = appendWait(l, "after", true, []byte("after")); err == nil {
			break
		}
	}
	if got := <-read; strings.Join(got, ",") != "1 before,2 after" {
		t.Fatalf("reader got %q", got)
	}
	if v, _, err := kv.Get(t.Context(), "ada"); err != nil || string(v) != "1" {
		t.Fatalf("bucket: %q, %v", v, err)
	}
	if b.Restarts() != 1 || b.Check(t.Context()) != nil {
		t.Fatalf("restarts %d, check %v", b.Restarts(), b.Check(t.Context()))
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{{}, {Dir: "x", Node: "a.b"}, {Dir: "x", MaxEntry: 9 << 20}} {
		if _, err := New(o); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", o, err)
		}
	}
	b := start(t, Options{Dir: t.TempDir()})
	for _, name := range []string{"", "A", "a.b", "-a", "_a", "a b", "ü", strings.Repeat("a", 65)} {
		if _, err := b.Log(t.Context(), LogConfig{Name: name}); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("log %q: %v", name, err)
		}
		if _, err := b.KV(t.Context(), name); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("bucket %q: %v", name, err)
		}
	}
	openLog(t, b, LogConfig{Name: "a"})
	if _, err := b.Log(t.Context(), LogConfig{Name: "a"}); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("second open: %v", err)
	}
}

func TestDurabilityWords(t *testing.T) {
	for _, d := range []Durability{Power, Process} {
		if got, err := ParseDurability(d.String()); got != d || err != nil {
			t.Errorf("%v: %v, %v", d, got, err)
		}
	}
	if _, err := ParseDurability("maybe"); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
}

func TestASicknessThatComesBackIsTreatedLessAndLessOften(t *testing.T) {
	var v visits
	now := time.Now()
	if d := v.next(now); d != 0 {
		t.Fatalf("first pause %v", d)
	}
	for _, want := range []time.Duration{pulse, 2 * pulse, 4 * pulse} {
		v.cured = now
		if d := v.next(now.Add(time.Second)); d != want {
			t.Fatalf("pause %v, want %v", d, want)
		}
	}
	for range 20 {
		v.next(now)
	}
	if d := v.next(now); d != maxBackoff {
		t.Fatalf("longest pause %v", d)
	}
	if d := v.next(now.Add(time.Hour)); d != 0 {
		t.Fatalf("after an hour %v", d)
	}
}

func TestASilentEngineIsReplaced(t *testing.T) {
	b := start(t, Options{Dir: t.TempDir(), AppendTimeout: 50 * time.Millisecond})
	l := openLog(t, b, LogConfig{Name: "telemetry"})
	e := b.now.Load()
	changed := b.changed.wait()
	got := make(chan answer, 1)
	if _, err := e.depart(&flight{log: l, since: time.Now(), done: func(seq uint64, err error) { got <- answer{seq, err} }}); err != nil {
		t.Fatal(err)
	}
	a := <-got
	wantCode(t, a.err, fault.Timeout)
	<-changed
	if _, err := b.wait(t.Context()); err != nil || b.now.Load() == e {
		t.Fatalf("still the silent engine: %v", err)
	}
	for { // a busy machine may be slower than the short limit
		_, err := appendWait(l, "", false, []byte("x"))
		if err == nil {
			return
		}
		if c := fault.CodeOf(err); c != fault.Timeout && c != fault.Unavailable {
			t.Fatal(err)
		}
	}
}
