//go:build unix

package historian

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestTheStoreIsItsOwnersAlone opens a new folder, and one that an earlier version
// left open to others.
func TestTheStoreIsItsOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "warm")
	for round := range 2 {
		h, err := New(Options{Dir: dir, CommitPoints: 10, FreeSpace: plentySpace})
		if err == nil {
			err = h.Start(context.Background())
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range int64(20) {
			take(t, h, reading("a", fmt.Sprint(i), epoch+i*1e9))
		}
		mustCommit(t, h)
		if err := h.store.db.Flush(); err != nil {
			t.Fatal(err)
		}
		modes(t, dir, func(name string, mode fs.FileMode) {
			if mode.Perm()&0o077 != 0 || mode.IsDir() && mode.Perm() != 0o700 {
				t.Errorf("round %d: %s is %v", round, name, mode)
			}
		})
		if err := h.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		modes(t, dir, func(name string, mode fs.FileMode) {
			if err := os.Chmod(name, mode.Perm()|0o055); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// modes hands over the folder and what is in it.
func modes(t *testing.T, dir string, f func(name string, mode fs.FileMode)) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		files++
		f(name, info.Mode())
		return nil
	})
	if err != nil || files < 4 {
		t.Fatalf("%d files, %v", files, err)
	}
}
