package app

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// fileLimitOf is that of a process; 0 where it cannot be read.
func fileLimitOf(pid string) uint64 {
	if _, err := strconv.Atoi(pid); err != nil {
		return 0
	}
	text, err := os.ReadFile(filepath.Join("/proc", pid, "limits"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "Max open files"); ok {
			fields := strings.Fields(rest) // soft, hard, unit
			if len(fields) > 0 {
				n, _ := strconv.ParseUint(fields[0], 10, 64)
				return n
			}
		}
	}
	return 0
}

// synchronised asks the kernel whether something keeps the clock.
func synchronised() (known, is bool) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return err == nil, state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0
}
