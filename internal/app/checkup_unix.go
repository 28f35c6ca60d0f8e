//go:build unix

package app

import "golang.org/x/sys/unix"

// openToOthersMatters: on Unix a folder's mode says who may look into it.
const openToOthersMatters = true

// fileLimit is how many files a process of this shell may have open; the runtime raises
// the soft limit to the hard one.
func fileLimit() uint64 {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return 0
	}
	return uint64(r.Max)
}
