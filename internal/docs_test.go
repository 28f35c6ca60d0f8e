package internal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages returns the text of README, CHANGELOG and everything below docs, by path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found, err := filepath.Glob("../*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"../docs/*.md", "../docs/*/*.md", "*/DESIGN.md", "../console/*.md"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, more...)
	}
	texts := map[string]string{}
	for _, path := range found {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(b)
	}
	if len(texts) < 8 {
		t.Fatalf("found only %d pages", len(texts))
	}
	return texts
}

func TestLinksOfThePagesLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)
	for path, text := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
			}
		}
	}
}

// A promise whose test is gone is a promise nobody keeps.
func TestTestsThatPagesNameExist(t *testing.T) {
	all := &strings.Builder{}
	for _, f := range files(t) {
		if f.test {
			b, err := os.ReadFile(filepath.Join("..", f.path))
			if err != nil {
				t.Fatal(err)
			}
			all.Write(b)
		}
	}
	name := regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w+`)
	for path, text := range pages(t) {
		for _, test := range name.FindAllString(text, -1) {
			if !strings.Contains(all.String(), "func "+test) {
				t.Errorf("%s names %s, which does not exist", path, test)
			}
		}
	}
}
