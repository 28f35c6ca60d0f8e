package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// row is one scenario: a name and the arguments of millrace bench.
type row struct {
	name, args string
	tls        bool
	// brokers are those that are measured; nil is all.
	brokers []string
	// turns names the rows that are measured in turns with this one and compared with
	// the first of them; empty is none.
	turns string
	// restarts says that the broker ends in between and is started again.
	restarts bool
}

// rows are the scenarios, with windows that every broker's default queues can hold.
func rows() []row {
	return []row{
		{name: "p2p 100→100, QoS 1, 1 in flight", args: "p2p --qos 1 --window 1"},
		{name: "p2p 100→100, QoS 1, 16 in flight", args: "p2p --qos 1 --window 16"},
		{name: "p2p 100→100, QoS 2, 16 in flight", args: "p2p --qos 2 --window 16"},
		{name: "p2p 4→4, QoS 0, 256 in flight", args: "p2p --pairs 4 --window 256"},
		{name: "fan-out 1→500, QoS 0", args: "fanout --window 16"},
		{name: "fan-out 1→500, QoS 1", args: "fanout --qos 1 --window 16"},
		{name: "fan-in 100→1, QoS 1", args: "fanin --qos 1 --window 8"},
		{name: "shared 200→5, QoS 1", args: "shared --qos 1 --window 16"},
		{name: "10k wildcard subscriptions, 1k topics, QoS 0", args: "wildcard --window 16"},
		{name: "10 × 1k retained, QoS 0", args: "retained"},
		{name: "open loop 10k messages/s, QoS 1", args: "p2p --qos 1 --rate 10000"},
		{name: "100 × 1,000 wait for clients that are away, QoS 1: fill, drain", args: "offline"},
		{name: "TLS, p2p 100→100, QoS 1, 16 in flight", args: "p2p --qos 1 --window 16", tls: true},
		{name: "TLS, fan-out 1→500, QoS 0", args: "fanout --window 16", tls: true},
		{name: "10k connections: processor time, memory each", args: "conn --connections 10000"},
		{name: "19k connections: processor time, memory each", args: "conn --connections 19000"},
		{name: "1k TLS connections: processor time, memory each", args: "conn --connections 1000", tls: true},
	}
}

// growth is how one scenario's figure moves with a size.
type growth struct {
	name string
	args func(n int) string
}

var sizes = []int{1, 10, 100, 1000, 10_000}

func sizeNames() []string {
	names := make([]string, len(sizes))
	for i, n := range sizes {
		names[i] = strconv.Itoa(n)
	}
	return names
}

func growths() []growth {
	return []growth{
		{"connections: pairs, QoS 1, 1,600 messages under way", func(n int) string {
			pairs := max(1, n/2)
			return fmt.Sprintf("p2p --pairs %d --qos 1 --window %d", pairs, max(1, min(1600/pairs, 800)))
		}},
		{"subscribers of one topic, QoS 0", func(n int) string { return fmt.Sprintf("fanout --subscribers %d --window 16", n) }},
		{"topics with ten wildcard filters each, QoS 0", func(n int) string {
			return fmt.Sprintf("wildcard --topics %d --publishers %d --window 16", n, min(n, 4))
		}},
		{"retained messages, ten subscribers", func(n int) string { return fmt.Sprintf("retained --topics %d", n) }},
	}
}

// report is what the tables need of millrace bench --json.
type report struct {
	Scenario                        string
	PerCPUSecond, ReceivedPerSecond float64
	Latency                         struct{ P50, P99 float64 }
	Messages                        struct {
		Lost, Doubled, Disordered, Refused, Unacknowledged, Strange, Disconnected uint64
	}
	ConnectCPU, ConnectionBytes float64
	Offline                     *struct {
		Enqueue, Drain struct{ PerCPUSecond, PerSecond float64 }
	}
	Durable  *kept
	Rate     float64
	Seconds  float64
	PubAck   struct{ P50, P99 float64 }
	Broker   *struct{ Cores float64 }
	Warnings []string
	Trouble  string

	disk syncs // meanwhile
}

