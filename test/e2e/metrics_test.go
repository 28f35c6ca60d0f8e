//go:build e2e

package e2e

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestCountersStandFromTheFirstScrape: an alert on a counter needs it before it
// counts for the first time. What is listed by listener certificate has none here.
func TestCountersStandFromTheFirstScrape(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	n.ctl(t, "streams", "groups", "create", "telemetry", "reports") // what is listed by group
	guide, err := os.ReadFile("../../docs/guides/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	page := scrape(t, n)
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| counter").FindAllStringSubmatch(string(guide), -1) {
		if !regexp.MustCompile(`(?m)^` + row[1] + `[{ ]`).MatchString(page) {
			t.Errorf("no %s", row[1])
		}
	}
	page = scrape(t, n)
	if own, alias := total(t, page, "millrace_packets_received_total"), total(t, page, "emqx_packets_received"); own != alias {
		t.Errorf("own counter %v, alias %v", own, alias)
	}
}

// What a label may be called: nothing that grows with clients, topics or addresses. Of
// consumer groups the metric has the 100 that are furthest behind.
var labels = []string{"answer", "group", "le", "listener", "listener_name", "qos", "quantile", "rate", "reason", "stream", "type", "version"}

var (
	described = regexp.MustCompile(`^# (HELP|TYPE) (\w+) (.+)$`)
	sampled   = regexp.MustCompile(`^(\w+?)(_bucket|_sum|_count)?(?:\{(\w+)="([^"]*)"\})? \S+$`)
	ours      = regexp.MustCompile(`^millrace(_[a-z0-9]+)+$`)
	unitless  = regexp.MustCompile(`_(ms|milliseconds|us|ns|minutes|hours|kb|kib|mb|mib|kilobytes|megabytes|bits|percent|gauge|counter|histogram)(_|$)`)
)

// TestTheMetricsPageKeepsTheConventions: Prometheus' own, so that dashboards and
// rules find what they expect.
func TestTheMetricsPageKeepsTheConventions(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	connect(t, n, "client", nil)
	n.ctl(t, "streams", "groups", "create", "telemetry", "reports")
	help, kinds, series, perName := map[string]bool{}, map[string]string{}, map[string]bool{}, map[string]int{}
	for line := range strings.Lines(scrape(t, n)) {
		line = strings.TrimSuffix(line, "\n")
		if m := described.FindStringSubmatch(line); m != nil {
			if help[m[2]] = true; m[1] == "TYPE" {
				kinds[m[2]] = m[3]
				named(t, m[2], m[3])
			}
			continue
		}
		m := sampled.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("%q is no sample", line)
			continue
		}
		name := m[1]
		if kind := kinds[name+m[2]]; kind != "" {
			name += m[2]
		}
		if kinds[name] == "" || !help[name] {
			t.Errorf("%s has no HELP or TYPE before it", line)
		}
		if m[3] != "" && !slices.Contains(labels, m[3]) {
			t.Errorf("%s has a label of its own", line)
		}
		key := line[:strings.LastIndex(line, " ")]
		if series[key] {
			t.Errorf("%s comes twice", key)
		}
		series[key] = true
		if perName[name]++; perName[name] > 100 {
			t.Errorf("%s has more than 100 series", name)
		}
	}
	if len(kinds) < 100 || len(series) < 300 {
		t.Errorf("%d names, %d series", len(kinds), len(series))
	}
}

// named checks what a name of ours says about its kind and unit.
func named(t *testing.T, name, kind string) {
	if !strings.HasPrefix(name, "millrace_") {
		return
	}
	switch {
	case !ours.MatchString(name), unitless.MatchString(name):
		t.Errorf("%s is no name with a base unit", name)
	case (kind == "counter") != strings.HasSuffix(name, "_total"):
		t.Errorf("%s is a %s", name, kind)
	case kind == "histogram" && !strings.HasSuffix(name, "_seconds"):
		t.Errorf("the histogram %s names no unit", name)
	case kind != "gauge" && kind != "counter" && kind != "histogram":
		t.Errorf("%s is a %s", name, kind)
	}
	for _, reserved := range []string{"_count", "_sum", "_bucket"} {
		if strings.HasSuffix(name, reserved) {
			t.Errorf("%s ends as a part of a histogram does", name)
		}
	}
}

func scrape(t *testing.T, n *node) string {
	t.Helper()
	answer, err := http.Get(n.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status, err)
	}
	return string(b)
}

// total adds up the values of one name, or is the one of a sample with its labels.
func total(t *testing.T, page, name string) (sum float64) {
	t.Helper()
	for line := range strings.Lines(page) {
		if rest, ok := strings.CutPrefix(line, name); ok && (rest[0] == '{' && !strings.Contains(name, "{") || rest[0] == ' ') {
			v, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndex(rest, " "):]), 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += v
		}
	}
	return sum
}
