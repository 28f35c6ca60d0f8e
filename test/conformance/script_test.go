package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// story is one case of a script.
type story struct {
	file, title string
	versions    []packet.Version
	shows       []string // statements, as key says
	settings    words
	lines       []line
}

func (s *story) name() string { return s.file + "/" + s.title }

// has says whether a line of the story has that verb.
func (s *story) has(verb string) bool {
	return slices.ContainsFunc(s.lines, func(l line) bool { return l.verb == verb })
}

// line is one line to play.
type line struct {
	number  int
	only    packet.Version // 0 is every version
	older   bool           // every version before 5.0
	text    string
	subject string // a client's name, or "" for the story's own commands
	verb    string
	words   words
}

// words are a line's arguments: those with = by name, the others by place.
type words struct {
	named map[string][]string
	plain []string
}

func (w words) get(name string) string {
	if v := w.named[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (w words) has(name string) bool { return len(w.named[name]) > 0 || slices.Contains(w.plain, name) }

func (w words) num(name string, standard int) int {
	if v := w.get(name); v != "" {
		n, err := strconv.ParseInt(v, 0, 64)
		if err != nil {
			panic(fmt.Sprintf("%s=%s is no number", name, v))
		}
		return int(n)
	}
	return standard
}

var versionNames = map[string]packet.Version{"3.1": packet.V31, "3.1.1": packet.V311, "5.0": packet.V5}

// stories reads every script.
func stories(t testing.TB) (all []*story) {
	t.Helper()
	paths, err := filepath.Glob("scripts/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, parseFile(t, strings.TrimSuffix(filepath.Base(path), ".txt"), string(text))...)
	}
	return all
}

func parseFile(t testing.TB, file, text string) (all []*story) {
	t.Helper()
	for n, text := range strings.Split(text, "\n") {
		text = strings.TrimSpace(text)
		if text == "" || text[0] == '#' {
			continue
		}
		if title, ok := strings.CutPrefix(text, "== "); ok {
			all = append(all, &story{file: file, title: title, versions: []packet.Version{packet.V311, packet.V5}})
			continue
		}
		if len(all) == 0 {
			t.Fatalf("%s line %d stands before the first ==", file, n+1)
		}
		if err := all[len(all)-1].add(n+1, text); err != nil {
			t.Fatalf("%s line %d: %v", file, n+1, err)
		}
	}
	return all
}

func (s *story) add(number int, text string) error {
	fields := split(text)
	switch fields[0] {
	case "in":
		s.versions = nil
		for _, f := range fields[1:] {
			v, ok := versionNames[f]
			if !ok {
				return fmt.Errorf("unknown version %s", f)
			}
			s.versions = append(s.versions, v)
		}
	case "shows":
		return s.show(fields[1:])
	case "broker":
		s.settings = parseWords(fields[1:])
	default:
		s.lines = append(s.lines, parseLine(number, text, fields))
	}
	return nil
}

// show notes the statements; the first word may be the version they are of.
func (s *story) show(fields []string) error {
	of := "5.0"
	if _, ok := versionNames[fields[0]]; ok {
		of, fields = fields[0], fields[1:]
	}
	for _, f := range fields {
		s.shows = append(s.shows, key(of, f))
	}
	return nil
}

func key(version, number string) string { return version + " " + number }

func parseLine(number int, text string, fields []string) line {
	l := line{number: number, text: text}
	switch fields[0] {
	case "v5":
		l.only, fields = packet.V5, fields[1:]
	case "v4":
		l.only, fields = packet.V311, fields[1:]
	case "v3":
		l.older, fields = true, fields[1:]
	}
	switch fields[0] {
	case "clock", "counted", "broker-closes":
		l.verb, fields = fields[0], fields[1:]
	default:
		l.subject, l.verb, fields = fields[0], fields[1], fields[2:]
	}
	l.words = parseWords(fields)
	return l
}

func (l *line) in(v packet.Version) bool {
	return (l.only == 0 || l.only == v) && (!l.older || v != packet.V5)
}

func parseWords(fields []string) words {
	w := words{named: map[string][]string{}}
	for _, f := range fields {
		if k, v, ok := strings.Cut(f, "="); ok && k != "" && k[0] != '"' {
			w.named[k] = append(w.named[k], v)
		} else {
			w.plain = append(w.plain, f)
		}
	}
	return w
}

// split cuts at spaces that are not inside quotes.
func split(text string) []string {
	quoted := false
	return strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
}

// literal is a value's bytes: "quoted", hex:EDA080, 100*x, or as it stands.
func literal(s string) []byte {
	if len(s) >= 2 && s[0] == '"' {
		return []byte(s[1 : len(s)-1])
	}
	if h, ok := strings.CutPrefix(s, "hex:"); ok {
		return fromHex(h)
	}
	if n, what, ok := strings.Cut(s, "*"); ok {
		if times, err := strconv.Atoi(n); err == nil {
			return []byte(strings.Repeat(what, times))
		}
	}
	return []byte(s)
}
