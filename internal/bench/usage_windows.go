package bench

import (
	"time"

	"golang.org/x/sys/windows"
)

// ownCPU is the processor time of this process so far.
func ownCPU() time.Duration {
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user) != nil {
		return 0
	}
	return span100ns(kernel) + span100ns(user)
}

// span100ns reads a span of time in units of 100 ns.
func span100ns(f windows.Filetime) time.Duration {
	return time.Duration(int64(f.HighDateTime)<<32|int64(f.LowDateTime)) * 100
}
