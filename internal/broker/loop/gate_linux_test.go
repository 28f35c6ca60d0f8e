package loop

import (
	"bytes"
	"runtime"
	"testing"
)

// A goroutine in a system call keeps its processor from the log's goroutines.
func TestASleepingLoopHoldsNoProcessor(t *testing.T) {
	h := run(t, "epoll", nil)
	for {
		switch state := stateOf("loop.(*Loop).Run"); state {
		case "IO wait":
			return
		case "syscall":
			if h.loop.sleeping.Load() {
				t.Fatal("the loop sleeps in a system call")
			}
		}
		runtime.Gosched()
	}
}

// stateOf is what the runtime says of the goroutine that runs that function; none while there is none.
func stateOf(function string) string {
	all := make([]byte, 1<<20)
	all = all[:runtime.Stack(all, true)]
	for g := range bytes.SplitSeq(all, []byte("\n\n")) {
		if bytes.Contains(g, []byte(function)) {
			_, rest, _ := bytes.Cut(g, []byte("["))
			state, _, _ := bytes.Cut(rest, []byte("]"))
			state, _, _ = bytes.Cut(state, []byte(","))
			return string(state)
		}
	}
	return ""
}
