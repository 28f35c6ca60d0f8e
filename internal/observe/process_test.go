package observe

import (
	"runtime"
	"testing"
)

// A thread that waits for the disk leaves the runtime a processor for each core.
func TestTheDiskHasAProcessorOfItsOwn(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for _, c := range []struct {
		on   bool
		want int
	}{{true, before + 1}, {true, before + 1}, {false, before}, {false, before}} {
		if SpareProcessor(c.on); runtime.GOMAXPROCS(0) != c.want || Cores() != before {
			t.Errorf("%v: %d processors for %d cores; there are %d", c.on, runtime.GOMAXPROCS(0), Cores(), before)
		}
	}
}
