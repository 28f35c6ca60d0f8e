package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// usage is what a process has used.
type usage struct {
	cpu      time.Duration
	resident int64 // bytes
	private  int64 // of them no file's
}

// run is one run of the tool.
type run struct {
	o       Options
	number  uint32
	plan    *plan
	loops   []*loop
	working sync.WaitGroup
	origin  time.Time

	subscribers, publishers, idle [][]*peer // by loop
	peers                         int       // made so far

	before, early, late sample   // connecting, measuring from, measuring to
	away                *Waiting // of that scenario
	kept                *Kept    // of durable
	interrupted         bool
}

// sample is everything that is counted, at one moment.
type sample struct {
	at       time.Time
	counts   counts
	own      time.Duration
	broker   usage
	measured bool // the broker
}

// Run loads the broker and reports. An error means that the measurement did not come
// about; what the broker did wrong is in the report, see [Report.Clean]. When ctx
// ends, Run measures no further and reports what there is.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	o.defaults()
	r := &run{o: o, number: rand.Uint32(), origin: o.Now()}
	if err := r.prepare(ctx); err != nil {
		r.end()
		return nil, err
	}
	err := r.phases(ctx)
	return r.finish(err)
}

// each runs f in every loop and waits for all.
func (r *run) each(f func(l *loop)) {
	var done sync.WaitGroup
	for _, l := range r.loops {
		done.Add(1)
		l.post(func() { defer done.Done(); f(l) })
	}
	done.Wait()
}

// phases connects, sends, measures and drains.
func (r *run) phases(ctx context.Context) error {
	r.before = r.sample()
	connect := r.connectAll
	if r.o.Scenario == Durable && r.o.Durable.Step != Online {
		connect = r.leaveBehind
	}
	if err := connect(ctx); err != nil {
		return err
	}
	stop := r.reportProgress()
	defer stop()
	switch r.o.Scenario {
	case Conn:
		// What is measured is behind us; the rest shows what idling costs.
		r.early = r.sample()
		r.rest(ctx, r.o.Duration)
		r.late = r.sample()
	case Retained:
		return r.retained(ctx)
	case Offline:
		return r.offline(ctx)
	case Durable:
		return r.durable(ctx)
	default:
		r.begin()
		r.measure(ctx)
		r.drain(ctx)
		if r.o.Lasting {
			return r.tidy(context.WithoutCancel(ctx))
		}
	}
	return nil
}

// begin has every loop send.
func (r *run) begin() {
	p := pace{begin: r.loops[0].now(), rate: r.o.Rate}
	r.each(func(l *loop) { l.start(p) })
}

func (l *loop) start(p pace) {
	l.sending, l.pace, l.cursor = true, p, 0
	for _, b := range l.publishers {
		b.base, b.due = b.sent, 0
		l.call(b)
	}
}

func (l *loop) stop() {
	l.meter.measuring, l.sending, l.collecting = false, false, false
}

// measure warms up and measures.
func (r *run) measure(ctx context.Context) {
	if r.o.Warmup > 0 {
		r.rest(ctx, r.o.Warmup)
	}
	r.each(func(l *loop) { l.meter.measuring = true })
	r.early = r.sample()
	if r.leaves() {
		r.restWithin(ctx, r.o.Duration)
	} else {
		r.rest(ctx, r.o.Duration)
	}
	r.late = r.sample()
	r.each(func(l *loop) { l.stop() })
}

func (r *run) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		r.interrupted = true
	}
}

// leaves says that what is sent waits for sessions whose clients are away.
func (r *run) leaves() bool { return r.kept != nil && r.kept.Step == Accept && r.kept.Sessions > 0 }

const (
	defaultBacklog = 960 << 20
	// envelope is what a broker may count of a message beside its payload, bytes.
	envelope = 40
)

// restWithin rests until as much waits for each session as may.
func (r *run) restWithin(ctx context.Context, d time.Duration) {
	const look = 20 * time.Millisecond
	for end := r.o.Now().Add(d); !r.interrupted && r.o.Now().Before(end); {
		r.rest(ctx, min(look, end.Sub(r.o.Now())))
		if sent := r.sample().counts.sent; int64(sent)*int64(r.o.Payload+envelope) >= r.o.Durable.Backlog {
			r.kept.Full = true
			return
		}
	}
}

// end stops the loops and waits for them.
func (r *run) end() {
	for _, l := range r.loops {
		l.post(l.leave)
	}
	r.working.Wait()
}

// finish ends the run; the loops' memory is ours from then on.
func (r *run) finish(err error) (*Report, error) {
	r.end()
	if err != nil && !errors.Is(err, errGone) {
		return nil, err
	}
	rep := r.report()
	if err != nil {
		rep.Trouble = err.Error()
	}
	return rep, nil
}
