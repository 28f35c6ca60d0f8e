package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/client/clienttest"
	"github.com/millrace/millrace/internal/sim"
)

func runSim(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = run(context.Background(), append([]string{"sim"}, args...), strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func TestSimReportsWhatItSent(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{})
	file := filepath.Join(t.TempDir(), "sent.json")
	code, out, errs := runSim("--addr", s.Addr(), "--devices", "9", "--rate", "900", "--duration", "200ms", "--json", "-q", "--report", file)
	if code != exitDone || errs != "" {
		t.Fatal(code, errs)
	}
	var short, long sim.Report
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(out), &short); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &long); err != nil {
		t.Fatal(err)
	}
	if short.Acknowledged != 180 || short.Points != 900 || short.Topics != nil || len(long.Topics) != 27 || short.Digest != long.Digest {
		t.Fatalf("%s\n%+v", out, long.Counts)
	}
}

func TestSimSaysWhatIsWrong(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no", "file")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"--mqtt 6", exitUsage, "--mqtt"},
		{"--qos 2", exitUsage, "QoS 2"},
		{"--devices 1 --rate 1001", exitUsage, "rate 1001"},
		{"--devices 0", exitUsage, "--devices 0"},
		{"--devices -1", exitUsage, "--devices -1"},
		{"--rate 0", exitUsage, "--rate 0"},
		{"--duration 0s", exitUsage, "--duration 0s"},
		{"--window 0", exitUsage, "--window 0"},
		{"--backlog -1", exitUsage, "--backlog -1"},
		{"--enterprise=", exitUsage, "--enterprise"},
		{"--enterprise a/#", exitUsage, "enterprise"},
		{"--enterprise $SYS", exitUsage, "enterprise"},
		{"--start noon", exitUsage, "--start"},
		{"--password-file " + missing, exitFailed, "password file"},
		{"--report " + missing, exitFailed, "report"},
		{"extra", exitUsage, "extra"},
	} {
		code, _, errs := runSim(strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit %d, %s", c.args, code, errs)
		}
	}
}

func TestSimExitsWithOneWhenSomethingIsNotAcknowledged(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{})
	s.Hold()
	code, out, errs := runSim("--addr", s.Addr(), "--devices", "1", "--rate", "100", "--duration", "50ms", "--drain-timeout", "10ms", "-q")
	if code != exitFailed || !strings.Contains(errs, "5 not acknowledged") || !strings.Contains(out, "unacknowledged 5") {
		t.Fatal(code, out, errs)
	}
}
