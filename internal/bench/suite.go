package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Suite is a list of durable runs, each a line of one table.
type Suite []Line

// Line is one of them.
type Line struct {
	Name    string
	Options Options
}

// SuiteReport is what came of a suite.
type SuiteReport struct {
	Lines []LineReport `json:"lines"`
	// Acknowledged, Delivered, Lost, Doubled and Disordered are sums over all lines;
	// Delivered leaves out what came again.
	Acknowledged uint64 `json:"acknowledged"`
	Delivered    uint64 `json:"delivered"`
	Lost         uint64 `json:"lost"`
	Doubled      uint64 `json:"doubled"`
	Disordered   uint64 `json:"disordered"`
	// Outages is how often the broker was away, OutageSeconds for how long in all.
	Outages       int     `json:"outages"`
	OutageSeconds float64 `json:"outageSeconds"`
	// Clean says that every line is.
	Clean bool `json:"clean"`
}

// LineReport is one line's.
type LineReport struct {
	Name string `json:"name"`
	*Report
}

// NewSuite asks of a broker what a plant does: o says where it is and how to reach
// it, and Duration for how long each line is measured. A large one has the sizes of a
// plant with 10,000 clients.
func NewSuite(o Options, large bool) Suite {
	o.Scenario = Durable
	line := func(name string, change func(o *Options)) Line {
		l := Line{Name: name, Options: o}
		change(&l.Options)
		return l
	}
	accept := func(publishers, window, sessions, payload int) func(o *Options) {
		return func(o *Options) {
			o.Publishers, o.Window, o.Payload = publishers, window, payload
			o.Durable.Step, o.Durable.Sessions = Accept, sessions
		}
	}
	online := func(pairs, window int, rate float64) func(o *Options) {
		return func(o *Options) {
			o.Publishers, o.Window, o.Rate = pairs, window, rate
			o.Durable.Step, o.Durable.Sessions = Online, pairs
		}
	}
	many := 1000
	if large {
		many = 10_000
	}
	s := Suite{
		line("100 publishers × 64 in flight", accept(100, 64, 1, 64)),
		line("the same with 1 KB", accept(100, 64, 1, 1024)),
		line(fmt.Sprintf("the same, 64 bytes, %d sessions away", many), accept(100, 64, many, 64)),
		line("100 publishers × 1 in flight", accept(100, 1, 1, 64)),
		line("one publisher × 1 in flight", accept(1, 1, 1, 64)),
		line("20,000 messages/s offered", func(o *Options) { accept(100, 0, 1, 64)(o); o.Rate = 20_000 }),
		line("100 pairs × 16 in flight", online(100, 16, 0)),
		line("100 pairs, 5,000 messages/s offered", online(100, 0, 5000)),
		line("100 clients come back for 1,000 each", comeBackFor(100, 1000)),
		line(fmt.Sprintf("%d clients come back for 100 each", many), comeBackFor(many, 100)),
	}
	if large {
		s = append(s, line("10,000 sessions away, memory", func(o *Options) { o.Durable.Step, o.Duration = Away, max(o.Duration, 20*time.Second) }))
	}
	return s
}

func comeBackFor(sessions, messages int) func(o *Options) {
	return func(o *Options) {
		o.Window, o.Messages = 64, messages
		o.Durable.Step, o.Durable.Sessions = Return, sessions
	}
}

// Run runs line after line. show is told of each that is done; it may be nil. Only the
// first line may find no broker; later ones wait for it.
func (s Suite) Run(ctx context.Context, show func(LineReport)) (*SuiteReport, error) {
	all := &SuiteReport{Clean: true}
	for i, l := range s {
		l.Options.Durable.Known = i > 0
		rep, err := Run(ctx, l.Options)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.Name, err)
		}
		all.add(LineReport{l.Name, rep})
		if show != nil {
			show(all.Lines[i])
		}
		if rep.Interrupted {
			return all, errors.Join(ctx.Err())
		}
	}
	return all, nil
}

func (s *SuiteReport) add(l LineReport) {
	m := &l.Messages
	s.Lines = append(s.Lines, l)
	s.Acknowledged += m.Acknowledged
	s.Delivered += m.Received
	s.Lost += m.Lost
	s.Doubled += m.Doubled
	s.Disordered += m.Disordered
	s.Outages += l.Durable.Outages
	s.OutageSeconds += l.Durable.OutageSeconds
	s.Clean = s.Clean && l.Clean()
}

// Write prints the table for people.
func (s *SuiteReport) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tmessages/s\tp50\tp99\tper CPU-second\tcores\tlost")
	for _, l := range s.Lines {
		fmt.Fprintln(t, l.row())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n"+s.Verdict()+"\n")
	return err
}

// row is the line in the table.
func (l LineReport) row() string {
	rate, wait := l.Durable.AckedPerSecond, l.PubAck
	switch {
	case l.Durable.Step == Online:
		rate, wait = l.ReceivedPerSecond, l.Latency
	case l.Durable.Drain != nil && l.Durable.Step != Accept:
		rate, wait = l.Durable.Drain.PerSecond, l.Latency
	}
	if l.Durable.Step == Away {
		return fmt.Sprintf("%s\t%.0f bytes each\t\t\t\t\t", l.Name, l.Durable.SessionBytes)
	}
	perCPU, cores := "-", "-"
	if l.Broker != nil {
		perCPU, cores = short(l.PerCPUSecond), fmt.Sprintf("%.2f", l.Broker.Cores)
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%d", l.Name, short(rate), lasting(wait.P50), lasting(wait.P99), perCPU, cores, l.Messages.Lost)
}

func times(n int) string {
	if n == 1 {
		return "1 time"
	}
	return fmt.Sprintf("%d times", n)
}

// Verdict says in a sentence what became of the messages.
func (s *SuiteReport) Verdict() string {
	var b strings.Builder
	fmt.Fprintf(&b, "acknowledged %d, delivered %d, lost %d, twice %d, out of order %d", s.Acknowledged, s.Delivered, s.Lost, s.Doubled, s.Disordered)
	if s.Outages > 0 {
		fmt.Fprintf(&b, "\nthe broker was away %s, %.1f s in all", times(s.Outages), s.OutageSeconds)
		if s.Doubled > 0 {
			b.WriteString(": with QoS 1 what was under way then may come twice")
		}
	}
	for _, l := range s.Lines {
		if m := l.Messages; !l.Clean() {
			fmt.Fprintf(&b, "\n%s: %d lost, %d twice, %d out of order, %d refused, %d not acknowledged, %d sessions forgotten", l.Name, m.Lost, m.Doubled, m.Disordered, m.Refused, m.Unacknowledged, l.Durable.Forgotten)
			if l.Trouble != "" {
				b.WriteString(", " + l.Trouble)
			}
		}
	}
	return b.String()
}
