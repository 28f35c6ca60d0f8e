//go:build e2e

package e2e

import (
	"io"
	"strings"
	"testing"
)

// TestRefusedClientsOutliveARestart: who was turned away before a restart, and why,
// can still be asked after it.
func TestRefusedClientsOutliveARestart(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir, nil)
	conn, err := n.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("\x10\x14\x00\x04MQTT\x05\x03\x00\x3c\x00\x00\x07press-7")); err != nil { // a reserved flag is set
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, conn)
	list := func() string { return n.ctl(t, "refused", "list", "--kind", "protocol") }
	eventually(t, "it is listed", func() bool { return strings.Contains(list(), "malformed_packet") })
	before := list()
	n.stop(t)
	n = startNode(t, dir, nil)
	if after := list(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}
