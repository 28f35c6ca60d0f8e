package testkit

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// program is the binary, built once per test process.
var program struct {
	once   sync.Once
	folder string
	path   string
	err    error
}

// Build returns the path of the millrace program built from this tree, once per
// test process; Main removes it. MILLRACE_TEST_PROGRAM names one to use instead.
func Build(t testing.TB) string {
	t.Helper()
	program.once.Do(buildProgram)
	if program.err != nil {
		t.Fatalf("build millrace: %v", program.err)
	}
	return program.path
}

func buildProgram() {
	if program.path = os.Getenv("MILLRACE_TEST_PROGRAM"); program.path != "" {
		program.path, program.err = filepath.Abs(program.path)
		return
	}
	root, err := moduleRoot()
	if err != nil {
		program.err = err
		return
	}
	if program.folder, program.err = os.MkdirTemp("", "millrace-test-*"); program.err != nil {
		return
	}
	program.path = filepath.Join(program.folder, "millrace")
	if runtime.GOOS == "windows" {
		program.path += ".exe"
	}
	cmd := exec.Command("go", "build", "-o", program.path, "./cmd/millrace")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		program.err = fmt.Errorf("%w\n%s", err, out)
	}
}

func removeProgram() {
	if program.folder != "" {
		_ = os.RemoveAll(program.folder)
	}
}

// moduleRoot is the nearest folder upwards with a go.mod.
func moduleRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		up := filepath.Dir(folder)
		if up == folder {
			return "", errors.New("no go.mod in this folder or above")
		}
		folder = up
	}
}
