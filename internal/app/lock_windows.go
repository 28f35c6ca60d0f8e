package app

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockedByte lies behind the process id, so that a second process can still read it.
const lockedByte = 1 << 20

func tryLock(f *os.File) error {
	where := &windows.Overlapped{Offset: lockedByte}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, where)
	if err == windows.ERROR_LOCK_VIOLATION {
		return errLocked
	}
	return err
}
