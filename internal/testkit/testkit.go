package testkit

import (
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Main runs a package's tests, removes the program that Build made, and fails when
// goroutines are left over. It does not return.
func Main(m *testing.M) {
	code := m.Run()
	removeProgram()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			_, _ = os.Stderr.WriteString("goroutines left over after all tests: " + err.Error() + "\n")
			code = 1
		}
	}
	os.Exit(code)
}

// NoLeaks fails the test when it ends with goroutines that were not there at this
// call. Call it first; not in parallel tests.
func NoLeaks(t testing.TB) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// The waiting of Eventually.
const (
	patience = 20 * time.Second
	pause    = 2 * time.Millisecond
)

// Eventually waits until the condition holds, and fails the test when it has not
// within 20 s. what completes "waited for …".
func Eventually(t testing.TB, condition func() bool, what string) {
	t.Helper()
	Within(t, patience, condition, what)
}

// Within is Eventually with a limit of its own.
func Within(t testing.TB, limit time.Duration, condition func() bool, what string) {
	t.Helper()
	if !await(limit, condition) {
		t.Fatalf("waited %v for %s", limit, what)
	}
}

// await polls, ever more slowly, until the condition holds or the limit is over.
func await(limit time.Duration, condition func() bool) bool {
	end := time.Now().Add(limit)
	for gap := pause; ; gap = min(gap*3/2, 50*time.Millisecond) {
		if condition() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
		time.Sleep(gap)
	}
}

// FreeAddr returns a loopback address with a port that nobody listens on now.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// ShortTempDir is t.TempDir with a path short enough for a Unix socket in it.
func ShortTempDir(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "mr-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}
