package observe

import (
	"runtime"
	"testing"
)

// A thread that waits for the disk leaves the runtime a processor for each core.
func TestTheDiskHasAProcessorOfItsOwn(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for range 2 {
		SpareProcessor()
		if got := runtime.GOMAXPROCS(0); got != before+1 || Cores() != before {
			t.Fatalf("%d processors, %d cores; there are %d", got, Cores(), before)
		}
	}
}
