package testkit

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain plays millrace when a test runs this binary as the program.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		fakeServe(os.Args[2:])
	}
	Main(m)
}

func fakeServe(args []string) {
	if flagOf(args, "--fail", func() string { return "" }) != "" {
		fmt.Println("cannot start")
		os.Exit(2)
	}
	l, err := net.Listen("tcp", flagOf(args, "--http", func() string { return "" }))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	}()
	fmt.Println("password", os.Getenv("MILLRACE_ADMIN_PASSWORD"), "extra", os.Getenv("EXTRA"), "data", flagOf(args, "--data", func() string { return "" }))
	<-term
	os.Exit(0)
}

// withOwnBinary makes this test binary the program.
func withOwnBinary(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("MILLRACE_TEST_PROGRAM", self)
}

func TestNodeIsKilledStoppedAndStartedAgain(t *testing.T) {
	NoLeaks(t)
	withOwnBinary(t)
	n := StartNode(t, nil, []string{"EXTRA=yes"})
	if !n.Running() || n.Pid() == os.Getpid() || n.ExitCode() != -1 {
		t.Fatal("no process of its own")
	}
	want := "password " + n.Password + " extra yes data " + n.Data
	Eventually(t, func() bool { return strings.Contains(n.Log(), want) }, "its log says "+want)
	n.Kill()
	n.Kill()
	if n.Running() || n.ExitCode() != -1 {
		t.Fatal("still there")
	}
	n.Restart(t)
	if err := n.Stop(); err != nil || n.ExitCode() != 0 {
		t.Fatalf("stopped with %v", err)
	}
	if err := n.Stop(); err == nil {
		t.Fatal("stopped twice")
	}
}

func TestNodeThatDoesNotStartTellsWhy(t *testing.T) {
	withOwnBinary(t)
	n := NewNode(t, []string{"--fail", "x", "--data=/elsewhere"}, nil)
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	if err := n.Wait(startLimit); err == nil || n.ExitCode() != 2 || !strings.Contains(n.Log(), "cannot start") || n.Data != "/elsewhere" {
		t.Fatalf("%v: %s", err, n.Log())
	}
}

func TestWaiting(t *testing.T) {
	calls := 0
	Eventually(t, func() bool { calls++; return calls == 3 }, "the third call")
	if await(time.Millisecond, func() bool { return false }) {
		t.Fatal("never is not yet")
	}
	if a, b := FreeAddr(t), FreeAddr(t); !strings.HasPrefix(a, "127.0.0.1:") || b == "" {
		t.Fatal(a, b)
	}
	if root, err := moduleRoot(); err != nil || root == "" {
		t.Fatal(err)
	}
}
