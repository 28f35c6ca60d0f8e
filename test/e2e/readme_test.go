//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/testkit"
)

// The tour of the README is run as it is written, but for the addresses and the
// path of the program.
func TestTheReadmesTour(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, tour, _ := strings.Cut(string(readme), "## Five minutes")
	tour, _, found := strings.Cut(tour, "\n## ")
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(tour, -1)
	if !found || len(blocks) < 5 {
		t.Fatalf("the tour has %d blocks of commands", len(blocks))
	}
	folder := testkit.ShortTempDir(t)
	n := startNode(t, filepath.Join(folder, "data"), nil)
	here := strings.NewReplacer("build/millrace sim", binary(t)+" sim --addr "+n.mqtt,
		"build/millrace bench durable", binary(t)+" bench durable --duration 100ms --warmup 100ms --addr "+n.mqtt, "build/millrace", binary(t),
		"-h 127.0.0.1 -p 1883", "-h 127.0.0.1 -p "+n.mqttPort(), "http://127.0.0.1:18083", n.url)

	said := ""
	for _, block := range blocks[1:] { // the first starts the node
		shell := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", here.Replace(block[1]))
		shell.Dir, shell.Env = folder, withoutMillrace(os.Environ())
		out := &syncBuffer{}
		shell.Stdout, shell.Stderr = out, out
		if err := shell.Start(); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(block[1], "bench durable") { // killed while it runs, as the text says
			eventually(t, "the first line", func() bool { return strings.Contains(out.String(), "64 in flight: ") })
			n.kill(t)
			n.Restart(t)
		}
		if err := shell.Wait(); err != nil {
			t.Fatalf("%s\n%v\n%s", block[1], err, out.String())
		}
		said += out.String()
	}
	contains(t, said, "telemetry", "demo/press1/motor.speed", "1480", `"series":"demo/press1/temperature"`, `"avg":[21.5]`, "unacknowledged 0", "lost 0, twice", "the broker was away 1 time")
}
