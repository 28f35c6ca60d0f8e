package observe

import (
	"runtime"
	"runtime/metrics"
)

// CPUSeconds is the processor time, in seconds over all cores, that this process
// has used. Its rate is the number of cores in use.
func CPUSeconds() float64 { return cpuSeconds() }

// ResidentBytes is the memory of this process that lies in RAM; on systems that do
// not tell, what the Go runtime holds.
func ResidentBytes() int64 {
	if n := residentBytes(); n > 0 {
		return n
	}
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64())
}

// Cores is how many cores the process may use at a time.
func Cores() int { return runtime.GOMAXPROCS(0) }

// Disk returns the free bytes that this process may use, and all bytes, of the disk
// that holds the folder.
func Disk(folder string) (free, total int64, err error) { return disk(folder) }
