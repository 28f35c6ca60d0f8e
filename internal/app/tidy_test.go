package app

import (
	"runtime"
	"testing"
	"time"
)

// TestTidy goes through a node's day: megabytes alive, with garbage, unused and
// allocated so far, every four seconds.
func TestTidy(t *testing.T) {
	type look struct {
		what                              string
		alive, objects, unused, allocated uint64
		want                              bool
	}
	day := []look{
		{"it has just started", 10, 20, 1, 30, false},
		{"it is quiet: what the start needed may be garbage by now", 20, 21, 1, 31, true},
		{"it was given back just now", 10, 20, 1, 32, false},
		{"clients connect", 20, 38, 1, 90, false},
		{"more of them", 40, 70, 1, 190, false},
		{"all are in, and it may again", 40, 70, 1, 191, true},
		{"rest", 40, 41, 1, 193, false},
		{"rest", 40, 42, 1, 194, false},
		{"rest", 40, 43, 1, 195, false},
		{"once more, for what was in pools", 40, 43, 1, 195, true},
		{"rest", 40, 41, 1, 195, false},
		{"rest", 40, 41, 1, 195, false},
		{"rest", 40, 41, 1, 195, false},
		{"rest", 40, 41, 1, 195, false},
		{"there is little to gain", 40, 43, 1, 196, false},
		{"a great flow makes garbage: the collector is at work", 40, 75, 2, 400, false},
		{"it has ended, and left memory without anything in it", 40, 41, 30, 401, true},
	}
	var d tidy
	now := time.Unix(1e9, 0)
	for i, l := range day {
		now = now.Add(lookEvery)
		got := d.due(heap{now, l.alive << 20, l.objects << 20, l.unused << 20, l.allocated << 20})
		if got != l.want {
			t.Errorf("%d, %s: %v", i, l.what, got)
		}
		if got {
			d.done(now, 10*time.Millisecond)
		}
	}
}

// A collection that took two seconds is repeated once, and then not for minutes, whatever
// there is to gain.
func TestTidyRestsByWhatItCost(t *testing.T) {
	var d tidy
	now := time.Unix(1e9, 0)
	due := func(after time.Duration, objects uint64) bool {
		now = now.Add(after)
		return d.due(heap{now, 1 << 30, objects, 0, 0})
	}
	due(0, 2<<30)
	if due(4*time.Second, 2<<30) != true {
		t.Fatal("not at all")
	}
	d.done(now, 2*time.Second)
	if due(39*time.Second, 1<<30) {
		t.Error("once more too early")
	}
	if !due(2*time.Second, 1<<30) {
		t.Fatal("not once more")
	}
	d.done(now, 2*time.Second)
	if due(390*time.Second, 2<<30) {
		t.Error("too early")
	}
	if !due(20*time.Second, 2<<30) {
		t.Error("never again")
	}
}

func TestHeapNow(t *testing.T) {
	runtime.GC()
	before := heapNow()
	kept := make([]byte, 8<<20)
	after := heapNow()
	if after.allocated-before.allocated < 8<<20 || after.alive == 0 || after.objects < 8<<20 {
		t.Errorf("%+v, then %+v", before, after)
	}
	runtime.KeepAlive(kept)
}
