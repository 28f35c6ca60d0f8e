package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/fault"
)

func TestSecondLockNamesTheFirst(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first, err := lockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = lockFolder(dir)
	if !errors.Is(err, errLocked) || !strings.Contains(fault.UserMessage(err), fmt.Sprintf("process %d", os.Getpid())) {
		t.Fatalf("second lock: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := lockFolder(dir)
	if err != nil {
		t.Fatalf("after the first let go: %v", err)
	}
	again.Close()
}

func TestFolderThatCannotBeMadeIsExplained(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := lockFolder(filepath.Join(file, "data"))
	if fault.CodeOf(err) != fault.Unavailable || !strings.Contains(fault.UserMessage(err), "--data") {
		t.Fatalf("got %v", err)
	}
}

func TestAFolderThatOthersMayReadIsClosed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Fatalf("the folder's rights are %v", info.Mode().Perm())
	}
}
