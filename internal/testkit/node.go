package testkit

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Node is a running millrace process of its own.
type Node struct {
	// Data is its data folder.
	Data string
	// MQTT and HTTP are the addresses it listens on.
	MQTT, HTTP string
	// URL is "http://" and HTTP.
	URL string
	// User and Password are of its first administrator.
	User, Password string
	// Launch, when it is set, starts the process in the place of [exec.Cmd.Start].
	Launch func(*exec.Cmd) error

	program string
	args    []string
	env     []string
	out     output
	cmd     *exec.Cmd
	exited  chan struct{} // closed when the process is gone
	err     error         // how it ended; read after exited
}

// The patience with a process.
const (
	startLimit = 30 * time.Second
	stopLimit  = 20 * time.Second
)

// StartNode runs `millrace serve` on a folder and ports of its own and returns when
// it is ready. args are further flags; a --data, --mqtt or --http among them wins.
// env are further variables; those of this process that begin with MILLRACE_ are not
// passed on. The node ends with the test.
func StartNode(t testing.TB, args, env []string) *Node {
	t.Helper()
	n := NewNode(t, args, env)
	n.Restart(t)
	return n
}

// NewNode is StartNode without the start: Restart starts it.
func NewNode(t testing.TB, args, env []string) *Node {
	t.Helper()
	n := &Node{
		Data: flagOf(args, "--data", func() string { return ShortTempDir(t) }), User: "admin", Password: "testkit-password", program: Build(t),
		MQTT: flagOf(args, "--mqtt", func() string { return FreeAddr(t) }),
		HTTP: flagOf(args, "--http", func() string { return FreeAddr(t) }),
	}
	n.URL = "http://" + n.HTTP
	n.args = append([]string{"serve", "--data", n.Data, "--mqtt", n.MQTT, "--http", n.HTTP}, args...)
	n.env = append(cleanEnv(), "MILLRACE_ADMIN_PASSWORD="+n.Password)
	n.env = append(n.env, env...)
	t.Cleanup(n.cleanup(t))
	return n
}

// cleanup ends what still runs, and shows the log of a failed test's node.
func (n *Node) cleanup(t testing.TB) func() {
	return func() {
		n.Kill()
		if t.Failed() {
			t.Logf("output of the node:\n%s", n.Log())
		}
	}
}

func flagOf(args []string, name string, otherwise func() string) string {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, name+"="); ok {
			return v
		}
		if a == name && i+1 < len(args) {
			return args[i+1]
		}
	}
	return otherwise()
}

// TransportVariable, when it is set, is the mqtt.transport of every node whose env does
// not say another.
const TransportVariable = "MILLRACE_TEST_TRANSPORT"

func cleanEnv() []string {
	var env []string
	if v := os.Getenv(TransportVariable); v != "" {
		env = append(env, "MILLRACE_MQTT__TRANSPORT="+v)
	}
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "MILLRACE_") {
			env = append(env, e)
		}
	}
	return env
}

// Restart starts the node again, on the same folder and addresses, once it has been
// killed or stopped, and returns when it is ready.
func (n *Node) Restart(t testing.TB) {
	t.Helper()
	if err := n.Start(); err != nil {
		t.Fatalf("start the node: %v", err)
	}
	n.AwaitReady(t)
}

// Start starts the process and does not wait for it.
func (n *Node) Start() error {
	n.cmd = exec.Command(n.program, n.args...)
	n.cmd.Env = n.env
	n.cmd.Stdout, n.cmd.Stderr = &n.out, &n.out
	start := n.cmd.Start
	if n.Launch != nil {
		start = func() error { return n.Launch(n.cmd) }
	}
	if err := start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	n.exited = exited
	cmd := n.cmd
	go func() {
		n.err = cmd.Wait()
		close(exited)
	}()
	return nil
}

// AwaitReady waits until /readyz answers 200.
func (n *Node) AwaitReady(t testing.TB) {
	t.Helper()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	gone := false
	ready := await(startLimit, func() bool {
		if gone = !n.Running(); gone {
			return true
		}
		answer, err := client.Get(n.URL + "/readyz")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	if gone {
		t.Fatalf("the node ended before it was ready: %v", n.err)
	}
	if !ready {
		t.Fatalf("the node is not ready after %v", startLimit)
	}
}

// Running reports whether the process lives.
func (n *Node) Running() bool {
	if n.exited == nil {
		return false
	}
	select {
	case <-n.exited:
		return false
	default:
		return true
	}
}

// Pid is the process's id.
func (n *Node) Pid() int { return n.cmd.Process.Pid }

// Kill ends the process at once, as kill -9 does, and waits until it is gone. It
// does nothing when none runs.
func (n *Node) Kill() {
	if n.Running() {
		_ = n.cmd.Process.Kill()
		<-n.exited
	}
}

// Stop asks the process to end, as a service manager does (SIGTERM; on Windows it is
// killed), waits, and returns how it ended: nil for exit code 0.
func (n *Node) Stop() error {
	if !n.Running() {
		return errors.New("no node runs")
	}
	if runtime.GOOS == "windows" {
		n.Kill()
		return n.err
	}
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return n.Wait(stopLimit)
}

// Wait waits for the process to end by itself and returns how it ended. After the
// limit it is killed.
func (n *Node) Wait(limit time.Duration) error {
	select {
	case <-n.exited:
		return n.err
	case <-time.After(limit):
		n.Kill()
		return errors.New("the node did not end in time and was killed")
	}
}

// ExitCode is the code of the process that ended, -1 when it was killed or runs.
func (n *Node) ExitCode() int {
	if n.Running() || n.cmd == nil {
		return -1
	}
	return n.cmd.ProcessState.ExitCode()
}

// Log is everything that all its runs wrote.
func (n *Node) Log() string { return n.out.String() }

// Command returns a millrace command for this node's environment, such as "ctl",
// "status"; the data folder is passed as MILLRACE_DATA.
func (n *Node) Command(args ...string) *exec.Cmd {
	cmd := exec.Command(n.program, args...)
	cmd.Env = append(cleanEnv(), "MILLRACE_DATA="+n.Data)
	return cmd
}

// output collects what a process writes.
type output struct {
	// mu guards text.
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
