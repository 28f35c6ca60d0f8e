package backup

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// syncDir brings a folder's names to the disk; Windows does that by itself.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// isFull says whether a disk had no room.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) }
