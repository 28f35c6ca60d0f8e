package conformance

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEveryCheckOfTheSuitesIsAskedHere holds suites.txt against the stories and tests.
func TestEveryCheckOfTheSuitesIsAskedHere(t *testing.T) {
	text, err := os.ReadFile("suites.txt")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, s := range stories(t) {
		told[s.file+": "+s.title] = true
	}
	theirs, asked := map[string]bool{}, 0
	for n, line := range strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		names, shown, ok := theirTest(line)
		if !ok {
			t.Errorf("line %d says neither what shows it nor why it is not here", n+1)
		}
		for _, name := range names {
			if theirs[name] {
				t.Errorf("line %d has %s again", n+1, name)
			}
			theirs[name] = true
		}
		for _, ref := range shown {
			asked++
			if err := existsHere(ref, told); err != nil {
				t.Errorf("line %d: %v", n+1, err)
			}
		}
	}
	if len(theirs) < 150 || asked < 150 {
		t.Errorf("%d of their tests, %d references", len(theirs), asked)
	}
}

// theirTest reads a line: the names of their tests, and what shows the same here;
// none with a reason why not.
func theirTest(line string) (names, shown []string, ok bool) {
	parts := strings.Split(line, " | ")
	names = strings.Split(parts[0], ", ")
	if len(parts) == 2 {
		return names, nil, strings.HasPrefix(parts[1], "not here")
	}
	return names, strings.Split(parts[len(parts)-1], "; "), len(parts) == 3
}

var ofATest = regexp.MustCompile(`^[a-z0-9/]+ Test`)

func existsHere(ref string, told map[string]bool) error {
	if ofATest.MatchString(ref) {
		return exists(ref, nil)
	}
	if !told[ref] {
		return fmt.Errorf("no story is called %q", ref)
	}
	return nil
}
