package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// ticksPerSecond is the unit of /proc/PID/stat, the same on every Linux of ours.
const ticksPerSecond = 100

// processUsage reads the processor time and the resident memory of a process.
func processUsage(pid int) (usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, fmt.Errorf("bench: process %d: %w", pid, err)
	}
	// The name, in brackets, may hold blanks.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 22 {
		return usage{}, fmt.Errorf("bench: process %d: /proc/%d/stat is too short", pid, pid)
	}
	number := func(i int) int64 { n, _ := strconv.ParseInt(string(fields[i]), 10, 64); return n }
	return usage{
		cpu:      time.Duration(number(11)+number(12)) * time.Second / ticksPerSecond,
		resident: number(21) * int64(os.Getpagesize()),
	}, nil
}
