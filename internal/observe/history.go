package observe

import (
	"context"
	"sync"
	"time"
)

// The defaults of HistoryOptions.
const (
	defaultStep = 2 * time.Second
	defaultKeep = time.Hour
	// rateSteps is how many steps a Rate looks back.
	rateSteps = 3
)

// HistoryOptions configure History; the zero value is ready for use.
type HistoryOptions struct {
	// Step is the time between two samples; 0: 2 s.
	Step time.Duration
	// Keep is how far back samples go; 0: 1 h.
	Keep time.Duration
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// History samples the node's own figures into memory: a ring of fixed size, 8 bytes
// a figure and step. Rates are per second between two samples. The functions that
// read the figures must not call the History.
type History struct {
	step  time.Duration
	slots int
	now   func() time.Time

	start, end sync.Once
	stop, done chan struct{}

	// mu guards all following fields.
	mu      sync.Mutex
	figures map[string]*figure
	times   []time.Time // ring; sample n lies at n modulo slots
	next    int         // samples taken so far
	last    time.Time   // of the newest sample, or of the start
}

// figure is one row of the ring.
type figure struct {
	read    func() float64
	rate    bool
	before  float64 // a counter's reading at the last sample
	primed  bool    // before is set
	samples []float64
	first   int // number of its first sample
}

// NewHistory returns a History that samples once it is started.
func NewHistory(o HistoryOptions) *History {
	if o.Step <= 0 {
		o.Step = defaultStep
	}
	if o.Keep < o.Step {
		o.Keep = max(defaultKeep, o.Step)
	}
	slots := int(o.Keep/o.Step) + 1
	return &History{
		step: o.Step, slots: slots, now: orNow(o.Now), figures: map[string]*figure{}, times: make([]time.Time, slots),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
}

// Step is the time between two samples.
func (h *History) Step() time.Duration { return h.step }

// Track samples what read returns. A figure tracked again is replaced.
func (h *History) Track(name string, read func() float64) { h.track(name, read, false) }

// TrackRate samples how fast the counter that read returns grows, per second.
func (h *History) TrackRate(name string, read func() float64) { h.track(name, read, true) }

func (h *History) track(name string, read func() float64, rate bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := &figure{read: read, rate: rate, samples: make([]float64, h.slots), first: h.next}
	if rate && !h.last.IsZero() {
		// Tracked while running: its first step is shorter than a whole one.
		f.before, f.primed = read(), true
	}
	h.figures[name] = f
}

// Start begins sampling until Close; the context covers the start only.
func (h *History) Start(context.Context) error {
	h.start.Do(func() {
		h.mu.Lock()
		h.last = h.now()
		for _, f := range h.figures {
			f.prime()
		}
		h.mu.Unlock()
		go h.run()
	})
	return nil
}

// Close ends sampling and waits for the goroutine that Start began. What was
// sampled can still be read.
func (h *History) Close() error {
	h.start.Do(func() { close(h.done) })
	h.end.Do(func() { close(h.stop) })
	<-h.done
	return nil
}

func (h *History) run() {
	defer close(h.done)
	tick := time.NewTicker(h.step)
	defer tick.Stop()
	for {
		select {
		case <-h.stop:
			return
		case <-tick.C:
			h.sample()
		}
	}
}

func (f *figure) prime() {
	if f.rate {
		f.before, f.primed = f.read(), true
	}
}

// sample takes one sample of every figure.
func (h *History) sample() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	seconds := now.Sub(h.last).Seconds()
	if seconds <= 0 {
		seconds = h.step.Seconds()
	}
	slot := h.next % h.slots
	h.times[slot], h.last = now, now
	for _, f := range h.figures {
		f.samples[slot] = f.take(seconds)
	}
	h.next++
}

func (f *figure) take(seconds float64) float64 {
	v := f.read()
	if !f.rate {
		return v
	}
	grown := v - f.before
	if !f.primed || grown < 0 {
		grown = 0
	}
	f.before, f.primed = v, true
	return grown / seconds
}

// Read returns the last window of samples, oldest first, each figure's row as long
// as times. Where the window has more samples than points, neighbours are averaged,
// always the same ones together, and stand at the time of the last of them. A row
// reads 0 before its figure was tracked. window or points of 0: all there is.
func (h *History) Read(window time.Duration, points int) (times []time.Time, rows map[string][]float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	from := h.oldest(window)
	width := 1
	if n := h.next - from; points > 0 && n > points {
		width = (n + points - 1) / points
	}
	from = (from + width - 1) / width * width
	rows = make(map[string][]float64, len(h.figures))
	for n := from; n < h.next; n += width {
		times = append(times, h.times[(min(n+width, h.next)-1)%h.slots])
	}
	for name, f := range h.figures {
		row := make([]float64, 0, len(times))
		for n := from; n < h.next; n += width {
			row = append(row, h.average(f, n, min(n+width, h.next)))
		}
		rows[name] = row
	}
	return times, rows
}

// oldest is the number of the oldest sample inside the window.
func (h *History) oldest(window time.Duration) int {
	oldest := max(0, h.next-h.slots)
	if window > 0 {
		oldest = max(oldest, h.next-int((window+h.step-1)/h.step))
	}
	return oldest
}

// average is the mean of samples from up to, not with, to.
func (h *History) average(f *figure, from, to int) float64 {
	from = max(from, f.first)
	if from >= to {
		return 0
	}
	sum := 0.0
	for n := from; n < to; n++ {
		sum += f.samples[n%h.slots]
	}
	return sum / float64(to-from)
}

// Rate returns the figure averaged over the last few seconds: for one of TrackRate
// its growth per second, for one of Track its value. Unknown figures read 0.
func (h *History) Rate(name string) float64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.figures[name]
	if f == nil {
		return 0
	}
	return h.average(f, max(0, h.next-min(rateSteps, h.slots)), h.next)
}
