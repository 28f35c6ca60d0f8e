//go:build unix

package files

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAFolderThatIsMadeOrFoundIsItsOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "data")
	for range 2 {
		if err := Private(dir); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o700 {
			t.Errorf("the folder's rights are %v", info.Mode().Perm())
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
