package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Step is what a durable run measures. Whatever it is, clients that lose their
// connection come back, publish again what was not acknowledged, and at the end every
// acknowledged message must have come.
type Step string

// The steps.
const (
	// Accept publishes while all sessions are away; each session is to get everything,
	// and the first comes back for it at the end.
	Accept Step = "accept"
	// Online has sessions with connections and a topic each.
	Online Step = "online"
	// Return fills sessions whose clients are away, each with messages of its own, and
	// has all of them come back at once.
	Return Step = "return"
	// Restart is Return with a restart of the broker before the clients come back.
	Restart Step = "restart"
	// Away leaves sessions behind and measures the broker's memory.
	Away Step = "away"
)

// DurableOptions are for the scenario durable.
type DurableOptions struct {
	// Step is Accept when empty.
	Step Step
	// Sessions that outlive their connections; 0 is 1 for Accept, 100 for Online and
	// Return, 10,000 for Restart and Away; below 0 is none.
	Sessions int
	// Backlog is how many bytes may wait for a session of Accept: brokers bound that
	// (1 GiB here by default) and drop what lies beyond, so measuring ends there. 0 is
	// 960 MiB.
	Backlog int64
	// Patience is how long a broker that has gone may take to come back; 0 is a minute.
	Patience time.Duration
	// Known says that the broker has been there: if it is not now, it is waited for.
	Known bool
	// Restart restarts the broker; nil waits for somebody to do it.
	Restart func(context.Context) error
	// Say tells somebody what to do; it may be nil.
	Say func(string)
}

// Kept is what was measured of sessions that outlive their connections.
type Kept struct {
	Step     Step `json:"step"`
	Sessions int  `json:"sessions"`
	// AckedPerSecond is of the measured window.
	AckedPerSecond float64 `json:"ackedPerSecond"`
	// Fill is from the first publication to the last acknowledgement for Return and
	// Restart, Drain from the first client that comes back to the last message.
	Fill  *Phase `json:"fill,omitempty"`
	Drain *Phase `json:"drain,omitempty"`
	// Outages is how often connections were lost, OutageSeconds how long in all until
	// one came about again.
	Outages       int     `json:"outages"`
	OutageSeconds float64 `json:"outageSeconds"`
	// Again are messages published once more since their acknowledgement had not come.
	Again uint64 `json:"again"`
	// Forgotten are sessions that the broker should have had and had not.
	Forgotten uint64 `json:"forgotten"`
	// AcceptSeconds is how long a restart took until the first client was connected.
	AcceptSeconds float64 `json:"acceptSeconds,omitempty"`
	// SessionBytes is the broker's growth in memory for each session of Away.
	SessionBytes float64 `json:"sessionBytes,omitempty"`
	// Full says that measuring ended early: no more may wait for a session.
	Full bool `json:"full,omitempty"`
	// Unchecked says that the run ended before what was kept could be fetched.
	Unchecked bool `json:"unchecked,omitempty"`
}

// fills reports whether publishers have a number of messages to send and no more.
func (s Step) fills() bool { return s == Return || s == Restart || s == Away }

// online reports whether a message is due at its receiver at once.
func (o *Options) online() bool { return o.Scenario == Durable && o.Durable.Step == Online }

// durableSizes fills in what is left open, but for publishers and topics.
func (o *Options) durableSizes() (publishers, topics int) {
	d := &o.Durable
	fill(&d.Step, Accept)
	fill(&d.Patience, time.Minute)
	fill(&d.Backlog, defaultBacklog)
	fill(&o.QoS, 1)
	fill(&d.Sessions, map[Step]int{Accept: 1, Online: 100, Return: 100, Restart: 10_000, Away: 10_000}[d.Step])
	d.Sessions = max(d.Sessions, 0)
	publishers = min(100, max(d.Sessions, 1))
	switch d.Step {
	case Accept:
		return 100, 1
	case Away:
		o.Publishers = 1
	case Restart:
		fill(&o.Messages, 100)
	}
	fill(&o.Messages, 1000)
	o.Topics = d.Sessions
	return publishers, d.Sessions
}

func (o *Options) checkDurable() error {
	switch d := o.Durable; {
	case !slices.Contains([]Step{Accept, Online, Return, Restart, Away}, d.Step):
		return fmt.Errorf("step %q: there is accept, online, return, restart and away", d.Step)
	case o.QoS == 0:
		return errors.New("QoS 0: nothing of it is kept")
	case d.Step != Accept && d.Sessions == 0:
		return fmt.Errorf("step %s needs sessions", d.Step)
	}
	return nil
}

// durable runs the step and ends its sessions.
func (r *run) durable(ctx context.Context) error {
	r.kept = &Kept{Step: r.o.Durable.Step, Sessions: r.o.Durable.Sessions, Unchecked: true}
	err := r.step(ctx)
	r.each(func(l *loop) { l.stop() })
	if late := r.tidyAll(context.WithoutCancel(ctx)); err == nil {
		err = late
	}
	return err
}

func (r *run) step(ctx context.Context) error {
	switch r.o.Durable.Step {
	case Accept:
		return r.accept(ctx)
	case Online:
		r.begin()
		r.measure(ctx)
		return r.fetch(ctx, nil)
	case Away:
		r.early = r.sample()
		r.rest(ctx, r.o.Duration)
		r.late = r.sample()
		r.kept.Unchecked = false
		return nil
	}
	return r.comeFor(ctx)
}

// accept measures publishers alone; then the first session's client comes back.
func (r *run) accept(ctx context.Context) error {
	r.begin()
	r.measure(ctx)
	if err := r.settle(ctx, r.unacknowledged); err != nil || r.interrupted {
		return err
	}
	if r.o.Durable.Sessions == 0 {
		r.kept.Unchecked = false
		return nil
	}
	first := make([][]*peer, len(r.loops))
	first[0] = r.subscribers[0][:1]
	from := r.sample()
	if err := r.connectWithin(ctx, first); err != nil {
		return err
	}
	return r.fetch(ctx, &from)
}

// comeFor fills the sessions, restarts the broker if that is asked for, and has all
// clients come back.
func (r *run) comeFor(ctx context.Context) error {
	r.each(func(l *loop) { l.meter.measuring = true })
	before := r.sample()
	if err := r.enqueue(ctx); err != nil {
		return err
	}
	filled := r.sample()
	fill := phase(before, filled, filled.counts.acked-before.counts.acked)
	r.kept.Fill = &fill
	if r.o.Durable.Step == Restart {
		if err := r.restart(ctx); err != nil {
			return err
		}
	}
	r.early = r.sample()
	comeBack := r.comeBack
	if r.o.Durable.Step == Restart {
		comeBack = r.comeInTurn
	}
	if err := comeBack(ctx); err != nil {
		return err
	}
	err := r.fetch(ctx, &r.early)
	r.late = r.sample()
	return err
}

// connectWithin connects and waits for as long as connecting may take.
func (r *run) connectWithin(ctx context.Context, peers [][]*peer) error {
	ctx, cancel := context.WithTimeout(ctx, r.o.ConnectTimeout)
	defer cancel()
	return r.connect(ctx, peers)
}

// tidyAll ends the sessions of subscribers, and with QoS 2 of publishers.
func (r *run) tidyAll(ctx context.Context) error {
	if r.trouble() != nil {
		return nil // nobody is there to end them
	}
	err := r.endSessions(ctx)
	if err != nil || r.o.QoS < 2 {
		return err
	}
	r.each(func(l *loop) {
		for _, b := range l.publishers {
			l.retire(b.peer)
			b.session = discards
		}
	})
	return r.connectWithin(ctx, r.publishers)
}
