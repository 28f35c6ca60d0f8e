//go:build e2e

package e2e

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestCountersStandFromTheFirstScrape: an alert on a counter needs it before it
// counts for the first time. What is listed by listener certificate has none here.
func TestCountersStandFromTheFirstScrape(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
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

// total adds up the values of one name.
func total(t *testing.T, page, name string) (sum float64) {
	t.Helper()
	for line := range strings.Lines(page) {
		if rest, ok := strings.CutPrefix(line, name); ok && (rest[0] == '{' || rest[0] == ' ') {
			v, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndex(rest, " "):]), 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += v
		}
	}
	return sum
}
