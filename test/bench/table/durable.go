package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// durableBrokers are who keep something. There is nats-power, too, which takes minutes.
const durableBrokers = "millrace,millrace-process,mosquitto-kept,nats"

// durableTitles say what an acknowledgement means.
var durableTitles = map[string]string{
	"millrace": "millrace, power: on disk", "millrace-process": "millrace, process: written",
	"mosquitto-kept": "mosquitto: in memory, saved each second", "nats-power": "nats, sync always: on disk", "nats": "nats: written",
}

// ours are the rows whose size the peers are not made for: they keep a copy for each
// session, or a consumer.
var ours = []string{"millrace", "millrace-process"}

func durableRows() []row {
	bulk := "durable --step accept --window 64"
	return []row{
		{name: "100 publishers × 64 in flight", args: bulk},
		{name: "the same with 1 KB", args: bulk + " --payload 1024"},
		{name: "64 bytes, 100 sessions away", args: bulk + " --sessions 100"},
		{name: "64 bytes, 10,000 sessions away", args: bulk + " --sessions 10000 --warmup 3s", brokers: ours},
		{name: "100 publishers × 1 in flight", args: "durable --step accept --window 1"},
		{name: "the same with 10,000 sessions away", args: "durable --step accept --window 1 --sessions 10000 --warmup 3s", brokers: ours},
		{name: "one publisher × 1 in flight", args: "durable --step accept --window 1 --publishers 1"},
		{name: "20,000 messages/s offered", args: "durable --step accept --rate 20000"},
		{name: "20,000 messages/s of 1 KB offered", args: "durable --step accept --rate 20000 --payload 1024"},
		{name: "100 pairs × 16 in flight, from publisher to durable session", args: "durable --step online --window 16"},
		{name: "100 pairs, 5,000 messages/s offered, from publisher to durable session", args: "durable --step online --rate 5000"},
		{name: "100 clients come back for 1,000 each", args: "durable --step return --window 64"},
		{name: "10,000 clients come back for 100 each", args: "durable --step return --window 64 --sessions 10000 --messages 100", brokers: ours},
		{name: "50,000 sessions away: memory of each", args: "durable --step away --sessions 50000 --duration 20s", brokers: []string{"millrace", "mosquitto-kept"}},
		{name: "kill -9 with 100,000 sessions and 1 million messages: until clients are taken", args: "durable --step restart --sessions 100000 --messages 10 --window 64", brokers: ours[:1], restarts: true},
	}
}

// durable has a line for each row and a column for each broker.
func durable(ctx context.Context, s settings, page *page) error {
	names := strings.Split(s.brokers, ",")
	sync, err := syncTime()
	if err != nil {
		return err
	}
	page.printf("Acknowledged messages (or, to durable sessions, deliveries) per second · per second of broker processor time · p50 and p99 until PUBACK (or delivery); "+
		"%s. An fsync of 64 KiB took %v (median of 200), the broker's folder on the same disk.\n\n", s.how(), sync.Round(10*time.Microsecond))
	titles := make([]string, len(names))
	for i, n := range names {
		titles[i] = durableTitles[n]
	}
	page.header("scenario, QoS 1", titles)
	for _, r := range durableRows() {
		if !strings.Contains(r.name, s.only) {
			continue
		}
		measured := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return r.brokers != nil && !slices.Contains(r.brokers, n) })
		cells, err := measureAll(ctx, s, r, measured)
		if err != nil {
			return err
		}
		line := make([]cell, len(names))
		for i, n := range names {
			line[i].text = "–"
			if at := slices.Index(measured, n); at >= 0 {
				line[i] = cells[at]
			}
		}
		page.line(r.name, line)
	}
	page.end()
	return nil
}

// syncTime is how long it takes here to have 64 KiB on the disk.
func syncTime() (time.Duration, error) {
	dir, err := os.MkdirTemp("", "bench-sync-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	f, err := os.Create(filepath.Join(dir, "file"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	block, all := make([]byte, 64<<10), make([]time.Duration, 200)
	for i := range all {
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
		begun := time.Now()
		if err := f.Sync(); err != nil {
			return 0, err
		}
		all[i] = time.Since(begun)
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// kept is what the tables need of a durable run.
type kept struct {
	Step                                        string
	AckedPerSecond, AcceptSeconds, SessionBytes float64
	Outages                                     int
	Unchecked                                   bool
	Fill, Drain                                 *struct {
		PerSecond, PerCPUSecond float64
		Broker                  *struct{ CPUSeconds float64 }
		Seconds                 float64
	}
}

func (k *kept) figure(rep *report) float64 {
	switch k.Step {
	case "away":
		return k.SessionBytes
	case "restart":
		return k.AcceptSeconds
	case "return":
		if k.Drain != nil {
			return k.Drain.PerSecond
		}
	}
	return k.AckedPerSecond
}

func (k *kept) text(rep *report) string {
	wait := rep.PubAck
	switch k.Step {
	case "away":
		return fmt.Sprintf("%.0f B", k.SessionBytes)
	case "restart":
		text := fmt.Sprintf("%.2f s", k.AcceptSeconds)
		if k.Drain != nil {
			text += fmt.Sprintf("; all came back and had theirs within %.0f s more", k.Drain.Seconds)
		}
		return text
	case "return":
		if k.Drain == nil {
			return "failed"
		}
		text := fmt.Sprintf("%s · %s, in %.2f s", short(k.Drain.PerSecond), short(k.Drain.PerCPUSecond), k.Drain.Seconds)
		if k.Drain.Broker != nil {
			text += fmt.Sprintf(" and %.2f s of processor time", k.Drain.Broker.CPUSeconds)
		}
		return text
	case "online":
		wait = rep.Latency
	}
	text := fmt.Sprintf("%s · %s · %s, %s", short(k.AckedPerSecond), short(rep.PerCPUSecond), lasting(wait.P50), lasting(wait.P99))
	if rep.Rate > 0 && rep.Broker != nil {
		text += fmt.Sprintf(" · %.2f cores", rep.Broker.Cores)
	}
	return text
}
