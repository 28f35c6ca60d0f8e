//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// node is a running program and the ways in.
type node struct {
	*testkit.Node
	url, mqtt string
}

func binary(t *testing.T) string { return testkit.Build(t) }

// startNode starts the program on dir with free ports and returns when it is ready
// and has said so: /readyz answers a moment before the greeting is printed.
func startNode(t *testing.T, dir string, env []string) *node {
	t.Helper()
	n := testkit.StartNode(t, []string{"--data", dir}, env)
	eventually(t, "the greeting", func() bool { return strings.Contains(n.Log(), "  Try ") })
	return &node{Node: n, url: n.URL, mqtt: n.MQTT}
}

func (n *node) output() string { return n.Log() }

func (n *node) mqttPort() string {
	_, port, _ := net.SplitHostPort(n.mqtt)
	return port
}

func (n *node) dial(ctx context.Context) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", n.mqtt)
}

func (n *node) stop(t *testing.T) {
	t.Helper()
	if err := n.Stop(); err != nil {
		t.Fatalf("stop: %v\n%s", err, n.Log())
	}
}

func (n *node) kill(t *testing.T) {
	t.Helper()
	if !n.Running() {
		t.Fatalf("the node has ended by itself:\n%s", n.Log())
	}
	n.Kill()
}

// ctl runs millrace ctl on the node and returns what it prints.
func (n *node) ctl(t *testing.T, args ...string) string {
	t.Helper()
	var errs bytes.Buffer
	command := n.Command(append([]string{"ctl"}, args...)...)
	command.Stderr = &errs
	out, err := command.Output()
	if err != nil {
		t.Fatalf("ctl %v: %v %s", args, err, errs.String())
	}
	return string(out)
}
