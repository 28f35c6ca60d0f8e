//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/millrace/millrace/internal/doctor"
	"github.com/millrace/millrace/internal/testkit"
)

// examined is what millrace doctor finds, a line for each check, and its exit code.
func (n *node) examined(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var errs bytes.Buffer
	command := n.Command(append([]string{"doctor", "--json"}, args...)...)
	command.Stderr = &errs
	out, err := command.Output()
	code := 0
	if exit := (&exec.ExitError{}); errors.As(err, &exit) {
		code = exit.ExitCode()
	}
	var r doctor.Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("doctor %v: %v\n%s%s", args, err, out, errs.String())
	}
	var b strings.Builder
	for _, f := range r.Findings {
		b.WriteString(string(f.Side) + " " + string(f.State) + " " + f.Check + ": " + f.Saw + "\n")
	}
	if (code == 1) != (r.Failed > 0) || code > 1 {
		t.Errorf("doctor %v: exit %d\n%s", args, code, b.String())
	}
	return b.String(), code
}

func (n *node) diagnosed(t *testing.T, code int, words []string, args ...string) {
	t.Helper()
	have, got := n.examined(t, args...)
	if got != code {
		t.Errorf("doctor %v: exit %d, want %d", args, got, code)
	}
	for _, w := range words {
		if !strings.Contains(have, w) {
			t.Errorf("doctor %v: no %q in\n%s", args, w, have)
		}
	}
}

// Every cause that a node can make of a failing connection is named, from the client's
// side and from the node's.
func TestTheDoctorNamesWhatTheNodeRefuses(t *testing.T) {
	dir := testkit.ShortTempDir(t)
	if err := os.WriteFile(filepath.Join(dir, "access.yaml"), []byte("default: deny\nrules:\n  - {allow: all, topics: [\"plant/%u/#\"]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := testkit.FreeAddr(t)
	n := startNode(t, dir, []string{"MILLRACE_MQTT__ACCESS__ANONYMOUS=never",
		`MILLRACE_MQTT__LISTENERS=[{"name": "full", "kind": "tcp", "address": "` + full + `", "max_connections": 1}]`})
	good, bad := filepath.Join(t.TempDir(), "good"), filepath.Join(t.TempDir(), "bad")
	for path, text := range map[string]string{good: "a good password\n", bad: "a bad password\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n.ctl(t, "passwd", "press-7", "--password-file", good)
	as := func(password string, more ...string) []string {
		return append([]string{n.mqtt, "--username", "press-7", "--password-file", password}, more...)
	}

	n.diagnosed(t, 1, []string{"client fail credentials: the broker lets nobody in without a user name", "node fail refused: this program's attempt", "(no_credentials)"}, n.mqtt)
	n.diagnosed(t, 1, []string{"client fail credentials: the broker does not take", "node fail refused: this program's attempt", "(bad_password)"}, as(bad)...)
	n.diagnosed(t, 0, []string{"client ok credentials", "client ok limits", "client ok clock", "client ok subscribe", "client ok publish", "client ok round trip", "node ok listener: default", "node ok access: publish"},
		as(good, "--topic", "plant/press-7/t", "--roundtrip")...)
	n.diagnosed(t, 1, []string{"client fail subscribe: secret/t is not allowed", "client fail publish: secret/t is not allowed", "node fail access: publish secret/t is denied"}, as(good, "--topic", "secret/t")...)
	n.diagnosed(t, 0, []string{"client ok credentials", "client ok idle"}, as(good, "--mqtt", "3.1.1", "--wait", "50ms")...)

	hold := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://" + full).SetClientID("one").SetUsername("press-7").SetPassword("a good password"))
	if token := hold.Connect(); token.Wait() && token.Error() != nil {
		t.Fatal(token.Error())
	}
	n.diagnosed(t, 1, []string{"node fail refused: this program's attempt", "(connection_limit)"}, full, "--username", "press-7", "--password-file", good)
	hold.Disconnect(100)

	n.ctl(t, "bans", "add", "user", "press-7", "--reason", "loud")
	n.diagnosed(t, 1, []string{"client fail ban", `node fail ban: user "press-7" is banned for ever, by`, "loud"}, as(good)...)
}

// Two clients of one identifier: the node tells without harm, and taking over shows it.
func TestTheDoctorFindsTwoClientsOfOneName(t *testing.T) {
	n := startNode(t, testkit.ShortTempDir(t), nil)
	n.diagnosed(t, 0, []string{`node ok client id: no client with the identifier "press-7"`}, n.mqtt, "--client-id", "press-7")

	back := make(chan struct{}, 100)
	other := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://" + n.mqtt).SetClientID("press-7").SetAutoReconnect(true).
		SetMaxReconnectInterval(100 * time.Millisecond).SetOnConnectHandler(func(mqtt.Client) { back <- struct{}{} }))
	if token := other.Connect(); token.Wait() && token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer other.Disconnect(100)
	<-back
	n.diagnosed(t, 0, []string{`node warn client id: "press-7" is connected from 127.0.0.1`}, n.mqtt, "--client-id", "press-7")
	if !other.IsConnected() || len(back) > 0 {
		t.Error("it was thrown out by a look")
	}
	n.diagnosed(t, 1, []string{`client fail client id: another client took the identifier "press-7" over`}, n.mqtt, "--client-id", "press-7", "--take-over", "--wait", "20s")
}

// Without an address the doctor looks at this machine's node, running or not.
func TestTheDoctorLooksAtTheMachine(t *testing.T) {
	n := startNode(t, testkit.ShortTempDir(t), nil)
	config := filepath.Join(t.TempDir(), "m.yaml")
	if err := os.WriteFile(config, []byte("data: "+n.Data+"\nmqtt: {listen: \""+n.mqtt+"\", max_connections: 10}\nhttp: {listen: \""+n.HTTP+"\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.diagnosed(t, 0, []string{"node ok node", "machine ok config", "machine ok data folder: " + n.Data + " is in use by a node that answers (process", "machine ok port: " + n.mqtt, "machine ok open files"}, "--config", config)
	n.diagnosed(t, 0, []string{"machine warn port: 127.0.0.1:1 "}, "--config", write(t, "data: "+n.Data+"\nmqtt: {listen: \"127.0.0.1:1\"}\nhttp: {listen: \""+n.HTTP+"\"}\n"))
	n.stop(t)
	n.diagnosed(t, 0, []string{"machine warn data folder: " + n.Data + " is free: no node runs on it", "machine ok port"}, "--config", config)
	n.diagnosed(t, 1, []string{"machine fail config: "}, "--config", write(t, "mqtt: {listen: nowhere}\n"))
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
