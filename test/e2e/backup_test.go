//go:build e2e

package e2e

import (
	"bytes"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// run runs the program without a node.
func run(n *node, args ...string) (string, error) {
	out, err := n.Command(args...).CombinedOutput()
	return string(out), err
}

// While a client publishes, the node is backed up twice; the second time it is killed in
// the middle of it and backed up again. What was acknowledged before the last back-up
// began is in the node that is made of it: retained messages, delayed ones, and the points that were made of these.
func TestABackUpUnderLoadRestoresWhatWasAcknowledged(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	env := []string{`MILLRACE_STREAMS=[{"name": "telemetry", "filters": ["kept/#"]}]`, "MILLRACE_NODE__NAME=plant-1"}
	folder := filepath.Join(t.TempDir(), "backup")
	v := &values{sent: map[string]int{}, acked: map[string]int{}}
	n := startNode(t, t.TempDir(), env)
	progress := make(chan struct{})
	begin := func() (ended chan struct{}) {
		client, err := dial(t.Context(), n, "writer", nil)
		if err != nil {
			t.Fatal(err)
		}
		ended = make(chan struct{})
		go func() { defer close(ended); v.write(t.Context(), client, chance, progress) }()
		return ended
	}
	drain := func(until <-chan struct{}) {
		for {
			select {
			case <-progress:
			case <-until:
				return
			}
		}
	}
	load := func(f func()) { // goes on while f runs
		done := make(chan struct{})
		go func() { defer close(done); f() }()
		drain(done)
	}
	writing := begin()
	for range 200 {
		<-progress
	}
	load(func() { n.ctl(t, "backup", folder) })

	interrupted := n.Command("ctl", "backup", folder)
	if err := interrupted.Start(); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		<-progress
	}
	n.kill(t)
	drain(writing)
	_ = interrupted.Wait() // its node is gone
	before := &values{acked: maps.Clone(v.acked), sent: v.sent, ackedLate: slices.Clone(v.ackedLate)}
	n = startNode(t, n.Data, env)
	writing = begin()
	load(func() { n.ctl(t, "backup", folder) })
	n.kill(t)
	drain(writing)
	if out, err := run(n, "backup", "verify", folder); err != nil {
		t.Fatal(out)
	}

	data := filepath.Join(t.TempDir(), "data")
	if out, err := run(n, "restore", folder, "--data", data); err != nil {
		t.Fatal(out)
	}
	restored := startNode(t, data, env)
	checkRestored(t, restored, before)
	before.checkLate(t, newCaller(t, restored, "viewer"))
	restored.stop(t)
	if out, err := run(n, "restore", folder, "--data", data); err == nil || !strings.Contains(out, "not empty") {
		t.Errorf("a folder with data was taken: %s", out)
	}
}

// checkRestored finds each topic's value at or behind the one acknowledged before the
// back-up.
func checkRestored(t *testing.T, n *node, v *values) {
	t.Helper()
	for topic, value := range retainedValues(t, n, len(v.acked)) {
		if value < v.acked[topic] || value > v.sent[topic] {
			t.Errorf("%s is %d; %d was acknowledged before the back-up, %d was sent last", topic, value, v.acked[topic], v.sent[topic])
		}
	}
}

// Who is away when the back-up is made gets from the restored node what came meanwhile.
func TestASessionIsRestoredWithWhatWaitsForIt(t *testing.T) {
	env := []string{"MILLRACE_NODE__NAME=plant-1"}
	n := startNode(t, t.TempDir(), env)
	sub := func(n *node) string {
		out, _ := exec.Command("mosquitto_sub", "-p", n.mqttPort(), "-c", "-i", "view", "-q", "1", "-t", "plant/#", "-W", "1").Output()
		return string(out)
	}
	sub(n)
	mosquittoPub(t, n, "-q", "1", "-t", "plant/a", "-m", "while you were away")
	folder, data := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "data")
	n.ctl(t, "backup", folder)
	if out, err := run(n, "restore", folder, "--data", data); err != nil {
		t.Fatal(out)
	}
	if got := sub(startNode(t, data, env)); got != "while you were away\n" {
		t.Errorf("the client got %q", got)
	}
}

// A flipped bit anywhere in a back-up is found, and nothing is restored; the node tells of
// those in its folder.
func TestADamagedBackUpIsRefused(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "backup")
	n := startNode(t, t.TempDir(), []string{"MILLRACE_NODE__NAME=plant-1", "MILLRACE_BACKUP__FOLDER=" + folder})
	mosquittoPub(t, n, "-q", "1", "-t", "plant/a", "-m", "1")
	n.ctl(t, "backup")
	var files []string
	_ = filepath.WalkDir(filepath.Join(folder, "objects"), func(path string, d fs.DirEntry, _ error) error {
		if d.Type().IsRegular() {
			files = append(files, path)
		}
		return nil
	})
	for _, path := range files {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(whole) == 0 {
			continue // has no bit
		}
		broken := bytes.Clone(whole)
		broken[rand.IntN(len(broken))] ^= 1
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"backup", "verify", folder}, {"restore", folder, "--data", filepath.Join(t.TempDir(), "data")}} {
			if out, err := run(n, args...); err == nil || !strings.Contains(out, path) {
				t.Errorf("%v: %s", args, out)
			}
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listed := func(condition string) {
		t.Helper()
		if out := n.ctl(t, "backup", "list"); !strings.Contains(out, condition) || strings.Contains(out, "never") {
			t.Errorf("want one that is %s: %s", condition, out)
		}
	}
	if out := n.ctl(t, "backup", "verify"); !strings.Contains(out, "1 back-ups are whole") {
		t.Error(out)
	}
	listed("complete")
	_ = os.Remove(files[0])
	if out, err := run(n, "ctl", "backup", "verify"); err == nil || !strings.Contains(out, files[0]) {
		t.Error(out)
	}
	listed("damaged")
}
