package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// row is one scenario: a name and the arguments of millrace bench.
type row struct{ name, args string }

// rows are the scenarios, with windows that every broker's default queues can hold.
func rows() []row {
	return []row{
		{"p2p 100→100, QoS 1, 1 in flight", "p2p --qos 1 --window 1"},
		{"p2p 100→100, QoS 1, 16 in flight", "p2p --qos 1 --window 16"},
		{"p2p 4→4, QoS 0, 256 in flight", "p2p --pairs 4 --window 256"},
		{"fan-out 1→500, QoS 0", "fanout --window 16"},
		{"fan-out 1→500, QoS 1", "fanout --qos 1 --window 16"},
		{"fan-in 100→1, QoS 1", "fanin --qos 1 --window 8"},
		{"10k wildcard subscriptions, 1k topics, QoS 0", "wildcard --window 16"},
		{"10 × 1k retained, QoS 0", "retained"},
		{"open loop 10k messages/s, QoS 1", "p2p --qos 1 --rate 10000"},
		{"10k connections: processor time, memory each", "conn --connections 10000"},
	}
}

// report is what the table needs of millrace bench --json.
type report struct {
	Scenario     string
	PerCPUSecond float64
	Latency      struct{ P99 float64 }
	Messages     struct {
		Lost, Doubled, Disordered, Refused, Unacknowledged, Strange, Disconnected uint64
	}
	ConnectCPU, ConnectionBytes float64
	Warnings                    []string
	Trouble                     string
}

// load runs millrace bench; exit code 1 with a report means that messages were lost.
func load(ctx context.Context, s settings, r row, b *broker) (*report, error) {
	args := append([]string{"-c", "1", s.millrace, "bench"}, strings.Fields(r.args)...)
	// The one version that all of them speak.
	args = append(args, "--mqtt", "3.1.1", "--addr", b.addr, "--pid", strconv.Itoa(b.cmd.Process.Pid), "--duration", s.duration.String(), "--json", "--quiet")
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

// cell is the figure, and what casts doubt on it.
func (r row) cell(rep *report) (string, []string) {
	if rep.Scenario == "conn" {
		return fmt.Sprintf("%.0f µs, %.1f KiB", rep.ConnectCPU, rep.ConnectionBytes/1024), rep.Warnings
	}
	text := fmt.Sprintf("%s (%s)", short(rep.PerCPUSecond), lasting(rep.Latency.P99))
	doubts := rep.Warnings
	m := rep.Messages
	for _, f := range []struct {
		n    uint64
		what string
	}{{m.Lost, "lost"}, {m.Doubled, "doubled"}, {m.Disordered, "out of order"}, {m.Refused, "refused"}, {m.Unacknowledged, "not acknowledged"}, {m.Strange, "strange packets"}, {m.Disconnected, "disconnected"}} {
		if f.n > 0 {
			text += fmt.Sprintf(" **%d %s**", f.n, f.what)
		}
	}
	if rep.Trouble != "" {
		doubts = append(doubts, rep.Trouble)
	}
	return text, doubts
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
