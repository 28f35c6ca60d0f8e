package observe

import (
	"fmt"
	"time"

	"golang.org/x/sys/windows"
)

func cpuSeconds() float64 {
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user) != nil {
		return 0
	}
	return (ticks(kernel) + ticks(user)).Seconds()
}

// ticks reads a span of time: units of 100 ns.
func ticks(f windows.Filetime) time.Duration {
	return time.Duration(int64(f.HighDateTime)<<32|int64(f.LowDateTime)) * 100
}

func disk(folder string) (free, total int64, err error) {
	name, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0, 0, fmt.Errorf("observe: disk of %s: %w", folder, err)
	}
	var f, t uint64
	if err := windows.GetDiskFreeSpaceEx(name, &f, &t, nil); err != nil {
		return 0, 0, fmt.Errorf("observe: disk of %s: %w", folder, err)
	}
	return int64(f), int64(t), nil
}
