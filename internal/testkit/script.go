package testkit

import (
	"os"
	"strings"
	"testing"
)

// Script calls f with each line's words before =>, and compares what it returns with what
// stands behind. The file is in testdata; a line that begins with # is for people.
func Script(t *testing.T, file string, f func(words []string) string) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(b), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		in, want, _ := strings.Cut(line, "=>")
		if got := f(strings.Fields(in)); got != strings.TrimSpace(want) {
			t.Errorf("%s:%d: %s: got %q", file, i+1, line, got)
		}
	}
}
