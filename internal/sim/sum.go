package sim

import (
	"fmt"
	"slices"
	"time"
)

// reportProgress calls Options.Progress now and then; the function it returns stops
// that and waits for it.
func (r *run) reportProgress() (stop func()) {
	if r.o.Progress == nil {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	began := time.Now()
	go func() {
		defer close(done)
		tick := time.NewTicker(r.o.ProgressEvery)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case now := <-tick.C:
				r.o.Progress(r.progress(now.Sub(began)))
			}
		}
	}()
	return func() { close(quit); <-done }
}

func (r *run) progress(elapsed time.Duration) Progress {
	p := Progress{Elapsed: elapsed, Connected: int(r.connected.Load()), Devices: len(r.devices), Waiting: r.waiting.Load()}
	for _, d := range r.devices {
		d.mu.Lock()
		p.add(d.counts)
		d.mu.Unlock()
	}
	if p.Connected < p.Devices {
		if err := r.anyTrouble(); err != nil {
			p.Trouble = err.Error()
		}
	}
	return p
}

// report sums up the devices; everything has ended.
func (r *run) report(interrupted bool) *Report {
	o := &r.o
	rep := &Report{
		Seed: o.Plant.Seed, Devices: len(r.devices), Rate: o.Plant.Rate, QoS: o.QoS,
		Seconds: r.finished.Seconds(), Behind: r.behind.Seconds(), Interrupted: interrupted,
		Resent: r.resent.Load(), Reconnects: r.connects.Load() - r.everJoined.Load(),
	}
	var first, last int64
	var digest uint64
	for _, d := range r.devices {
		c := d.final()
		rep.add(c)
		rep.addKind(r.plant.Kind(d.index), c)
		rep.Topics = append(rep.Topics, d.topicReports()...)
		if d.first != 0 && (first == 0 || d.first < first) {
			first = d.first
		}
		last = max(last, d.last)
		digest += d.digest
	}
	if first != 0 {
		rep.First, rep.Last = time.Unix(0, first).UTC(), time.Unix(0, last).UTC()
	}
	rep.Digest = fmt.Sprintf("%016x", digest)
	return rep
}

func (r *Report) addKind(kind string, c Counts) {
	i := slices.IndexFunc(r.Kinds, func(k KindReport) bool { return k.Kind == kind })
	if i < 0 {
		i = len(r.Kinds)
		r.Kinds = append(r.Kinds, KindReport{Kind: kind})
	}
	r.Kinds[i].Devices++
	r.Kinds[i].add(c)
}
