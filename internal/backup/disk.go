package backup

import (
	"errors"
	"os"
	"runtime"
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