// load runs millrace bench; exit code 1 with a report means that messages were lost.
func load(ctx context.Context, s settings, r row, b *broker) (*report, error) {
	scenario, own, _ := strings.Cut(r.args, " ")
	// The one version that all of them speak; a row's own flags come last and hold.
	args := []string{"-c", s.processors("1"), s.millrace, "bench", scenario, "--mqtt", "3.1.1", "--addr", b.addr, "--pid", strconv.Itoa(b.cmd.Process.Pid), "--duration", s.duration.String(), "--json", "--quiet"}
	args = append(args, strings.Fields(own)...)
	if r.tls {
		args = append(args, "--insecure")
	}
	if r.restarts {
		args = append(args, "--restart", "kill -9 "+strconv.Itoa(b.cmd.Process.Pid))
	}
	cmd := exec.CommandContext(ctx, "taskset", args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, runErr := cmd.Output()
	rep := &report{}
	if err := json.Unmarshal(out, rep); err != nil {
		return nil, fmt.Errorf("%w: %s", runErr, strings.TrimSpace(errs.String()))
	}
	return rep, nil
}

// fill writes the median report into the cell, and the doubts of all.
func (r row) fill(c *cell, broker string, all []*report) {
	if len(all) == 0 {
		if c.text == "" {
			c.text = "failed"
		}
		return
	}
	slices.SortFunc(all, func(a, b *report) int { return cmp.Compare(a.figure(), b.figure()) })
	c.text = all[len(all)/2].text()
	for _, rep := range all {
		c.text += rep.faults()
		for _, w := range rep.Warnings {
			if !strings.Contains(w, "measure longer") && !strings.Contains(w, "more connections") {
				c.doubt(r.name, broker, kind(w))
			}
		}
		if rep.Trouble != "" {
			c.doubt(r.name, broker, rep.Trouble)
		}
	}
}

// kind is a warning without the figures of its round.
func kind(warning string) string {
	switch {
	case strings.Contains(warning, "may be able to do more"), strings.Contains(warning, "had no processor time left"):
		return "the load tool was as busy as the broker: a lower bound"
	case strings.Contains(warning, "waited a second"):
		return "publishers waited for deliveries that did not come"
	}
	return warning
}

// figure is what the median is taken of.
func (rep *report) figure() float64 {
	switch {
	case rep.Scenario == "conn":
		return rep.ConnectionBytes
	case rep.Durable != nil:
		return rep.Durable.figure(rep)
	}
	return rep.PerCPUSecond
}

func (rep *report) text() string {
	switch {
	case rep.Scenario == "conn":
		return fmt.Sprintf("%.0f µs, %.0f B", rep.ConnectCPU, rep.ConnectionBytes)
	case rep.Durable != nil:
		return rep.Durable.text(rep)
	case rep.Offline != nil:
		return fmt.Sprintf("%s, %s", short(rep.Offline.Enqueue.PerCPUSecond), short(rep.Offline.Drain.PerCPUSecond))
	}
	return fmt.Sprintf("%s (%s)", short(rep.PerCPUSecond), lasting(rep.Latency.P99))
}

// faults are what a correct broker has none of.
func (rep *report) faults() (text string) {
	m := rep.Messages
	if rep.Durable != nil && rep.Durable.Unchecked {
		text = " **not fetched**"
	}
	if rep.Durable != nil && rep.Durable.Outages > 0 {
		m.Doubled = 0 // of QoS 1, what was under way
	}
	for _, f := range []struct {
		n    uint64
		what string
	}{{m.Lost, "lost"}, {m.Doubled, "doubled"}, {m.Disordered, "out of order"}, {m.Refused, "refused"}, {m.Unacknowledged, "not acknowledged"}, {m.Strange, "strange packets"}, {m.Disconnected, "disconnected"}} {
		if f.n > 0 {
			text += fmt.Sprintf(" **%d %s**", f.n, f.what)
		}
	}
	return text
}

func short(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.2fM", n/1e6)
	case n >= 1e5:
		return fmt.Sprintf("%.0fk", n/1e3)
	case n >= 1e3:
		return fmt.Sprintf("%.1fk", n/1e3)
	}
	return fmt.Sprintf("%.0f", n)
}

// lasting writes microseconds.
func lasting(us float64) string {
	if us >= 1e3 {
		return fmt.Sprintf("%.1f ms", us/1e3)
	}
	return fmt.Sprintf("%.0f µs", us)
}
