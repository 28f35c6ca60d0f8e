package main

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/bench"
	"github.com/millrace/millrace/internal/mqtt/client/clienttest"
)

func runBench(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = run(context.Background(), append([]string{"bench"}, args...), strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func TestBenchReportsEveryScenario(t *testing.T) {
	for _, line := range []string{
		"conn --connections 9 --sources 127.0.0.1",
		"pub --publishers 3 --topics 2 --retain",
		"sub --filter x/+",
		"p2p --pairs 4 --qos 1 --window 4 --mqtt 3.1.1",
		"fanout --subscribers 6",
		"fanin --publishers 6 --rate 1000",
		"wildcard --topics 6 --subscribers 3 --subscriptions 12",
		"retained --topics 9 --subscribers 2 --qos 1",
	} {
		s := clienttest.Start(t, &clienttest.Server{})
		args := append(strings.Fields(line), "--addr", s.Addr(), "--duration", "50ms", "--warmup", "0", "-q")
		code, text, errs := runBench(args...)
		if code != exitDone || errs != "" || !strings.HasPrefix(text, args[0]) {
			t.Errorf("%s: exit %d\n%s%s", line, code, text, errs)
		}
		code, text, _ = runBench(append(args, "--json")...)
		var r bench.Report
		if err := json.Unmarshal([]byte(text), &r); err != nil || code != exitDone || string(r.Scenario) != args[0] || r.Warnings == nil {
			t.Errorf("%s: %v\n%s", line, err, text)
		}
	}
}

func TestBenchSaysWhatIsWrong(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no", "file")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"p2p --mqtt 6", exitUsage, "--mqtt"},
		{"p2p --qos 3", exitUsage, "QoS 3"},
		{"p2p --cert c.pem", exitUsage, "--tls"},
		{"p2p --tls --cert c.pem", exitUsage, "--key"},
		{"p2p --tls --cert " + missing + " --key " + missing, exitFailed, "--cert"},
		{"p2p --cafile " + missing, exitFailed, "--cafile"},
		{"p2p --cafile ../../go.mod", exitUsage, "no certificate"},
		{"p2p --ws --path mqtt", exitUsage, "path"},
		{"p2p --payload 8", exitUsage, "payload"},
		{"conn --sources here", exitUsage, "--sources"},
		{"wildcard --topics 10 --subscriptions 11", exitUsage, "subscriptions"},
		{"pub --password-file " + missing, exitFailed, "password file"},
		{"pub --addr 127.0.0.1:1", exitFailed, "connect"},
		{"pub --pid 1073741824", exitFailed, "bench: "},
		{"p2p extra", exitUsage, "extra"},
	} {
		code, _, errs := runBench(strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit %d, %s", c.args, code, errs)
		}
	}
}

func TestBenchExitsWithOneWhenSomethingIsNotAcknowledged(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{})
	s.Hold()
	code, out, errs := runBench("pub", "--addr", s.Addr(), "--publishers", "1", "--qos", "1", "--window", "5", "--duration", "20ms", "--drain", "10ms", "--warmup", "0", "-q")
	if code != exitFailed || !strings.Contains(errs, "5 not acknowledged") || !strings.Contains(out, "5 not acknowledged") {
		t.Fatal(code, out, errs)
	}
}
