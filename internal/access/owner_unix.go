//go:build unix

package access

import (
	"os"
	"path/filepath"
	"syscall"
)

// keepOwner gives f the owner that the file at path has, or else its folder: an
// administrator's change must not lock out the user that the node runs as. Only an
// administrator can, and for nobody else is there anything to do.
func keepOwner(f *os.File, path string) {
	info, err := os.Stat(path)
	if err != nil {
		info, err = os.Stat(filepath.Dir(path))
	}
	if err != nil {
		return
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(s.Uid), int(s.Gid))
	}
}
