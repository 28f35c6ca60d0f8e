package app

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	// lookEvery is how often it is seen whether memory could be given back.
	lookEvery = 4 * time.Second
	// leastGain is how many bytes are worth a collection.
	leastGain = 2 << 20
	// gainShare is what part of what is alive they have to be, at least.
	gainShare = 8
	// restAfter and restFor are how long nothing is done after giving back: a time,
	// and so many times as long as that took, so that it costs a hundredth of one
	// core at most, however large the heap.
	restAfter = 15 * time.Second
	restFor   = 100
	// againFor is restFor before the one that follows; its rest is then for both.
	againFor = 20
)

// heap is the process's memory at one time, in bytes.
type heap struct {
	at        time.Time
	alive     uint64 // what the last collection left
	objects   uint64 // alive, and what has come since
	unused    uint64 // held, with nothing in it
	allocated uint64 // since the process began
}

// tidy decides when memory goes back to the system. Go keeps as much garbage as there
// is alive before it collects, which is cheap for whoever makes much; but a node that
// a burst of connects has left quiet would keep it for minutes. So a collection is
// forced when the node is quiet and gains by it, and at no other time: under load the
// pace of the collector stays Go's own, or that of the memory limit. Once more follows:
// what lies in pools, and caches that the engine keeps for seconds, looked alive before.
type tidy struct {
	last      heap
	notBefore time.Time
	again     bool          // once more is due
	gains     bool          // there was something to gain when it was last looked
	took      time.Duration // by the first, while once more is due
}

// due says whether to give memory back now.
func (t *tidy) due(h heap) bool {
	before := t.last
	t.last = h
	if before.at.IsZero() || h.at.Before(t.notBefore) {
		return false
	}
	gain := h.unused + h.objects - min(h.alive, h.objects)
	quiet := h.allocated-before.allocated <= max(leastGain, h.alive/gainShare)
	first := t.notBefore.IsZero() // what the start needed looks alive until somebody looks
	t.gains = first || gain >= max(leastGain, h.alive/gainShare)
	return quiet && (t.gains || t.again)
}

// done notes that memory was given back and how long that took.
func (t *tidy) done(now time.Time, took time.Duration) {
	if t.again = t.gains; t.again {
		t.took = took
		t.notBefore = now.Add(max(restAfter, took*againFor))
		return
	}
	t.notBefore = now.Add(max(restAfter, (t.took+took)*restFor))
}

// startTidying looks after the process's memory until it is stopped.
func (a *App) startTidying(context.Context) (stop, error) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { keepTidy(ctx) })
	return quick(func() { cancel(); running.Wait() }), nil
}

func keepTidy(ctx context.Context) {
	clock := time.NewTicker(lookEvery)
	defer clock.Stop()
	var t tidy
	for {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
		if t.due(heapNow()) {
			from := time.Now()
			if !t.gains {
				runtime.GC() // a pool lets go at the second collection
			}
			debug.FreeOSMemory()
			t.done(time.Now(), time.Since(from))
		}
	}
}

// heapNow costs no stop of the world.
func heapNow() heap {
	s := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/gc/heap/allocs:bytes"},
	}
	metrics.Read(s)
	return heap{time.Now(), s[0].Value.Uint64(), s[1].Value.Uint64(), s[2].Value.Uint64(), s[3].Value.Uint64()}
}
