// Command table measures MQTT brokers side by side with millrace bench and writes
// Markdown tables. For each figure it starts the broker anew on processor 0, loads it
// from processor 1, and ends it; brokers take turns, and a figure is the median of
// its rounds.
//
//	table -millrace build/millrace -peers build/bench -rounds 3 -write docs/performance.md
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"
)

// settings are the command line.
type settings struct {
	millrace, peers string
	duration        time.Duration
	rounds          int
	only            string
	brokers         string
	grow            bool
	durable         bool
	shared          bool
	write           string
}

// processors are those that one side runs on: its own, or all with -shared.
func (s settings) processors(own string) string {
	if s.shared {
		return fmt.Sprintf("0-%d", runtime.NumCPU()-1)
	}
	return own
}

func main() {
	var s settings
	flag.StringVar(&s.millrace, "millrace", "build/millrace", "the program")
	flag.StringVar(&s.peers, "peers", "build/bench", "folder with the programs mochi and nats")
	flag.DurationVar(&s.duration, "duration", 3*time.Second, "how long to measure each")
	flag.IntVar(&s.rounds, "rounds", 1, "how often; a figure is the median")
	flag.StringVar(&s.only, "only", "", "rows whose name contains this")
	flag.StringVar(&s.brokers, "brokers", "", "which, in this order (default millrace,mosquitto,mochi,nats; with -durable "+durableBrokers+")")
	flag.BoolVar(&s.grow, "grow", false, "instead: how figures grow from 1 to 10,000 topics, subscribers, connections")
	flag.BoolVar(&s.durable, "durable", false, "instead: what is kept for sessions that outlive their connections")
	flag.BoolVar(&s.shared, "shared", false, "broker and load share all processors, as they do on a machine that nobody divides")
	flag.StringVar(&s.write, "write", "", "Markdown file whose table is replaced, besides printing it")
	flag.Parse()
	if s.brokers == "" {
		s.brokers = "millrace,mosquitto,mochi,nats"
		if s.durable {
			s.brokers = durableBrokers
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, s settings) error {
	page, make := newPage("peers"), compare
	if s.grow {
		page, make = newPage("growth"), grow
	}
	if s.durable {
		page, make = newPage("durable"), durable
	}
	if err := make(ctx, s, page); err != nil {
		return err
	}
	if s.write == "" {
		return nil
	}
	return page.replaceIn(s.write)
}

// compare has a line for each scenario and a column for each broker.
func compare(ctx context.Context, s settings, page *page) error {
	names := strings.Split(s.brokers, ",")
	page.printf("Deliveries per second of broker processor time (p99 of the latency); %s.\n\n", s.how())
	page.header("scenario", names)
	for _, r := range rows() {
		if !strings.Contains(r.name, s.only) {
			continue
		}
		cells, err := measureAll(ctx, s, r, names)
		if err != nil {
			return err
		}
		page.line(r.name, cells)
	}
	page.end()
	return nil
}

// grow has a line for each series and broker, and a column for each size.
func grow(ctx context.Context, s settings, page *page) error {
	page.printf("Deliveries per second of broker processor time (p99 of the latency); %s.\n\n", s.how())
	page.header("series, broker", sizeNames())
	for _, g := range growths() {
		if !strings.Contains(g.name, s.only) {
			continue
		}
		for _, name := range strings.Split(s.brokers, ",") {
			var cells []cell
			for _, n := range sizes {
				c, err := measureAll(ctx, s, row{name: fmt.Sprintf("%s %d", g.name, n), args: g.args(n)}, []string{name})
				if err != nil {
					return err
				}
				cells = append(cells, c...)
			}
			page.line(g.name+", "+name, cells)
		}
	}
	page.end()
	return nil
}

func (s settings) how() string {
	where := "broker and load on a processor each"
	if s.shared {
		where = fmt.Sprintf("broker and load share %d processors", runtime.NumCPU())
	}
	return fmt.Sprintf("%v a figure, median of %d, %s, %s", s.duration, s.rounds, where, time.Now().UTC().Format(time.DateOnly))
}

// measureAll measures the brokers in turn, as many rounds as asked for.
func measureAll(ctx context.Context, s settings, r row, names []string) ([]cell, error) {
	reports := make([][]*report, len(names))
	cells := make([]cell, len(names))
	for range s.rounds {
		for i, name := range names {
			rep, err := measure(ctx, s, r, name)
			switch {
			case ctx.Err() != nil: // the user's, not the limit's
				return nil, ctx.Err()
			case err != nil:
				cells[i].doubt(r.name, name, err.Error())
			default:
				reports[i] = append(reports[i], rep)
			}
		}
	}
	for i, name := range names {
		r.fill(&cells[i], name, reports[i])
	}
	return cells, nil
}

// measureLimit bounds one figure: a broker that does not get on has none.
const measureLimit = 4 * time.Minute

// measure starts the broker, loads it and ends it.
func measure(ctx context.Context, s settings, r row, name string) (rep *report, err error) {
	ctx, cancel := context.WithTimeout(ctx, measureLimit)
	defer cancel()
	b, err := start(ctx, s, name, r.tls)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	if r.restarts {
		defer b.supervise(s, name)()
	}
	if !s.durable {
		return load(ctx, s, r, b)
	}
	stop, err := watchDisk()
	if err != nil {
		return nil, err
	}
	rep, err = load(ctx, s, r, b)
	disk, late := stop()
	if rep != nil {
		rep.disk = disk
		if rep.Durable == nil {
			rep.Durable = &kept{Step: group, AckedPerSecond: rep.ReceivedPerSecond}
		}
	}
	return rep, errors.Join(err, late)
}
