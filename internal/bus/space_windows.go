package bus

import (
	"golang.org/x/sys/windows"

	"github.com/millrace/millrace/internal/fault"
)

// Space returns the free and the total bytes of the volume that dir is on. dir must
// exist.
func Space(dir string) (free, total int64, err error) {
	p, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, 0, fault.Wrap(fault.Invalid, "bus: space", err, "The folder name %q is not valid.", dir)
	}
	var mine, all, any uint64
	if err := windows.GetDiskFreeSpaceEx(p, &mine, &all, &any); err != nil {
		return 0, 0, fault.Wrap(fault.Unavailable, "bus: space", err, "The disk of %s cannot be asked for its space.", dir)
	}
	return int64(mine), int64(all), nil
}
