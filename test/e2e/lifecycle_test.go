//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/testkit"
)

// millrace runs the program to its end and returns its exit code and all it wrote.
func millrace(t *testing.T, env []string, args ...string) (int, string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), binary(t), args...)
	command.Env = append(withoutMillrace(os.Environ()), env...)
	out, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), string(out)
}

// withoutMillrace drops the settings of whoever runs the tests.
func withoutMillrace(env []string) []string {
	return slices.DeleteFunc(env, func(e string) bool { return strings.HasPrefix(e, "MILLRACE_") })
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}

func TestFirstStartSaysHowToComeInAndLaterOnesDoNot(t *testing.T) {
	dir, generate := t.TempDir(), []string{"MILLRACE_ADMIN_PASSWORD="}
	n := startNode(t, dir, generate)
	contains(t, n.output(), n.url, "admin", n.mqtt, "mosquitto_pub -h 127.0.0.1")
	password := regexp.MustCompile(`admin / (\S+)`).FindStringSubmatch(n.output())
	if password == nil {
		t.Fatalf("no generated password in:\n%s", n.output())
	}
	n.stop(t)
	n = startNode(t, dir, generate)
	if strings.Contains(n.output(), password[1]) || strings.Contains(n.output(), "admin /") {
		t.Fatalf("a later start shows a password:\n%s", n.output())
	}
}

// A start that fails must not use up the one time that the password is shown.
func TestAFailedFirstStartKeepsThePasswordForTheNext(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	if code, out := millrace(t, nil, "serve", "--data", dir, "--mqtt", taken.Addr().String(), "--http", "127.0.0.1:0"); code != 1 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	n := startNode(t, dir, []string{"MILLRACE_ADMIN_PASSWORD="})
	contains(t, n.output(), "admin / ")
}

func TestSecondProcessOnTheSameFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	startNode(t, dir, nil)
	code, out := millrace(t, nil, "serve", "--data", dir, "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0")
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	contains(t, out, dir, "in use by another Millrace", "--data")
}

func TestPortInUseIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for flag, other := range map[string]string{"--mqtt": "--http", "--http": "--mqtt"} {
		code, out := millrace(t, nil, "serve", "--data", t.TempDir(), flag, taken.Addr().String(), other, "127.0.0.1:0")
		if code != 1 {
			t.Errorf("%s: exit code %d", flag, code)
		}
		contains(t, out, taken.Addr().String(), "in use")
	}
}

func TestCheckReportsEverythingAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "millrace.yaml")
	yaml := "durabilty: power\nmqtt:\n  listen: 127.0.0.1:1883\n  max_packet_size: lots\nlog:\n  level: loud\n"
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out := millrace(t, []string{"MILLRACE_HISTORIAN__COMIT_INTERVAL=5s"}, "serve", "--check", "--config", file)
	if code != 2 {
		t.Errorf("exit code %d", code)
	}
	contains(t, out, file+":1", "durabilty", "durability", file+":4", "max_packet_size", file+":6", "log.level", "MILLRACE_HISTORIAN__COMIT_INTERVAL", "commit_interval")

	if err := os.WriteFile(file, []byte("durability: process\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out := millrace(t, nil, "serve", "--check", "--config", file); code != 0 {
		t.Errorf("a good file: exit code %d\n%s", code, out)
	}
}

// The start reads the files that the configuration names as --check does: all that is
// wrong is said at once.
func TestAStartSaysAllThatIsWrongWithItsFiles(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	yaml := fmt.Sprintf("data: %s\nmqtt:\n  listen: 127.0.0.1:0\n  access: {rules: %s}\n  listeners:\n    - {name: tls, kind: tls, address: \"127.0.0.1:0\", certificate_files: [%s], key_files: [%s]}\n",
		in("data"), in("rules.yaml"), in("a.crt"), in("a.key"))
	if err := os.WriteFile(in("m.yaml"), []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, more := range [][]string{{"--check"}, {"--http", "127.0.0.1:0"}} {
		code, out := millrace(t, nil, append([]string{"serve", "--config", in("m.yaml")}, more...)...)
		if code != 2 {
			t.Errorf("%v: exit code %d", more, code)
		}
		contains(t, out, "3 problems", in("m.yaml")+":6", "certificate_files[0]", in("a.crt"), "key_files[0]", in("a.key"), in("m.yaml")+":4", "mqtt.access.rules", in("rules.yaml"))
	}
	if _, err := os.Stat(in("data")); err == nil {
		t.Error("a data folder was made")
	}
}

// A listener that others can reach lets nobody in without a name, not even a client
// of this machine.
func TestNobodyEntersAnOpenDoorWithoutAName(t *testing.T) {
	_, port, _ := net.SplitHostPort(testkit.FreeAddr(t))
	n := startNode(t, t.TempDir(), []string{`MILLRACE_MQTT__LISTENERS=[{"name":"plant","address":"0.0.0.0:` + port + `"}]`})
	refusedPub(t, n, "-p", port)
	refusedPub(t, n, "-p", port, "-u", "anna", "-P", "guessed")
	mosquittoPub(t, n, "-t", "a", "-m", "x") // the loopback listener is for this machine
	contains(t, n.ctl(t, "refused", "list"), "plant", "anna")
}

func TestExplainTellsOriginAndSecretsStaySecret(t *testing.T) {
	n := startNode(t, t.TempDir(), []string{"MILLRACE_ADMIN_PASSWORD=correct-horse-battery", "MILLRACE_LOG__LEVEL=warn"})
	contains(t, n.ctl(t, "config", "explain", "log.level"), "warn", "MILLRACE_LOG__LEVEL", "default")
	shown := n.ctl(t, "config", "show", "--json") + n.ctl(t, "config", "explain", "admin_password") + n.output()
	if strings.Contains(shown, "correct-horse-battery") {
		t.Fatalf("the password was printed:\n%s", shown)
	}
	contains(t, n.ctl(t, "log", "level", "debug"), "debug")
	contains(t, n.ctl(t, "log", "level"), "debug")
}

func TestCtlSaysWhenNoNodeRuns(t *testing.T) {
	dir := t.TempDir()
	code, out := millrace(t, nil, "ctl", "status", "--data", dir)
	if code == 0 {
		t.Error("exit code 0")
	}
	contains(t, out, dir, "millrace serve")
}
