package stream

import (
	"testing"
	"time"
)

func TestTheTickerRingsForTheLastTimeSet(t *testing.T) {
	rang := make(chan time.Time, 10)
	tick := newTicker(func() { rang <- time.Now() })
	begun := time.Now()
	tick.after(time.Hour)
	tick.after(2 * time.Millisecond)
	if d := (<-rang).Sub(begun); d < 2*time.Millisecond {
		t.Fatalf("rang after %v", d)
	}
	tick.after(time.Microsecond)
	<-rang
	tick.after(time.Hour)
	tick.stop()
	if len(rang) > 0 {
		t.Fatal("rang again")
	}
}

func BenchmarkTicker(b *testing.B) {
	rang := make(chan struct{}, 1)
	tick := newTicker(func() { rang <- struct{}{} })
	defer tick.stop()
	b.ReportAllocs()
	for b.Loop() {
		tick.after(time.Duration(spacing))
		<-rang
	}
}
