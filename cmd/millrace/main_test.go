package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/config"
	"github.com/millrace/millrace/internal/fault"
)

func TestWrongUsageExitsWith2(t *testing.T) {
	for line, want := range map[string]string{
		"sevre":                            `unknown command "sevre"`,
		"ctl sttus":                        `millrace ctl has no verb "sttus"; did you mean status?`,
		"ctl series lst":                   "did you mean list?",
		"ctl streams purge telemetry":      "say what is to be removed: --older-than, --up-to or --all",
		"ctl status more":                  `millrace ctl status takes no argument, found "more"`,
		"ctl streams more":                 `has no verb "more"`,
		"ctl topics list a":                `takes no argument, found "a"`,
		"ctl config explain a b":           `wants KEY and no more than 1, found "b" as well`,
		"ctl api-key create":               "wants NAME",
		"ctl --bogus":                      "unknown flag: --bogus",
		"ctl config explain":               "millrace ctl config explain wants KEY",
		"ctl log level loud":               `the level "loud" is none of debug, info, warn, error`,
		"ctl api-key create x":             "--role wants one of administrator, operator, viewer",
		"ctl api-key create x --role king": `not "king"`,
		"ctl user passwd eve":              "there is no password",
		"ctl publish a -m b -f c":          "[file message]",
		"ctl publish a -q 2":               "-q wants 0 or 1, not 2",
		"ctl series range":                 "wants SERIES",
		"ctl series list --limit many":     "invalid argument",
		"version --jsn":                    "unknown flag",
	} {
		code, out, errs := millrace(t, "", strings.Fields(line)...)
		if code != exitUsage || out != "" || !strings.Contains(errs, want) || !strings.Contains(errs, "--help") {
			t.Errorf("%s: %d %q %q", line, code, out, errs)
		}
	}
}

func TestHelpIsAnAnswer(t *testing.T) {
	for _, line := range []string{"", "--help", "ctl", "ctl log", "ctl user --help", "ctl user create --help", "completion bash"} {
		if code, out, errs := millrace(t, "", strings.Fields(line)...); code != exitDone || out == "" || errs != "" {
			t.Errorf("%q: %d %q", line, code, errs)
		}
	}
}

func TestEveryCommandIsDescribed(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: %q", c.CommandPath(), c.Short)
		}
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk(rootCommand())
}

func TestVersion(t *testing.T) {
	code, out, _ := millrace(t, "", "version")
	if code != exitDone || !strings.HasPrefix(out, "millrace ") {
		t.Fatal(out)
	}
	if code, flag, errs := millrace(t, "", "--version"); code != exitDone || flag != out || errs != "" {
		t.Fatalf("--version: %d %q %q", code, flag, errs)
	}
	_, out, _ = millrace(t, "", "version", "--json")
	var b build
	if err := json.Unmarshal([]byte(out), &b); err != nil || b.Go == "" || b.OS == "" || b.Arch == "" || b.Version == "" {
		t.Fatalf("%v: %s", err, out)
	}
	if s := (build{Version: "1.0", Commit: "0123456789abcdef", Modified: true, Go: "go1", OS: "linux", Arch: "arm64"}).String(); s != "millrace 1.0 (0123456789ab, modified) go1 linux/arm64" {
		t.Fatal(s)
	}
}

func TestExitCodesAndTexts(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	list := &config.Error{Problems: []config.Problem{{File: "m.yaml", Line: 3, Key: "a", Message: "is wrong"}, {Source: "flag --mqtt", Key: "b", Message: "is none"}}}
	for _, step := range []struct {
		ctx   context.Context
		err   error
		began bool
		code  int
		text  string
	}{
		{t.Context(), errors.New("broken"), true, exitFailed, "broken"},
		{t.Context(), errors.New("no such flag"), false, exitUsage, "no such flag"},
		{t.Context(), usage("no %s", "role"), true, exitUsage, "no role"},
		{t.Context(), fmt.Errorf("serve: %w", list), true, exitUsage, "2 problems in the configuration\n  m.yaml:3: a: is wrong\n  flag --mqtt: b: is none"},
		{t.Context(), fmt.Errorf("start: %w", fault.New(fault.Conflict, "The port is in use.")), true, exitFailed, "The port is in use. (MR-4090)"},
		{t.Context(), fmt.Errorf("start: %w", fault.Wrap(fault.Unavailable, "stream: open", errors.New("no room"), "It fails.")), true, exitFailed, "It fails. (MR-5030)\n  start: stream: open: unavailable: It fails.: no room"},
		{t.Context(), fault.Wrap(fault.Unavailable, "listen", errors.New("no room"), "It fails: no room."), true, exitFailed, "It fails: no room. (MR-5030)"},
		{gone, fmt.Errorf("ask: %w", context.Canceled), true, exitInterrupted, "ask: context canceled"},
		{gone, errors.New("broken"), true, exitFailed, "broken"},
	} {
		if code := exitCode(step.ctx, step.err, step.began); code != step.code || errorText(step.err) != step.text {
			t.Errorf("%v: %d %q", step.err, code, errorText(step.err))
		}
	}
}

func TestPasswordsFromFiles(t *testing.T) {
	n := startFake(t)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from the file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := millrace(t, "not this", "ctl", "--data", n.data, "user", "passwd", "eve", "--password-file", file); code != exitDone || n.body != `{"password":"from the file"}` {
		t.Fatal(code, errs, n.body)
	}
	if code, _, errs := millrace(t, "", "ctl", "--data", n.data, "user", "passwd", "eve", "--password-file", file+"2"); code != exitFailed || !strings.Contains(errs, "read the password") {
		t.Fatal(code, errs)
	}
}

func TestTextsForPeople(t *testing.T) {
	for got, want := range map[string]string{
		bytesText(0): "0 B", bytesText(1023): "1023 B", bytesText(1536): "1.5 KiB", bytesText(int64(5) << 40): "5.0 TiB", bytesText(200 << 20): "200 MiB", bytesText(2048.0): "2.0 KiB",
		rateText(0): "0/s", rateText(0.126): "0.13/s", rateText(20000.4): "20000/s",
		spanText(59 * time.Second): "59s", spanText(61 * time.Second): "1m1s", spanText(25 * time.Hour): "25h0m", spanText(75 * time.Hour): "3d3h",
		printable(""): "-", printable("Öl/°C"): "Öl/°C", printable("a\nb\u202e"): `a\nb\u202e`, numberText(1e21): "1e+21", numberText(21.5): "21.5",
		cellText(nil): "-", cellText((*float64)(nil)): "-", cellText(time.Time{}): "-", cellText(true): "true",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
