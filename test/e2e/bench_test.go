//go:build e2e

package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// The node is killed again and again in the middle of the load: nothing that was
// acknowledged is lost, and the screen says so. The README's tour has the whole table.
func TestNothingIsLostWhileTheNodeIsKilledUnderBenchDurable(t *testing.T) {
	for _, qos := range []string{"1", "2"} {
		n := startNode(t, t.TempDir(), nil)
		out := &syncBuffer{}
		bench := n.Command("bench", "durable", "--step", "online", "--qos", qos, "--duration", "2500ms", "--addr", n.mqtt)
		bench.Stdout, bench.Stderr = out, out
		if err := bench.Start(); err != nil {
			t.Fatal(err)
		}
		for _, second := range []string{"    1s  ", "    2s  "} {
			eventually(t, second, func() bool { return strings.Contains(out.String(), second) })
			n.kill(t)
			n.Restart(t)
		}
		if err := bench.Wait(); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		contains(t, out.String(), "\ncheck         0 lost, ", " 0 out of order\n", "\noutages       2, ")
		if all := regexp.MustCompile(`(\d{3,}) sent, (\d+) of (\d+) deliveries`).FindStringSubmatch(out.String()); all == nil || all[1] != all[2] || all[1] != all[3] {
			t.Fatal(out.String())
		}
		if qos == "2" {
			contains(t, out.String(), "\ncheck         0 lost, 0 doubled, ")
		}
		t.Log(out.String())
	}
}
