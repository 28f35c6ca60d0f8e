package app

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/fault"
)

var update = flag.Bool("update", false, "rewrite the tables of docs/guides/metrics.md")

var named = regexp.MustCompile(`(?s)\.(Gauge|Counter|Gauges|Counters|Histogram)\("(\w+)",\s*"([^"]+)"`)

// TestEveryMetricStandsInTheGuide holds the guide's table against the names that this
// package registers.
func TestEveryMetricStandsInTheGuide(t *testing.T) {
	rows := []string{}
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) < 5 {
		t.Fatal(sources, err)
	}
	for _, path := range sources {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			rows = append(rows, "| `"+m[2]+"` | "+strings.ToLower(strings.TrimSuffix(m[1], "s"))+" | "+m[3]+" |")
		}
	}
	for _, a := range emqxAliases {
		kind := "counter"
		if a.gauge {
			kind = "gauge"
		}
		rows = append(rows, "| `"+a.name+"` | "+kind+" | As EMQX names it. |")
	}
	slices.Sort(rows)
	if len(rows) < 80 {
		t.Fatalf("found only %d metrics", len(rows))
	}
	path := filepath.Join("..", "..", "docs", "guides", "metrics.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const mark = "| Name | Kind | What |\n| --- | --- | --- |\n"
	head, _, ok := strings.Cut(strings.ReplaceAll(string(page), "\r\n", "\n"), mark)
	if !ok {
		t.Fatal("the guide has no table")
	}
	want := head + mark + strings.Join(rows, "\n") + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != strings.ReplaceAll(string(page), "\r\n", "\n") {
		t.Error("docs/guides/metrics.md is not what the code says: run go test ./internal/app -update")
	}
}

// TestWhatAFullQueueDropsHasOneNameInEMQX: there is one whatever the policy is.
func TestWhatAFullQueueDropsHasOneNameInEMQX(t *testing.T) {
	stats := broker.Stats{Dropped: map[fault.Code]uint64{
		fault.QueueFull: 1, fault.QueueOldest: 2, fault.QueueQoS0: 4, fault.QueueOverrun: 8, fault.QueueMemory: 16, fault.SlowReader: 32, fault.NoSubscriber: 64,
	}}
	for name, want := range map[string]uint64{"emqx_delivery_dropped_queue_full": 31, "emqx_delivery_dropped": 63, "emqx_messages_dropped": 127} {
		i := slices.IndexFunc(emqxAliases, func(a alias) bool { return a.name == name })
		if got := emqxAliases[i].of(stats); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
}
