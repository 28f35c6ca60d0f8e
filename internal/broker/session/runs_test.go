package session

import (
	"runtime"
	"testing"
)

// A queue that fills and drains again and again uses the same memory, whether it drains
// because all was acknowledged or because what was kept back has left.
func TestAQueueThatDrainsMakesNoGarbage(t *testing.T) {
	for _, c := range []struct {
		name     string
		messages int
	}{{"up to what an empty queue keeps", 200}, {"more than that", 2_000}, {"a long run", 8_000}} {
		t.Run(c.name, func(t *testing.T) {
			var tally Tally
			q := queue{tally: &tally}
			var w window
			image := make([]byte, 80)
			var before, after runtime.MemStats
			const rounds = 20
			for i := range 2 * rounds {
				if i == rounds {
					runtime.ReadMemStats(&before)
				}
				for range c.messages {
					q.push(record{image: image}, &w)
				}
				for q.count > 0 {
					q.remove(q.front())
				}
				q.release(keepQueue)
			}
			runtime.ReadMemStats(&after)
			if n, all := after.TotalAlloc-before.TotalAlloc, uint64(rounds*c.messages*(recordHeader+len(image))); n > all/8 {
				t.Errorf("%d bytes of garbage for %d that were queued", n, all)
			}
		})
	}
}

// What nobody needs is let go of, and no queue sits on much more than it asked for.
func TestRunsAreKeptWhileTheyAreNeeded(t *testing.T) {
	var r Runs
	r.give(make([]byte, 0, leastRun-1))
	r.give(make([]byte, 0, longRun+1))
	if r.count != 0 {
		t.Fatal("kept what is too small or too large")
	}
	for range mostRuns + 1 {
		r.give(make([]byte, 0, 64<<10))
	}
	if r.count != mostRuns {
		t.Fatal("kept", r.count)
	}
	if r.take(16<<10-1) != nil || r.take(64<<10+1) != nil {
		t.Fatal("gave a run that does not fit")
	}
	if b := r.take(16 << 10); cap(b) != 64<<10 || len(b) != 0 || r.count != mostRuns-1 {
		t.Fatal("gave", cap(b), "with", len(b), "and kept", r.count)
	}
	for range idleRuns - 1 {
		r.Look()
	}
	if r.count == 0 {
		t.Fatal("let go of too early")
	}
	if r.Look(); r.count != 0 {
		t.Fatal("kept without need", r.count)
	}
}
