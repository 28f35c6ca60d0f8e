// Command table measures MQTT brokers side by side with millrace bench and prints a
// Markdown table. For each row it starts each broker anew on processor 0, loads it
// from processor 1, and ends it.
//
//	table -millrace build/millrace -peers build/bench -duration 3s
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"time"
)

// settings are the command line.
type settings struct {
	millrace, peers string
	duration        time.Duration
	only            string
	brokers         string
}

func main() {
	var s settings
	flag.StringVar(&s.millrace, "millrace", "build/millrace", "the program")
	flag.StringVar(&s.peers, "peers", "build/bench", "folder with the programs mochi and nats")
	flag.DurationVar(&s.duration, "duration", 3*time.Second, "how long to measure each")
	flag.StringVar(&s.only, "only", "", "rows whose name contains this")
	flag.StringVar(&s.brokers, "brokers", "millrace,mosquitto,mochi,nats", "which, in this order")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, s settings) error {
	names := strings.Split(s.brokers, ",")
	fmt.Printf("Deliveries per second of broker processor time (p99 of the latency); %v a figure, %s.\n\n", s.duration, time.Now().UTC().Format(time.DateOnly))
	fmt.Printf("| scenario | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	var notes []string
	for _, r := range rows() {
		if !strings.Contains(r.name, s.only) {
			continue
		}
		cells := make([]string, len(names))
		for i, name := range names {
			cell, doubts, err := measure(ctx, s, r, name)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				cell = "failed"
				doubts = append(doubts, err.Error())
			}
			cells[i] = cell
			for _, d := range doubts {
				notes = append(notes, fmt.Sprintf("%s, %s: %s", r.name, name, d))
			}
		}
		fmt.Printf("| %s | %s |\n", r.name, strings.Join(cells, " | "))
	}
	fmt.Println()
	for _, n := range notes {
		fmt.Println("*", n)
	}
	return nil
}

// measure starts the broker, loads it and ends it.
func measure(ctx context.Context, s settings, r row, name string) (cell string, doubts []string, err error) {
	b, err := start(ctx, s, name)
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	rep, err := load(ctx, s, r, b)
	if err != nil {
		return "", nil, err
	}
	cell, doubts = r.cell(rep)
	return cell, doubts, nil
}
