package bench

import (
	"fmt"
	"sync"
	"time"
)

// Progress is the state of a running measurement.
type Progress struct {
	// Elapsed is since the clients were connected.
	Elapsed time.Duration
	// Connected is how many clients are.
	Connected uint64
	// SentPerSecond and ReceivedPerSecond are since the last report.
	SentPerSecond, ReceivedPerSecond float64
	// Own and Broker are cores used since the last report; Broker is below 0 when it
	// is not measured.
	Own, Broker float64
}

// String is one line for people.
func (p Progress) String() string {
	text := fmt.Sprintf("%5.0fs  %d connected  %s sent/s  %s received/s  own %.2f cores", p.Elapsed.Seconds(), p.Connected, short(p.SentPerSecond), short(p.ReceivedPerSecond), p.Own)
	if p.Broker >= 0 {
		text += fmt.Sprintf("  broker %.2f cores", p.Broker)
	}
	return text
}

// reportProgress reports once a second until stop is called, which waits for it.
func (r *run) reportProgress() (stop func()) {
	if r.o.Progress == nil {
		return func() {}
	}
	end := make(chan struct{})
	var reporting sync.WaitGroup
	reporting.Go(func() {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		begin := r.sample()
		last := begin
		for {
			select {
			case <-end:
				return
			case <-t.C:
				s := r.sample()
				r.o.Progress(s.since(last, begin.at))
				last = s
			}
		}
	})
	return func() { close(end); reporting.Wait() }
}

func (s sample) since(last sample, begin time.Time) Progress {
	d := s.at.Sub(last.at).Seconds()
	p := Progress{
		Elapsed: s.at.Sub(begin), Connected: s.counts.connected - s.counts.failed - s.counts.retired - s.counts.fallen, Broker: -1,
		SentPerSecond:     float64(s.counts.sent-last.counts.sent) / d,
		ReceivedPerSecond: float64(s.counts.received-last.counts.received) / d,
		Own:               (s.own - last.own).Seconds() / d,
	}
	if s.measured && last.measured {
		p.Broker = (s.broker.cpu - last.broker.cpu).Seconds() / d
	}
	return p
}
