package observe

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// stuck takes what it is given when its gate opens.
type stuck struct {
	gate chan struct{}
	mu   sync.Mutex
	got  bytes.Buffer
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.gate
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got.Write(p)
}

func (s *stuck) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got.String()
}

// Nobody reads the log for a while: who writes does not wait, and is told later how much
// is missing.
func TestALogThatNobodyReadsHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &stuck{gate: make(chan struct{})}
		w := NewLogWriter(out)
		log := NewLogger(w, "text", nil)
		w.Notes(log)
		const lines = 20_000
		for i := range lines {
			log.Info("a line of the log that is about as long as most of them are", "number", i, "client", "press-7")
		}
		lost := w.Lost()
		if lost == 0 || lost >= lines {
			t.Errorf("%d lines are lost", lost)
		}
		close(out.gate)
		synctest.Wait()
		log.Info("after")
		w.Close(time.Minute)
		text := out.text()
		if n := strings.Count(text, "a line of"); uint64(n) != lines-lost {
			t.Errorf("%d lines came, and %d are lost", n, lost)
		}
		if !strings.Contains(text, "did not keep up") || !strings.HasSuffix(text, "after\n") {
			t.Errorf("…%s", text[max(0, len(text)-300):])
		}
	})
}

func TestTheLastLinesAreWrittenBeforeTheEnd(t *testing.T) {
	var out bytes.Buffer
	w := NewLogWriter(&out)
	for range 1000 {
		_, _ = io.WriteString(w, "line\n")
	}
	w.Close(time.Minute)
	_, _ = io.WriteString(w, "later\n")
	if got := strings.Count(out.String(), "line\n"); got != 1000 || !strings.HasSuffix(out.String(), "later\n") {
		t.Errorf("%d lines", got)
	}
	w.Close(time.Minute)
}

// One that is stuck for good does not keep the node from ending.
func TestAStuckLogDoesNotKeepTheNodeFromEnding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &stuck{gate: make(chan struct{})}
		w := NewLogWriter(out)
		_, _ = io.WriteString(w, "line\n")
		begin := time.Now()
		w.Close(time.Second)
		if took := time.Since(begin); took != time.Second {
			t.Errorf("it took %v", took)
		}
		close(out.gate)
	})
}

func BenchmarkLogWriter(b *testing.B) {
	b.ReportAllocs()
	w := NewLogWriter(io.Discard)
	log := NewLogger(w, "text", nil)
	for b.Loop() {
		log.Info("client connected", "conn", "1z", "client", "press-7", "remote", "10.1.2.3:4711", "listener", "default")
	}
	w.Close(time.Minute)
}

// A node at level debug writes two lines for each client that comes and goes.
func TestALogLineMakesLittleGarbage(t *testing.T) {
	log := NewLogger(io.Discard, "text", nil)
	n := testing.AllocsPerRun(100, func() {
		log.Info("client connected", "conn", "1z", "client", "press-7", "remote", "10.1.2.3:4711", "listener", "default")
	})
	if n > 3 {
		t.Errorf("%v allocations", n)
	}
}
