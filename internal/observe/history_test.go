package observe

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// run plays a script in a bubble where time passes at once.
func run(t *testing.T, o HistoryOptions, script func(h *History, wait func(steps int))) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHistory(o)
		script(h, func(steps int) {
			time.Sleep(time.Duration(steps) * h.Step())
			synctest.Wait()
		})
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestHistorySamplesGaugesAndRates(t *testing.T) {
	run(t, HistoryOptions{}, func(h *History, wait func(int)) {
		var gauge, counter atomic.Int64
		gauge.Store(1)
		counter.Store(1000)
		h.Track("lag", func() float64 { return float64(gauge.Load()) })
		h.TrackRate("received", func() float64 { return float64(counter.Load()) })
		_ = h.Start(t.Context())
		start := time.Now()
		for _, grown := range []int64{10, 20, 30, 40} {
			counter.Add(grown)
			gauge.Add(1)
			wait(1)
		}
		times, rows := h.Read(0, 0)
		if len(times) != 4 || !times[0].Equal(start.Add(2*time.Second)) {
			t.Fatalf("times %v", times)
		}
		if want := (map[string][]float64{"lag": {2, 3, 4, 5}, "received": {5, 10, 15, 20}}); !reflect.DeepEqual(rows, want) {
			t.Fatalf("rows %v", rows)
		}
		if got := h.Rate("received"); got != 15 {
			t.Fatalf("rate over the last three steps is %v", got)
		}
		if h.Rate("unknown") != 0 {
			t.Fatal("a rate of nothing")
		}
		times, rows = h.Read(4*time.Second, 0)
		if len(times) != 2 || !reflect.DeepEqual(rows["received"], []float64{15, 20}) {
			t.Fatalf("window: %v %v", times, rows)
		}
	})
}

func TestHistoryKeepsAnHourAndNoMore(t *testing.T) {
	run(t, HistoryOptions{}, func(h *History, wait func(int)) {
		n := 0.0
		h.Track("n", func() float64 { n++; return n })
		_ = h.Start(t.Context())
		wait(2000)
		times, rows := h.Read(0, 0)
		if len(times) != 1801 || rows["n"][0] != 200 || rows["n"][1800] != 2000 || times[1800].Sub(times[0]) != time.Hour {
			t.Fatalf("%d from %v", len(times), rows["n"][0])
		}
		times, rows = h.Read(time.Hour, 360)
		if len(times) > 360 || len(times) < 350 || rows["n"][len(times)-1] < 1996 {
			t.Fatalf("%d points, newest %v", len(times), rows["n"][len(times)-1])
		}
	})
}

func TestHistoryGroupsTheSameSamplesWheneverItIsRead(t *testing.T) {
	run(t, HistoryOptions{}, func(h *History, wait func(int)) {
		n := 0.0
		h.Track("n", func() float64 { n++; return n })
		_ = h.Start(t.Context())
		wait(100)
		times, before := h.Read(100*time.Second, 10)
		known := map[time.Time]float64{}
		for i, at := range times[:len(times)-1] {
			known[at] = before["n"][i]
		}
		wait(1)
		same := 0
		times, after := h.Read(100*time.Second, 10)
		for i, at := range times {
			if v, ok := known[at]; ok && v == after["n"][i] {
				same++
			}
		}
		if same < 8 {
			t.Fatalf("%v, then %v", before["n"], after["n"])
		}
	})
}

func TestHistoryOfLateFiguresAndRestartedCounters(t *testing.T) {
	run(t, HistoryOptions{Step: time.Second, Keep: 10 * time.Second}, func(h *History, wait func(int)) {
		_ = h.Start(t.Context())
		wait(2)
		var counter atomic.Int64
		counter.Store(50)
		h.TrackRate("late", func() float64 { return float64(counter.Load()) })
		counter.Store(60)
		wait(1)
		counter.Store(5)
		wait(1)
		_, rows := h.Read(0, 0)
		if want := []float64{0, 0, 10, 0}; !reflect.DeepEqual(rows["late"], want) {
			t.Fatalf("rows %v", rows)
		}
	})
}

func TestHistoryMayBeClosedUnstartedAndTwice(t *testing.T) {
	h := NewHistory(HistoryOptions{})
	_, _ = h.Close(), h.Close()
	if err := h.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if times, _ := h.Read(0, 10); len(times) != 0 {
		t.Fatal("samples of a closed history")
	}
}

func BenchmarkHistorySample(b *testing.B) {
	h := NewHistory(HistoryOptions{})
	for i := range 50 {
		h.TrackRate(fmt.Sprint(i), func() float64 { return 1 })
	}
	b.ReportAllocs()
	for b.Loop() {
		h.sample()
	}
}

func BenchmarkHistoryRead(b *testing.B) {
	h := NewHistory(HistoryOptions{})
	for i := range 50 {
		h.TrackRate(fmt.Sprint(i), func() float64 { return 1 })
	}
	for range 1801 {
		h.sample()
	}
	b.ReportAllocs()
	for b.Loop() {
		h.Read(time.Hour, 360)
	}
}
