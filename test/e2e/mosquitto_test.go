//go:build e2e

package e2e

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

var mosquittoVersions = []string{"mqttv31", "mqttv311", "mqttv5"}

// mosquittoSub runs mosquitto_sub until it ends and returns its lines.
func mosquittoSub(t *testing.T, n *node, args ...string) []string {
	t.Helper()
	args = append([]string{"-h", "127.0.0.1", "-p", n.mqttPort(), "-W", "20"}, args...)
	out, err := exec.CommandContext(t.Context(), "mosquitto_sub", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("mosquitto_sub %v: %v %s", args, err, out)
	}
	return strings.Fields(string(out))
}

// listening starts mosquitto_sub and returns when it is subscribed; answer waits for
// it to end and returns its lines.
func listening(t *testing.T, n *node, args ...string) (command *exec.Cmd, answer func() []string) {
	t.Helper()
	args = append([]string{"-o0", "mosquitto_sub", "-d", "-h", "127.0.0.1", "-p", n.mqttPort(), "-W", "20"}, args...)
	command = exec.CommandContext(t.Context(), "stdbuf", args...)
	var out syncBuffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "mosquitto_sub is subscribed", func() bool { return strings.Contains(out.String(), "Subscribed (") })
	return command, func() (lines []string) {
		if err := command.Wait(); err != nil {
			t.Fatalf("mosquitto_sub: %v %s", err, out.String())
		}
		for line := range strings.Lines(out.String()) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "Client ") && !strings.HasPrefix(line, "Subscribed (") {
				lines = append(lines, line)
			}
		}
		return lines
	}
}

func TestMosquittoClients(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	for _, v := range mosquittoVersions {
		t.Run(v, func(t *testing.T) {
			for _, qos := range []string{"0", "1", "2"} {
				_, answer := listening(t, n, "-V", v, "-q", qos, "-t", v+"/qos"+qos, "-C", "2")
				mosquittoPub(t, n, "-V", v, "-q", qos, "-t", v+"/qos"+qos, "-m", "one")
				mosquittoPub(t, n, "-V", v, "-q", qos, "-t", v+"/qos"+qos, "-m", "two")
				if got := strings.Join(answer(), " "); got != "one two" {
					t.Errorf("QoS %s: %q", qos, got)
				}
			}
			mosquittoPub(t, n, "-V", v, "-q", "1", "-r", "-t", v+"/retained", "-m", "kept")
			if got := mosquittoSub(t, n, "-V", v, "-t", v+"/retained", "-C", "1", "-F", "%p:%r"); got[0] != "kept:1" {
				t.Errorf("retained: %q", got)
			}
			mosquittoWill(t, n, v)
		})
	}
}

// mosquittoWill kills a client that has a will.
func mosquittoWill(t *testing.T, n *node, v string) {
	t.Helper()
	_, answer := listening(t, n, "-V", v, "-q", "1", "-t", v+"/will", "-C", "1")
	victim, _ := listening(t, n, "-V", v, "-t", "nothing", "--will-topic", v+"/will", "--will-payload", "gone", "--will-qos", "1")
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait()
	if got := strings.Join(answer(), " "); got != "gone" {
		t.Errorf("will: %q", got)
	}
}

func TestMosquittoSessions(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	for _, v := range mosquittoVersions {
		t.Run(v, func(t *testing.T) {
			session := []string{"-V", v, "-i", "session-" + v, "-c", "-q", "2", "-t", v + "/session"}
			if v == "mqttv5" {
				session = append(session, "-x", "600")
			}
			mosquittoSub(t, n, append(session, "-E")...)
			mosquittoPub(t, n, "-V", v, "-q", "1", "-t", v+"/session", "-m", "one")
			mosquittoPub(t, n, "-V", v, "-q", "2", "-t", v+"/session", "-m", "two")
			if got := strings.Join(mosquittoSub(t, n, append(session, "-C", "2")...), " "); got != "one two" {
				t.Errorf("after its absence: %q", got)
			}
		})
	}
}

func TestMosquittoPubOfManyLines(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	_, answer := listening(t, n, "-q", "2", "-t", "lines", "-C", "200")
	command := exec.CommandContext(t.Context(), "mosquitto_pub", "-h", "127.0.0.1", "-p", n.mqttPort(), "-q", "2", "-t", "lines", "-l")
	var in bytes.Buffer
	want := make([]string, 200)
	for i := range want {
		want[i] = strings.Repeat("x", i) + "."
		in.WriteString(want[i] + "\n")
	}
	command.Stdin = &in
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if got := answer(); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %d lines, another order or other text", len(got))
	}
}
