package main

import (
	"context"
	"fmt"
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
	bulk, single := "durable --step accept --window 64", "durable --step accept --window 1"
	return []row{
		{name: "100 publishers × 64 in flight, one session away", args: bulk + " --warmup 3s", turns: "away"},
		{name: "100 publishers × 64 in flight, 100 sessions away", args: bulk + " --sessions 100 --warmup 3s", turns: "away"},
		{name: "100 publishers × 64 in flight, 10,000 sessions away", args: bulk + " --sessions 10000 --warmup 3s", turns: "away", brokers: ours},
		{name: "100 publishers × 64 in flight, 1 KB", args: bulk + " --payload 1024"},
		{name: "100 publishers × 1 in flight, one session away", args: single + " --warmup 3s", turns: "away, 1 in flight"},
		{name: "100 publishers × 1 in flight, 10,000 sessions away", args: single + " --sessions 10000 --warmup 3s", turns: "away, 1 in flight", brokers: ours},
		{name: "one publisher × 1 in flight", args: "durable --step accept --window 1 --publishers 1"},
		{name: "20,000 messages/s offered", args: "durable --step accept --rate 20000"},
		{name: "20,000 messages/s of 1 KB offered", args: "durable --step accept --rate 20000 --payload 1024"},
		{name: "100 pairs × 16 in flight, from publisher to durable session", args: "durable --step online --window 16"},
		{name: "100 pairs, 5,000 messages/s offered, from publisher to durable session", args: "durable --step online --rate 5000"},
		{name: "100 publishers × 16 in flight, to a group of 10 durable sessions", args: "shared --lasting --publishers 100 --subscribers 10 --window 16", brokers: append(slices.Clone(ours), "mosquitto-kept")},
		{name: "100 clients come back for 1,000 each", args: "durable --step return --window 64"},
		{name: "10,000 clients come back for 100 each", args: "durable --step return --window 64 --sessions 10000 --messages 100", brokers: ours},
		{name: "50,000 sessions away: memory of each, when they are quiet for 45 s", args: "durable --step away --sessions 50000 --duration 45s", brokers: []string{"millrace", "mosquitto-kept"}},
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
		"%s. An fsync of 64 KiB took %v (median of 200; p99 %v), the broker's folder on the same disk. Rows with sessions away are measured in turns, %d rounds at least, "+
		"and say what the first of them loses, rate and rate per second of processor time (medians of the rounds' ratios). Offered rates say how long one fsync "+
		"took meanwhile, p99 of 20 a second.\n\n", s.how(), sync.p50.Round(10*time.Microsecond), sync.p99.Round(10*time.Microsecond), leastRounds)
	titles := make([]string, len(names))
	for i, n := range names {
		titles[i] = durableTitles[n]
	}
	page.header("scenario, QoS 1", titles)
	for _, group := range inTurns(durableRows(), s.only) {
		lines, err := measureGroup(ctx, s, group, names)
		if err != nil {
			return err
		}
		for i, line := range lines {
			page.line(group[i].name, line)
		}
	}
	page.end()
	return nil
}

// group is the step, as it were, of the scenario shared.
const group = "group"

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
	case "online", group:
		wait = rep.Latency
	}
	text := fmt.Sprintf("%s · %s · %s, %s", short(k.AckedPerSecond), short(rep.PerCPUSecond), lasting(wait.P50), lasting(wait.P99))
	if rep.Rate > 0 && rep.Broker != nil {
		text += fmt.Sprintf(" · %.2f cores, fsync %s", rep.Broker.Cores, lasting(float64(rep.disk.p99.Microseconds())))
	}
	return text
}
