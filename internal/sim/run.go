package sim

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// run is one run of the plant.
type run struct {
	totals
	o        Options
	plant    *Plant
	devices  []*device
	gate     gate
	pause    func(ctx context.Context, d time.Duration) bool // between a device's connections; false says that ctx ended
	news     chan struct{}                                   // holds a token when a device joined
	give     context.CancelCauseFunc                         // ends the run with an error
	began    time.Time
	behind   time.Duration
	finished time.Duration
}

// Run connects the plant's machines and publishes until the duration is over or ctx
// ends, waits for what is unacknowledged, and reports. An error without a report
// means that publishing never began; with one, that the broker came to refuse a
// device.
func Run(ctx context.Context, o Options) (*Report, error) {
	r, err := newRun(o)
	if err != nil {
		return nil, err
	}
	return r.run(ctx)
}

func newRun(o Options) (*run, error) {
	if err := o.defaults(); err != nil {
		return nil, err
	}
	plant, err := NewPlant(o.Plant)
	if err != nil {
		return nil, err
	}
	r := &run{o: o, plant: plant, pause: sleep, gate: gate{every: time.Duration(float64(time.Second) / o.ConnectionsPerSecond)}, news: make(chan struct{}, 1)}
	r.addDevices()
	return r, nil
}

func (r *run) addDevices() {
	for i := range r.plant.Devices() {
		m := r.plant.machines[i]
		r.devices = append(r.devices, &device{
			run: r, index: i, name: fmt.Sprintf("%s%s%d-%d", r.o.ClientPrefix, m.kind.name, m.number, i),
			topics: r.plant.Topics()[i*groups : (i+1)*groups],
		})
	}
}

func (r *run) run(ctx context.Context) (*Report, error) {
	// Connections outlive ctx: after an interrupt there is still something to wait
	// for.
	life, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	r.give = end
	var keepers sync.WaitGroup
	for _, d := range r.devices {
		keepers.Go(func() { d.keep(life) })
	}
	stopReporting := r.reportProgress()
	err := r.awaitFirst(ctx, life)
	begun := err == nil
	if begun {
		r.generate(ctx, life)
		r.drain(life)
		if err = context.Cause(life); err != nil {
			err = fmt.Errorf("sim: the broker refuses a device: %w", err)
		}
	}
	stopReporting()
	end(nil)
	keepers.Wait()
	r.disconnect()
	if !begun {
		return nil, err
	}
	return r.report(ctx.Err() != nil), err
}

// awaitFirst waits until every device is connected or, when the time for that is
// over, at least one.
func (r *run) awaitFirst(ctx, life context.Context) error {
	limit := time.NewTimer(r.o.ConnectTimeout)
	defer limit.Stop()
	for r.everJoined.Load() < int64(len(r.devices)) {
		select {
		case <-r.news:
		case <-ctx.Done():
			return ctx.Err()
		case <-life.Done():
			return fmt.Errorf("sim: the broker refuses a device: %w", context.Cause(life))
		case <-limit.C:
			if r.everJoined.Load() == 0 {
				return fmt.Errorf("sim: no device could connect to %s within %v: %w", r.o.Addr, r.o.ConnectTimeout, r.anyTrouble())
			}
			return nil
		}
	}
	return nil
}

// generate makes each message when it is due, however the broker does.
func (r *run) generate(ctx, life context.Context) {
	r.began = time.Now()
	if r.o.Plant.Start.IsZero() {
		r.plant.start = r.began.UnixMilli() * int64(time.Millisecond)
	}
	defer func() { r.finished = time.Since(r.began) }()
	const pause = time.Millisecond
	timer := time.NewTimer(0)
	defer timer.Stop()
	var m Message
	for i, total := int64(0), r.o.messages(); i < total; {
		select {
		case <-ctx.Done():
			return
		case <-life.Done():
			return
		case <-timer.C:
		}
		elapsed := time.Since(r.began)
		r.behind = max(r.behind, elapsed-r.plant.Due(i))
		for ; i < total && r.plant.Due(i) <= elapsed; i++ {
			r.plant.Next(&m)
			r.devices[m.Device].offer(&m)
		}
		timer.Reset(max(pause, r.plant.Due(i)-time.Since(r.began)))
	}
}

// drain waits until nothing is unacknowledged, within the limit.
func (r *run) drain(life context.Context) {
	ctx, cancel := context.WithTimeout(life, r.o.DrainTimeout)
	defer cancel()
	for _, d := range r.devices {
		for !d.idle() && sleep(ctx, 5*time.Millisecond) {
		}
	}
}

// disconnect ends every connection; the keepers have ended.
func (r *run) disconnect() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for _, d := range r.devices {
		d.mu.Lock()
		c := d.client
		d.client = nil
		d.mu.Unlock()
		if c != nil {
			all.Go(func() { _ = c.Close(ctx) })
		}
	}
	all.Wait()
}

func (r *run) poke() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

func (r *run) anyTrouble() error {
	for _, d := range r.devices {
		d.mu.Lock()
		err := d.trouble
		d.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// gate lets connections begin at a bounded rate.
type gate struct {
	every time.Duration
	mu    sync.Mutex
	next  time.Time
}

// pass waits for its turn; false says that ctx ended.
func (g *gate) pass(ctx context.Context) bool {
	g.mu.Lock()
	now := time.Now()
	if g.next.Before(now) {
		g.next = now
	}
	wait := g.next.Sub(now)
	g.next = g.next.Add(g.every)
	g.mu.Unlock()
	return sleep(ctx, wait)
}
