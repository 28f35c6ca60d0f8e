//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"

	"github.com/millrace/millrace/internal/api"
)

// says runs millrace ctl and expects each of the words in what it prints.
func (n *node) says(t *testing.T, words []string, args ...string) {
	t.Helper()
	out := n.ctl(t, args...)
	for _, word := range words {
		if !strings.Contains(out, word) {
			t.Errorf("ctl %v: no %q in\n%s", args, word, out)
		}
	}
}

// shown is the JSON of a ctl command.
func shown[T any](t *testing.T, n *node, args ...string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(n.ctl(t, append(args, "--json")...)), &v); err != nil {
		t.Fatalf("ctl %v: %v", args, err)
	}
	return v
}

// An operator looks after the clients of a node: who is there, what is kept and
// counted, who was refused, and what a client sends.
func TestAnOperatorLooksAfterClients(t *testing.T) {
	n := startNode(t, t.TempDir(), []string{"MILLRACE_OBSERVE__SLOW_THRESHOLD=1ms"})
	n.says(t, []string{"default", "tcp", n.mqtt}, "listeners", "list")
	n.says(t, []string{"No listener has certificates."}, "listeners", "reload")
	n.says(t, []string{"plant/# is counted."}, "topic-metrics", "add", "plant/#")
	n.says(t, []string{"Trace oven runs until"}, "trace", "start", "oven", "--topic", "plant/oven", "--payload")

	// A client with a session goes away, and messages wait for it.
	session := []string{"-V", "mqttv5", "-c", "-i", "press-7", "-x", "3600", "-q", "1", "-t", "plant/+"}
	_, answer := listening(t, n, append(session, "-C", "1")...)
	n.says(t, []string{"press-7", "connected"}, "clients", "list", "--prefix", "press-")
	n.says(t, []string{"plant/+", "press-7"}, "subscriptions", "list", "--topic", "plant/oven")
	mosquittoPub(t, n, "-q", "1", "-t", "plant/oven", "-m", "first", "-r")
	if got := strings.Join(answer(), " "); got != "first" {
		t.Fatalf("%q", got)
	}
	eventually(t, "the session waits", func() bool { return !shown[api.ClientDetail](t, n, "clients", "show", "press-7").Connected })
	mosquittoPub(t, n, "-q", "1", "-t", "plant/oven", "-m", "second")
	mosquittoPub(t, n, "-q", "2", "-t", "plant/mill", "-m", "third")
	away := shown[api.ClientDetail](t, n, "clients", "show", "press-7")
	if away.CleanStart || len(away.Queue) != 2 || away.Queue[0].Topic != "plant/oven" || len(away.Subscribed) != 1 || away.ExpiresAt.IsZero() {
		t.Errorf("%+v", away)
	}
	n.says(t, []string{"press-7", "away"}, "clients", "list", "--state", "disconnected")

	// Kept messages.
	n.says(t, []string{"plant/oven", "5 B"}, "retained", "list", "--filter", "plant/#")
	n.says(t, []string{"first", "plant/oven"}, "retained", "show", "plant/oven")
	n.says(t, []string{"1 would be removed."}, "retained", "delete", "plant/#", "--dry-run")
	n.says(t, []string{"1 removed."}, "retained", "delete", "plant/#")
	n.says(t, []string{"No retained messages."}, "retained", "list", "--prefix", "plant/")

	// What was counted and written along.
	if m := shown[api.Page[api.TopicMetric]](t, n, "topic-metrics", "list").Items; len(m) != 1 || m[0].In.QoS1 != 2 || m[0].In.QoS2 != 1 {
		t.Errorf("%+v", m)
	}
	n.says(t, []string{"no more"}, "topic-metrics", "delete", "plant/#")
	n.says(t, []string{"oven", "running"}, "trace", "list")
	n.says(t, []string{"Trace oven has ended with"}, "trace", "stop", "oven")
	file := filepath.Join(t.TempDir(), "oven.txt")
	n.ctl(t, "trace", "download", "oven", "-o", file)
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), "plant/oven") || !strings.Contains(string(text), "second") || strings.Contains(string(text), "plant/mill") {
		t.Errorf("%v\n%s", err, text)
	}
	n.says(t, []string{"oven is removed"}, "trace", "delete", "oven")

	// The session is ended, and with it what waited.
	n.says(t, []string{"press-7 is kicked"}, "clients", "kick", "press-7", "--session")
	n.says(t, []string{"No clients."}, "clients", "list", "--prefix", "press-")

	// Who is refused can be looked up; who comes is sent elsewhere while the node says so.
	n.says(t, []string{"is banned"}, "bans", "add", "client_id", "stranger")
	refusedPub(t, n, "-i", "stranger", "-u", "eve", "-P", "x")
	n.says(t, []string{"stranger", "eve", "banned", "127.0.0.1"}, "refused", "list", "--kind", "ban")
	n.says(t, []string{"sent to plant-2:1883."}, "redirect", "start", "plant-2:1883")
	refusedPub(t, n, "-V", "mqttv5", "-i", "late")
	n.says(t, []string{"may come in again"}, "redirect", "stop")
	mosquittoPub(t, n, "-i", "late", "-t", "a", "-m", "x")
	n.says(t, []string{"afresh"}, "slow", "clear")
	n.says(t, []string{"Nobody is slow."}, "slow", "list")
}

// A node that is configured to does not serve anybody from the start on, until it is told.
func TestANodeSendsItsClientsAwayFromTheStart(t *testing.T) {
	n := startNode(t, t.TempDir(), []string{"MILLRACE_MQTT__REDIRECT={active: true, reference: 'plant-2:1883', moved: true}"})
	come := func() (*paho.Connack, error) {
		nc, err := n.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		return paho.NewClient(paho.ClientConfig{Conn: nc}).Connect(t.Context(), &paho.Connect{ClientID: "press-7", CleanStart: true, KeepAlive: 30})
	}
	if a, err := come(); err == nil || a == nil || a.ReasonCode != 0x9D || a.Properties.ServerReference != "plant-2:1883" || !strings.Contains(a.Properties.ReasonString, "MR-5033") {
		t.Errorf("%+v %v", a, err)
	}
	n.says(t, []string{"may come in again"}, "redirect", "stop")
	if a, err := come(); err != nil {
		t.Errorf("%+v %v", a, err)
	}
}

// refusedPub runs mosquitto_pub and expects that it is turned away.
func refusedPub(t *testing.T, n *node, args ...string) {
	t.Helper()
	args = append([]string{"-h", "127.0.0.1", "-p", n.mqttPort(), "-t", "a", "-m", "x"}, args...)
	if out, err := exec.CommandContext(t.Context(), "mosquitto_pub", args...).CombinedOutput(); err == nil {
		t.Errorf("mosquitto_pub %v was let in: %s", args, out)
	}
}
