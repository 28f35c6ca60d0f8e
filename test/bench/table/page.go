package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// page is Markdown on its way to standard output and into a document, where it
// stands between two comments that bear its name.
type page struct {
	name  string
	text  strings.Builder
	notes []string
}

// cell is one figure, and what casts doubt on it.
type cell struct {
	text   string
	doubts []string
}

func (c *cell) doubt(row, broker, why string) {
	c.doubts = append(c.doubts, fmt.Sprintf("%s, %s: %s", row, broker, why))
}

func newPage(name string) *page { return &page{name: name} }

func (p *page) printf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Print(text)
	p.text.WriteString(text)
}

func (p *page) header(first string, names []string) {
	p.printf("| %s | %s |\n|---|%s\n", first, strings.Join(names, " | "), strings.Repeat("---|", len(names)))
}

func (p *page) line(first string, cells []cell) {
	p.printf("| %s ", first)
	for _, c := range cells {
		p.printf("| %s ", c.text)
		p.notes = append(p.notes, c.doubts...)
	}
	p.printf("|\n")
}

// end adds the notes, each once.
func (p *page) end() {
	if len(p.notes) > 0 {
		p.printf("\n")
	}
	seen := map[string]bool{}
	for _, n := range p.notes {
		if !seen[n] {
			p.printf("* %s\n", n)
		}
		seen[n] = true
	}
}

// replaceIn puts the page in the place of the one that the document has.
func (p *page) replaceIn(file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	begin, end := "<!-- bench "+p.name+" -->\n", "<!-- bench end -->\n"
	head, rest, ok := strings.Cut(string(b), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return errors.New(file + " has no place for the table: " + strings.TrimSpace(begin) + " and " + strings.TrimSpace(end))
	}
	return os.WriteFile(file, []byte(head+begin+p.text.String()+end+tail), 0o644)
}
