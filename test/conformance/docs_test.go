package conformance

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/conformance.md")

const page = "../../docs/conformance.md"

const intro = `# Conformance

<!-- Written by: go test ./test/conformance -update -->

Every normative statement of MQTT 5.0 and MQTT 3.1.1, by the numbers of the two OASIS standards (appendix B of each),
what it demands in our words, whom it binds, and the test that shows that the broker keeps it. Then what MQTT 3.1 has
otherwise. Stories are in [test/conformance/scripts](../test/conformance/scripts): readable, packet by packet, played
in every version that they name. "Client only" is said of statements whose keeping a broker cannot show, "not
applicable" of those that bind a server without something this one has.
`

func TestThePageIsUpToDate(t *testing.T) {
	want := render(readTable(t))
	if *update {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(page); err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/conformance.md is out of date (%v): go test ./test/conformance -update", err)
	}
}

func render(all *table) []byte {
	var b bytes.Buffer
	b.WriteString(intro)
	version := ""
	for _, s := range all.rows {
		if s.version != version {
			version = s.version
			fmt.Fprintf(&b, "\n## MQTT %s\n\n| statement | binds | demands | shown by |\n|---|---|---|---|\n", version)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", s.number, s.binds, s.words, shownBy(s))
	}
	return b.Bytes()
}

func shownBy(s *statement) string {
	var words []string
	for _, story := range s.stories {
		words = append(words, story.file+": "+story.title)
	}
	for _, ref := range s.tests {
		words = append(words, "`"+ref+"`")
	}
	if s.note != "" {
		words = append(words, s.note)
	}
	return strings.ReplaceAll(strings.Join(words, "; "), "|", "\\|")
}
