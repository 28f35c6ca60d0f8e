package bus

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// TestALogThatNobodyOpensAnyLongerIsSeen starts with one log fewer than before.
func TestALogThatNobodyOpensAnyLongerIsSeen(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	b := start(t, o)
	for _, name := range []string{"telemetry", "alarms", "empty"} {
		l := openLog(t, b, LogConfig{Name: name})
		if name == "empty" {
			continue
		}
		_, err := appendWait(l, "", false, make([]byte, 10_000))
		must(t, err)
	}
	_, err := b.KV(t.Context(), "users")
	must(t, err)
	b.Close()

	b = start(t, o)
	openLog(t, b, LogConfig{Name: "telemetry"})
	openLog(t, b, LogConfig{Name: "fast", Memory: true})
	got, err := b.Logs(t.Context())
	must(t, err)
	for i, want := range []StoredLog{
		{Name: "alarms", Entries: 1, Dir: "alarms"},
		{Name: "empty", Dir: "empty"},
		{Name: "fast", Open: true, Memory: true},
		{Name: "telemetry", Entries: 1, Open: true, Dir: "telemetry"},
	} {
		if len(got) != 4 {
			t.Fatalf("%d logs: %+v", len(got), got)
		}
		g := got[i]
		if g.Name != want.Name || g.Open != want.Open || g.Memory != want.Memory || g.Entries != want.Entries ||
			g.Entries > 0 != (g.Bytes > 10_000 && !g.FirstTime.IsZero() && !g.LastTime.IsZero()) {
			t.Errorf("got %+v, want %+v", g, want)
		}
		if g.Dir == "" != (want.Dir == "") || g.Dir != "" && filepath.Base(g.Dir) != want.Dir {
			t.Errorf("%s: folder %q", g.Name, g.Dir)
		}
		if _, err := os.Stat(g.Dir); g.Dir != "" && err != nil {
			t.Errorf("%s: %v", g.Name, err)
		}
	}
	b.Close()
	_, err = b.Logs(t.Context())
	wantCode(t, err, fault.Unavailable)
}

// TestOnlyAChangedLogIsWrittenAtItsOpening opens a log again and again and watches
// its description's file, which the engine replaces when it writes.
func TestOnlyAChangedLogIsWrittenAtItsOpening(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	var before os.FileInfo
	for i, c := range []struct {
		LogConfig
		writes bool
	}{
		{LogConfig{Name: "telemetry"}, true},
		{LogConfig{Name: "telemetry"}, false},
		{LogConfig{Name: "telemetry", MaxAge: time.Minute}, true},
		{LogConfig{Name: "telemetry", MaxAge: time.Minute}, false},
		{LogConfig{Name: "telemetry", MaxAge: time.Hour, MaxBytes: 1 << 20}, true},
		{LogConfig{Name: "telemetry", MaxAge: time.Hour, MaxBytes: 1 << 20}, false},
		{LogConfig{Name: "telemetry", MaxBytes: 2 << 20}, true},
	} {
		b := start(t, o)
		openLog(t, b, c.LogConfig)
		after, err := os.Stat(streamFile(o.Dir, "meta.inf"))
		must(t, err)
		if writes := before == nil || !os.SameFile(before, after); writes != c.writes {
			t.Errorf("opening %d: written %v", i, writes)
		}
		before = after
		s, err := b.now.Load().js.Stream(t.Context(), "telemetry")
		must(t, err)
		if got := s.CachedInfo().Config; got.MaxAge != c.MaxAge || max(got.MaxBytes, 0) != c.MaxBytes {
			t.Errorf("opening %d: stored is %v, %d", i, got.MaxAge, got.MaxBytes)
		}
		b.Close()
	}
}
