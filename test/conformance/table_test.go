package conformance

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// statement is one row of a table.
type statement struct {
	version, number string
	binds, words    string
	like            string   // the statement of MQTT 5.0 with the same words
	tests           []string // beside scripts: "vector "…"", "folder TestName/sub"
	note            string   // why there is nothing to show
	stories         []*story
}

func (s *statement) key() string { return key(s.version, s.number) }

// table is every statement, in the order of the files.
type table struct {
	rows []*statement
	by   map[string]*statement
}

// readTable reads the three files and joins them with the stories.
func readTable(t testing.TB) *table {
	t.Helper()
	all := &table{by: map[string]*statement{}}
	all.read(t, "5.0", "clauses50.txt")
	all.read(t, "3.1.1", "clauses311.txt")
	all.read(t, "3.1", "clauses31.txt")
	for _, s := range stories(t) {
		all.join(t, s)
	}
	return all
}

func (all *table) read(t testing.TB, version, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n, line := range strings.Split(string(text), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		s, err := parseStatement(version, line)
		if err != nil {
			t.Fatalf("%s line %d: %v", path, n+1, err)
		}
		if all.by[s.key()] != nil {
			t.Errorf("%s has %s twice", path, s.number)
		}
		if s.like != "" {
			twin := all.by[key("5.0", s.like)]
			if twin == nil {
				t.Fatalf("%s line %d: MQTT 5.0 has no %s", path, n+1, s.like)
			}
			s.words = twin.words
			s.tests = append(s.tests, twin.tests...)
			if s.note == "" {
				s.note = twin.note
			}
		}
		all.rows = append(all.rows, s)
		all.by[s.key()] = s
	}
}

func parseStatement(version, line string) (*statement, error) {
	parts := strings.Split(line, " | ")
	if len(parts) < 3 || len(parts) > 4 {
		return nil, fmt.Errorf("%d columns", len(parts))
	}
	s := &statement{version: version, number: parts[0], binds: parts[1], words: parts[2]}
	s.like, _ = strings.CutPrefix(s.words, "= ")
	if s.like == s.words {
		s.like = ""
	}
	if !slices.Contains([]string{"client", "server", "both"}, s.binds) {
		return nil, fmt.Errorf("binds %q", s.binds)
	}
	if len(parts) == 4 {
		if strings.HasPrefix(parts[3], "client only") || strings.HasPrefix(parts[3], "not applicable: ") {
			s.note = parts[3]
		} else {
			s.tests = strings.Split(parts[3], "; ")
		}
	}
	return s, nil
}

// join gives the story to the statements that it shows.
func (all *table) join(t testing.TB, s *story) {
	t.Helper()
	for _, k := range s.shows {
		row := all.by[k]
		if row == nil {
			t.Errorf("%s shows %s, which does not exist", s.name(), k)
			continue
		}
		if !slices.Contains(s.versions, versionNames[row.version]) {
			t.Errorf("%s shows %s and is not played in that version", s.name(), k)
		}
		row.stories = append(row.stories, s)
	}
	if !slices.Contains(s.versions, versionNames["3.1.1"]) {
		return
	}
	for _, row := range all.rows {
		if row.version == "3.1.1" && row.like != "" && slices.Contains(s.shows, key("5.0", row.like)) {
			row.stories = append(row.stories, s)
		}
	}
}

// The numbers of appendix B, by chapter. MQTT 5.0 numbers none of its chapter 7.
func TestTheTablesHaveEveryStatement(t *testing.T) {
	got := map[string]map[byte]int{"5.0": {}, "3.1.1": {}, "3.1": {}}
	for _, s := range readTable(t).rows {
		got[s.version][s.number[0]]++
	}
	for version, chapters := range map[string]map[byte]int{
		"5.0":   {'1': 5, '2': 7, '3': 175, '4': 60, '6': 4},
		"3.1.1": {'1': 3, '2': 9, '3': 95, '4': 26, '6': 4, '7': 4},
	} {
		if !maps.Equal(got[version], chapters) {
			t.Errorf("MQTT %s: statements by chapter %v, want %v", version, got[version], chapters)
		}
	}
}

