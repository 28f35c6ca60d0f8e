package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

func TestSizes(t *testing.T) {
	for s, want := range map[string]Size{
		"0": 0, "1": 1, "64KiB": 65536, "64kib": 65536, "1 MiB": 1 << 20, "1.5GiB": 3 << 29, "10GB": 1e10, "5B": 5, "2TiB": 2 << 40,
	} {
		if got, err := ParseSize(s); err != nil || got != want {
			t.Errorf("%q: %d, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "MiB", "-1", "+1", "1e", "NaN", "inf", "1XB", "9999999999TiB", "1 2", ".5MiB", "0x10"} {
		if got, err := ParseSize(s); err == nil {
			t.Errorf("%q: %d", s, got)
		}
	}
	for size, want := range map[Size]string{0: "0", 1: "1", 1000: "1000", 1024: "1KiB", 1 << 20: "1MiB", 3 << 29: "1536MiB", 10 << 30: "10GiB"} {
		if size.String() != want {
			t.Errorf("%d: %s", int64(size), size)
		}
	}
}

func TestDurations(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"0": 0, "5s": 5 * time.Second, "720h": 720 * time.Hour, "30d": 30 * day, "1d12h": 36 * time.Hour, "2w": 14 * day, "10y": 10 * year,
		"1y2w3d4h": year + 17*day + 4*time.Hour, "1.5d": 36 * time.Hour, "1h30m": 90 * time.Minute, "1h5m": 65 * time.Minute, "10m": 10 * time.Minute, "250ms": 250 * time.Millisecond,
	} {
		got, err := ParseDuration(s)
		if err != nil || got != want {
			t.Errorf("%q: %v, %v", s, got, err)
		}
		if back, err := ParseDuration(formatDuration(got)); err != nil || back != got {
			t.Errorf("%q is written %q", s, formatDuration(got))
		}
	}
	for _, s := range []string{"", "5", "d", "1dd", "5x", "1d5", "9999y", "..d", "1 d"} {
		if got, err := ParseDuration(s); err == nil {
			t.Errorf("%q: %v", s, got)
		}
	}
	for d, want := range map[time.Duration]string{0: "0", 90 * time.Second: "1m30s", 12 * time.Hour: "12h", 30 * day: "30d", 10 * time.Minute: "10m", 65 * time.Minute: "1h5m", time.Hour + time.Second: "1h0m1s"} {
		if got := formatDuration(d); got != want {
			t.Errorf("%v: %s", d, got)
		}
	}
}

func TestSecretsHideFromEveryWriter(t *testing.T) {
	type holder struct {
		Password Secret
		Inner    *Secret
	}
	s := NewSecret("hunter2hunter2")
	h := holder{s, &s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		fmt.Fprintf(&out, verb+verb+"\n", h, s)
	}
	fmt.Fprint(&out, s, &s)
	_ = json.NewEncoder(&out).Encode(h)
	_ = yaml.NewEncoder(&out).Encode(h)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "a", s, "b", h)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "a", s, "b", h)
	if strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), fmt.Sprintf("%x", "hunter2")) {
		t.Fatalf("printed:\n%s", out.String())
	}
	if s.Reveal() != "hunter2hunter2" || NewSecret("").String() != "" {
		t.Fatal("reveal")
	}
}

func TestEveryKeyIsDescribed(t *testing.T) {
	for _, f := range append(root.leaves(), root.find("streams").fields...) {
		if f.name == "" || f.doc == "" || !strings.HasSuffix(f.doc, ".") {
			t.Errorf("%s: key or doc missing", f.key)
		}
		if f.def == "" && f.kind != text && f.kind != secret && !f.required {
			t.Errorf("%s has no default", f.key)
		}
	}
	if flags := Flags(); len(flags) != 4 {
		t.Errorf("flags: %+v", flags)
	}
}

// Every bound in the tags stands in the type that people read, and is enforced.
func TestBoundsAreWrittenAndEnforced(t *testing.T) {
	for _, f := range append(root.leaves(), root.find("streams").fields...) {
		written := f.typeName()
		for _, bound := range []string{f.min, f.max, f.zero} {
			if bound != "" && !strings.Contains(written, bound) && !strings.Contains(written, "not empty") {
				t.Errorf("%s: no %s in %q", f.key, bound, written)
			}
		}
		if f.kind != size && f.kind != duration && f.kind != number {
			continue
		}
		for bound, step := range map[string]int64{f.min: -1, f.max: 1} {
			v, err := parse(f.kind, bound)
			if bound == "" || err != nil {
				continue
			}
			beyond := reflect.New(f.typ).Elem()
			if beyond.SetInt(reflect.ValueOf(v).Int() + step); beyond.IsZero() && f.zero != "" {
				continue // 0 means something else
			}
			if message := f.bounds(beyond.Interface(), "x"); message == "" || f.bounds(v, bound) != "" {
				t.Errorf("%s: beyond %s: %q", f.key, bound, message)
			}
		}
	}
	for key, want := range map[string]string{
		"storage.reserve": "size, 16MiB at least", "streams": "list of groups, up to 64", "historian.time_fields": "list of texts, 1 at least, none empty",
		"storage.max_bytes": "size, 64MiB at least, or 0 for what the disk has, less the reserve", "mqtt.connect_timeout": "duration, 100ms to 10m",
	} {
		if got := root.find(key).typeName(); got != want {
			t.Errorf("%s: %q", key, got)
		}
	}
}

var update = flag.Bool("update", false, "write the reference page")

func TestReferencePageIsTrue(t *testing.T) {
	const page = "../../docs/reference/configuration.md"
	if *update {
		if err := os.WriteFile(page, []byte(Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != Reference() {
		t.Fatalf("%s is not what the tags say; run go test ./internal/config -run Reference -update", page)
	}
}
