//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// cutter is the network between a client and the node: it can fail.
type cutter struct {
	ln net.Listener
	to string

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{ln: ln, to: to, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = ln.Close(); c.set(true) })
	go c.accept()
	return c
}

func (c *cutter) port() string { _, port, _ := net.SplitHostPort(c.ln.Addr().String()); return port }

func (c *cutter) accept() {
	for {
		in, err := c.ln.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", c.to)
		if err != nil || !c.add(in, out) {
			_ = in.Close()
			continue
		}
		go c.copy(in, out)
		go c.copy(out, in)
	}
}

// add notes the two ends, unless the network is down.
func (c *cutter) add(in, out net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		_ = out.Close()
		return false
	}
	c.conns[in], c.conns[out] = true, true
	return true
}

func (c *cutter) copy(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, from)
}

// set cuts every connection and lets none in, or heals.
func (c *cutter) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	if !cut {
		return
	}
	for conn := range c.conns {
		_ = conn.Close()
	}
}

// journey runs a program of test/clients, cuts and heals the network when it asks,
// and expects each step to be done.
func journey(t *testing.T, network *cutter, steps string, env []string, program ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program[0], program[1:]...)
	command.Dir = "../clients"
	command.Env = append(append(os.Environ(), "STEPS="+steps), env...)
	var errs bytes.Buffer
	command.Stderr = &errs
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("%v (make needs installs what this test uses)", err)
	}
	var done []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch word, step, _ := strings.Cut(lines.Text(), " "); word {
		case "cut", "heal":
			network.set(word == "cut")
		case "ok":
			done = append(done, step)
		}
	}
	if err := command.Wait(); err != nil || strings.Join(done, " ") != steps {
		t.Fatalf("%v: done %q of %q: %v\n%s", program, done, steps, err, errs.String())
	}
}

func TestMQTTjs(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	for version, steps := range map[string]string{"4": "qos retained will shared session", "5": "qos retained will shared session properties"} {
		t.Run("MQTT "+version, func(t *testing.T) {
			network := newCutter(t, n.mqtt)
			journey(t, network, steps, []string{"URL=mqtt://" + n.mqtt, "CUT_URL=mqtt://127.0.0.1:" + network.port(), "VERSION=" + version}, "node", "journey.mjs")
		})
	}
}

// Debian's own Python, since its packages are for no other.
const python = "/usr/bin/python3"

func TestPythonPaho(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	for version, steps := range map[string]string{"3": "qos retained will session", "4": "qos retained will session", "5": "qos retained will session properties"} {
		t.Run("MQTT "+version, func(t *testing.T) {
			network := newCutter(t, n.mqtt)
			journey(t, network, steps, []string{"HOST=127.0.0.1", "PORT=" + n.mqttPort(), "CUT_PORT=" + network.port(), "VERSION=" + version}, python, "journey.py")
		})
	}
}

// syncBuffer is a buffer that is written and read at the same time.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
