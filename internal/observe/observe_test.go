package observe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/say"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scrape returns what Prometheus would read.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	body, _ := io.ReadAll(w.Result().Body)
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, body)
	}
	return string(body)
}

func TestMetricsAreReadWhenAsked(t *testing.T) {
	m, n := NewMetrics(), 1.0
	m.Counter("millrace_dropped_total", "Dropped messages.", func() float64 { return n }, "reason", "queue_full")
	m.Counter("millrace_dropped_total", "Dropped messages.", func() float64 { return 7 }, "reason", "expired")
	m.Gauge("millrace_connections", "Connections.", func() float64 { return 3 })
	m.Counters("millrace_appended_total", "Messages appended.", "stream", func(yield func(string, float64)) {
		yield("telemetry", 5)
		yield("a\xff", 1) // not UTF-8: left out, the rest is served
	})
	m.Gauges("millrace_stream_bytes", "Bytes.", "stream", func(yield func(string, float64)) { yield("telemetry", 9) })
	n = 2
	got := scrape(t, m)
	for _, want := range []string{
		`millrace_dropped_total{reason="queue_full"} 2`, `millrace_dropped_total{reason="expired"} 7`, "millrace_connections 3",
		`millrace_appended_total{stream="telemetry"} 5`, `millrace_stream_bytes{stream="telemetry"} 9`, "# TYPE millrace_dropped_total counter", "go_goroutines ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestMetricsRefuseMistakesOfTheWiring(t *testing.T) {
	m, zero := NewMetrics(), func() float64 { return 0 }
	odd := []string{"x"}
	m.Gauge("a", "A.", zero)
	for name, wire := range map[string]func(){
		"twice": func() { m.Gauge("a", "A.", zero) }, "label without value": func() { m.Gauge("b", "B.", zero, odd...) }, "two helps": func() { m.Gauge("a", "Other.", zero, "x", "y") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was taken", name)
				}
			}()
			wire()
		}()
	}
}

// plain is a sentence without a code.
func plain(text string) say.Said { return say.Said{Phrase: say.Phrase{English: text}} }

func TestAlarmsKeepTheirFirstTimeAndLogChangesOnce(t *testing.T) {
	var log bytes.Buffer
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := NewAlarms(AlarmOptions{Log: NewLogger(&log, "text", nil), Now: func() time.Time { return now }})
	lines := func() int { return strings.Count(log.String(), "\n") }

	a.Raise("disk", 2, plain("Disk nearly full"), plain("1 GiB left"))
	began := now
	now = now.Add(time.Minute)
	a.Raise("disk", 2, plain("Disk nearly full"), plain("900 MiB left"))
	if lines() != 1 || a.Active()[0].Detail.String() != "900 MiB left" || !a.Active()[0].Since.Equal(began) {
		t.Fatalf("log:\n%s%+v", log.String(), a.Active())
	}
	a.Raise("disk", 1, plain("Disk full"), plain("0 left"))
	a.Raise("series", 3, plain("Too many series"), plain(""))
	a.Raise("lag", 1, plain("Historian behind"), plain(""))
	if lines() != 4 {
		t.Fatalf("log:\n%s", log.String())
	}
	var order []string
	for _, x := range a.Active() {
		order = append(order, x.ID)
	}
	if want := []string{"disk", "lag", "series"}; !reflect.DeepEqual(order, want) {
		t.Fatalf("order %v", order)
	}
	a.Clear("disk")
	a.Clear("disk")
	a.Clear("lag")
	a.Raise("late", 9, plain("Late"), plain(""))
	if lines() != 7 || len(a.Active()) != 2 || a.Active()[1].Priority != 4 || a.Raised() != 4 {
		t.Fatalf("log:\n%s%+v", log.String(), a.Active())
	}
}

func TestAlarmsTellOfBeginsAndEndsAlone(t *testing.T) {
	var told []string
	a := NewAlarms(AlarmOptions{Changed: func(a Alarm, active bool) { told = append(told, fmt.Sprint(a.ID, " ", a.Title, " ", active)) }})
	a.Raise("disk", 2, plain("Nearly full"), plain(""))
	a.Raise("disk", 1, plain("Full"), plain(""))
	a.Clear("lag")
	a.Raise("lag", 3, plain("Behind"), plain(""))
	a.Clear("disk")
	a.Clear("disk")
	if want := []string{"disk Nearly full true", "lag Behind true", "disk Full false"}; !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
}

func TestAlarmsAreBounded(t *testing.T) {
	a := NewAlarms(AlarmOptions{})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range maxAlarms {
				a.Raise(string(rune('a'+g))+time.Duration(i).String(), 3, plain(""), plain(""))
			}
		})
	}
	wg.Wait()
	if len(a.Active()) != maxAlarms || a.Refused() != 3*maxAlarms {
		t.Fatalf("%d active, %d refused", len(a.Active()), a.Refused())
	}
}

func TestHealthAsksEveryPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h Health
		bad := errors.New("no disk")
		h.Add("bus", func(context.Context) error { return nil })
		h.Add("streams", func(context.Context) error { return bad })
		h.Add("slow", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		h.Add("broken", func(context.Context) error { panic("nil map") })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got := h.Check(ctx)
		if len(got) != 4 || got[0] != (Part{"bus", nil}) || got[1] != (Part{"streams", bad}) || !errors.Is(got[2].Err, context.DeadlineExceeded) || got[3].Err == nil {
			t.Fatalf("%+v", got)
		}
	})
}

func TestLoggerLevelAndSecrets(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		level := &slog.LevelVar{}
		log := NewLogger(&out, format, level)
		log.Debug("unseen")
		level.Set(slog.LevelDebug)
		log.Debug("seen", "client", "c1", "password", "hunter2", "X-CSRF-Token", "hunter2", slog.Group("secret", "a", "hunter2"), slog.Group("http", "authorization", "hunter2"))
		log.With("api_key", "hunter2").WithGroup("g").Info("more", "adminPassword", "hunter2", "msg", "kept")
		got := out.String()
		if strings.Contains(got, "unseen") || strings.Contains(got, "hunter2") || !strings.Contains(got, "c1") || strings.Count(got, "***") != 6 || !strings.Contains(got, "kept") {
			t.Errorf("%s: %s", format, got)
		}
	}
	for name, want := range map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError} {
		if l, ok := ParseLevel(name); !ok || l != want {
			t.Errorf("%s: %v", name, l)
		}
	}
	if _, ok := ParseLevel("loud"); ok {
		t.Error("loud is a level")
	}
}

func TestProcessFigures(t *testing.T) {
	if CPUSeconds() <= 0 || ResidentBytes() < 1<<20 || Cores() < 1 {
		t.Errorf("cpu %v, resident %v, cores %v", CPUSeconds(), ResidentBytes(), Cores())
	}
	free, total, err := Disk(t.TempDir())
	if err != nil || free <= 0 || total < free {
		t.Errorf("disk %d of %d: %v", free, total, err)
	}
	if _, _, err := Disk(t.TempDir() + "/none"); err == nil {
		t.Error("a disk of nothing")
	}
}
