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

// cores is what the runtime found when the process began, before [SpareProcessor].
var cores = runtime.GOMAXPROCS(0)

// Cores is how many cores the process may use at a time.
func Cores() int { return cores }

// SpareProcessor has the Go runtime run one thread more than there are cores, or as
// many. A thread that waits for the disk counts as running until the runtime's monitor
// looks, after 20 µs to 10 ms; on a single core all else stands still so long with every
// fsync. But a thread more wakes up for what is little, which costs a fifth of the
// processor time there. It stops the process for some 10 µs.
func SpareProcessor(on bool) {
	n := cores
	if on {
		n++
	}
	runtime.GOMAXPROCS(n)
}

// Disk returns the free bytes that this process may use, and all bytes, of the disk
// that holds the folder.
func Disk(folder string) (free, total int64, err error) { return disk(folder) }
