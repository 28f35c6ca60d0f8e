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
	private, err := privateMemory(pid)
	if err != nil {
		return usage{}, err
	}
	number := func(i int) int64 { n, _ := strconv.ParseInt(string(fields[i]), 10, 64); return n }
	return usage{
		cpu:      time.Duration(number(11)+number(12)) * time.Second / ticksPerSecond,
		resident: number(21) * int64(os.Getpagesize()),
		private:  private,
	}, nil
}

// privateMemory is the resident memory of a process without pages of files, in bytes: a
// program that has just started has not touched all of its own yet.
func privateMemory(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("bench: process %d: %w", pid, err)
	}
	_, rest, _ := bytes.Cut(status, []byte("\nRssAnon:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0, fmt.Errorf("bench: process %d: /proc/%d/status does not say RssAnon", pid, pid)
	}
	kilobytes, err := strconv.ParseInt(string(fields[0]), 10, 64)
	return kilobytes << 10, err
}
