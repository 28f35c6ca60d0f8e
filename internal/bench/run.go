package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// usage is what a process has used.
type usage struct {
	cpu      time.Duration
	resident int64 // bytes
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

	before, early, late sample // connecting, measuring from, measuring to
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

// prepare lays out the plan and makes loops and peers.
func (r *run) prepare(ctx context.Context) error {
	to, err := resolve(ctx, r.o.Addr)
	if err != nil {
		return err
	}
	if r.o.PID != 0 {
		if _, err := processUsage(r.o.PID); err != nil {
			return err
		}
	}
	base := r.o.Topic
	if r.o.Scenario != Pub {
		base = fmt.Sprintf("%s/%08x", base, r.number)
	}
	r.plan = newPlan(&r.o, base)
	for i := range r.o.Threads {
		l, err := newLoop(r.o, r.number, i, to, r.origin)
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		r.loops = append(r.loops, l)
		r.working.Go(l.work)
	}
	r.people()
	return nil
}

func resolve(ctx context.Context, addr string) (*net.TCPAddr, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("bench: address %q: must be host:port", addr)
	}
	n, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return nil, fmt.Errorf("bench: address %q: %w", addr, err)
	}
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("bench: address %q: %w", addr, err)
	}
	ip := ips[0]
	for _, other := range ips {
		if ip.IP.To4() == nil && other.IP.To4() != nil {
			ip = other
		}
	}
	return &net.TCPAddr{IP: ip.IP, Port: n, Zone: ip.Zone}, nil
}

// people makes the peers of the plan and deals them to the loops.
func (r *run) people() {
	n := len(r.loops)
	r.subscribers, r.publishers, r.idle = make([][]*peer, n), make([][]*peer, n), make([][]*peer, n)
	client := 0
	next := func(i int) *peer {
		p := &peer{loop: r.loops[i%n], version: r.o.Version, id: fmt.Sprintf("%s%08x-%d", r.o.ClientPrefix, r.number, client)}
		if len(r.o.Sources) > 0 {
			p.source = r.o.Sources[client%len(r.o.Sources)]
		}
		client++
		return p
	}
	for i, s := range r.plan.subscribers {
		p := next(i)
		r.addSubscriber(p, s)
		r.subscribers[i%n] = append(r.subscribers[i%n], p)
	}
	owners := make([]*publisher, 0, r.plan.lanes)
	for i, plan := range r.plan.publishers {
		p := next(i)
		b := newPublisher(p, &r.o, plan, i, len(r.plan.publishers))
		p.role = b
		p.loop.publishers = append(p.loop.publishers, b)
		r.publishers[i%n] = append(r.publishers[i%n], p)
		for range plan.topics {
			owners = append(owners, b)
		}
	}
	for i := range r.plan.idle {
		p := next(i)
		p.role = idler{}
		r.idle[i%n] = append(r.idle[i%n], p)
	}
	for _, l := range r.loops {
		if r.o.Scenario != Sub {
			l.owners = owners
		}
	}
}

func (r *run) addSubscriber(p *peer, plan subscriberPlan) {
	l := p.loop
	if r.o.Scenario == Retained {
		c := newCollector(p, &r.o, plan)
		p.role = c
		l.collectors = append(l.collectors, c)
		return
	}
	s := newSubscriber(p, &r.o, plan)
	p.role = s
	l.subscribed = append(l.subscribed, s)
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
	if err := r.connectAll(ctx); err != nil {
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
	default:
		r.begin()
		r.measure(ctx)
		r.drain(ctx)
	}
	return nil
}

// connectAll connects and subscribes the subscribers, then connects the publishers.
func (r *run) connectAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.o.ConnectTimeout)
	defer cancel()
	for _, peers := range [][][]*peer{r.subscribers, r.publishers, r.idle} {
		if err := r.connect(ctx, peers); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) connect(ctx context.Context, peers [][]*peer) error {
	p := pace{begin: r.loops[0].now()}
	if r.o.Scenario == Conn {
		p.rate = r.o.Rate
	}
	step := uint64(len(r.loops))
	var waits []<-chan struct{}
	for i, l := range r.loops {
		mine := peers[i]
		l.post(func() { l.dialAll(mine, p, uint64(i), step) })
		waits = append(waits, l.until(func() bool { return l.trouble != nil || l.settled() }))
	}
	for _, done := range waits {
		select {
		case <-done:
		case <-ctx.Done():
			return r.notConnected(ctx)
		}
	}
	return r.trouble()
}

// settled reports whether the loop's peers are connected and subscribed.
func (l *loop) settled() bool {
	d := &l.dialing
	return d.next == len(d.queue) && d.opening == 0 && l.ready == len(l.subscribed)+len(l.collectors)
}

func (r *run) notConnected(ctx context.Context) error {
	if err := r.trouble(); err != nil {
		return err
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("bench: %d of %d clients were connected and subscribed within %v", r.sample().counts.connected, r.plan.clients(), r.o.ConnectTimeout)
	}
	return ctx.Err()
}

// trouble is the first connection that failed, of any loop.
func (r *run) trouble() error {
	all := make([]error, len(r.loops))
	r.each(func(l *loop) { all[l.number] = l.trouble })
	for _, err := range all {
		if err != nil {
			return fmt.Errorf("bench: %w", err)
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
	r.rest(ctx, r.o.Duration)
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

// drain waits until everything under way has come, nothing comes any more for a
// second, or the limit is over.
func (r *run) drain(ctx context.Context) {
	limit := time.NewTimer(r.o.Drain)
	defer limit.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	last, moved := int64(-1), r.o.Now()
	for {
		open := r.unfinished()
		if open == 0 {
			return
		}
		if now := r.o.Now(); open != last {
			last, moved = open, now
		} else if now.Sub(moved) >= time.Second {
			return
		}
		select {
		case <-look.C:
		case <-limit.C:
			return
		}
	}
}

// unfinished is how much is still to come: acknowledgements, bytes to write,
// deliveries, rounds.
func (r *run) unfinished() int64 {
	var mu sync.Mutex
	var n int64
	r.each(func(l *loop) {
		mine := l.unfinished()
		mu.Lock()
		defer mu.Unlock()
		n += mine
	})
	return n
}

func (l *loop) unfinished() int64 {
	var n int64
	for _, b := range l.publishers {
		if b.state != up {
			continue
		}
		n += int64(b.unacknowledged() + l.wire.queued(b.peer))
		if l.o.Scenario != Retained {
			n += max(0, int64(b.sent)*int64(b.fan)-b.delivered.Load())
		}
	}
	for _, c := range l.collectors {
		if c.busy() {
			n += int64(c.want - c.got)
		}
	}
	return n
}

// sample reads all counters.
func (r *run) sample() sample {
	s := sample{at: r.o.Now(), own: ownCPU()}
	if r.o.PID != 0 {
		var err error
		s.broker, err = processUsage(r.o.PID)
		s.measured = err == nil
	}
	var mu sync.Mutex
	r.each(func(l *loop) {
		mu.Lock()
		defer mu.Unlock()
		s.counts = s.counts.plus(l.meter.counts)
	})
	return s
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
	if err != nil {
		return nil, err
	}
	return r.report(), nil
}