// Within a section the numbers run from 1 without a gap; 2.2.1-1 is the one that
// MQTT 5.0 leaves out.
func TestTheNumbersRunWithoutGaps(t *testing.T) {
	section, last := "", 0
	for _, s := range readTable(t).rows {
		if s.version == "3.1" {
			continue
		}
		at, number, ok := strings.Cut(s.number, "-")
		var n int
		if _, err := fmt.Sscan(number, &n); err != nil || !ok {
			t.Fatalf("%s: %v", s.key(), err)
		}
		if s.version+at != section {
			section, last = s.version+at, 0
			if s.key() == "5.0 2.2.1-2" {
				last = 1
			}
		}
		if n != last+1 {
			t.Errorf("MQTT %s has %s-%d and then -%d", s.version, at, last, n)
		}
		last = n
	}
}

func TestEveryStatementHasATestThatExists(t *testing.T) {
	vectors := readVectors(t)
	for _, s := range readTable(t).rows {
		for _, ref := range s.tests {
			if err := exists(ref, vectors); err != nil {
				t.Errorf("%s: %v", s.key(), err)
			}
		}
		shown := len(s.stories) + len(s.tests)
		switch {
		case s.binds == "client" && shown == 0 && !strings.HasPrefix(s.note, "client only"):
			t.Errorf("%s has no test and does not say that it binds clients only", s.key())
		case s.binds != "client" && shown == 0 && !strings.HasPrefix(s.note, "not applicable: "):
			t.Errorf("%s has no test: %s", s.key(), s.words)
		}
	}
}

// exists finds the test that a table names.
func exists(ref string, vectors []string) error {
	if why, ok := strings.CutPrefix(ref, "vector "); ok {
		if !slices.Contains(vectors, strings.Trim(why, `"`)) {
			return fmt.Errorf("no packet vector %s", why)
		}
		return nil
	}
	folder, name, ok := strings.Cut(ref, " ")
	name, sub, _ := strings.Cut(name, "/")
	if !ok || !strings.HasPrefix(name, "Test") {
		return fmt.Errorf("%q names no test", ref)
	}
	paths, _ := filepath.Glob(filepath.Join("..", "..", folder, "*_test.go"))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.Contains(string(text), "\nfunc "+name+"(t *testing.T)") {
			return hasSub(folder, string(text), sub)
		}
	}
	return fmt.Errorf("%s has no %s", folder, name)
}

// hasSub finds a sub-test: a script of that name, or its name in the source.
func hasSub(folder, source, sub string) error {
	if sub == "" || strings.Contains(source, `"`+sub+`"`) {
		return nil
	}
	if _, err := os.Stat(filepath.Join("..", "..", folder, "testdata", sub+".txt")); err != nil {
		return fmt.Errorf("%s has no sub-test %q", folder, sub)
	}
	return nil
}

// readVectors are the reasons beside the packets of the codec's tests.
func readVectors(t testing.TB) (whys []string) {
	t.Helper()
	text, err := os.ReadFile("../../internal/mqtt/packet/testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if _, why, ok := strings.Cut(line, "|"); ok && line[0] != '#' {
			whys = append(whys, strings.TrimSpace(why))
		}
	}
	return whys
}

var cited = regexp.MustCompile(`MQTT-([0-9]+\.[0-9]+\.[0-9]+-[0-9]+)`)

func TestEveryStatementThatTheCodeCitesExists(t *testing.T) {
	all := readTable(t)
	found := 0
	for _, root := range []string{"../../internal", "../../cmd", "../../test"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" && filepath.Ext(path) != ".txt" && filepath.Ext(path) != ".md" {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range cited.FindAllStringSubmatch(string(text), -1) {
				found++
				if all.by[key("5.0", m[1])] == nil && all.by[key("3.1.1", m[1])] == nil {
					t.Errorf("%s cites %s, which no version has", path, m[0])
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 100 {
		t.Errorf("found %d citations only", found)
	}
}
