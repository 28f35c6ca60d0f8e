// Package internal_test draws the house: which package may import which.
package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/millrace/millrace/"

// leaves may be imported by everybody and import nothing of ours but each other
// where the table says so.
var leaves = []string{
	"internal/msg", "internal/point", "internal/fault", "internal/say",
	"internal/mqtt/packet", "internal/mqtt/topic",
	"internal/files",   // what systems make of folders and names
	"internal/payload", // a codec: bytes in, metrics out, no state that outlives a message
}

// allowed holds, beside the leaves, what each package may import of ours, and why.
// A package that is not listed may import the leaves alone.
var allowed = map[string]map[string]string{
	"internal/msg":         {},
	"internal/point":       {},
	"internal/fault":       {},
	"internal/files":       {},
	"internal/say":         {"internal/fault": "a reason is said with its code"},
	"internal/payload":     {"internal/msg": "decodes a message", "internal/point": "into values", "internal/fault": "or says why not"},
	"internal/mqtt/topic":  {"internal/fault": "a refused filter has a reason code"},
	"internal/mqtt/packet": {"internal/fault": "a malformed packet has a reason code", "internal/mqtt/topic": "topic names are checked where they are decoded"},
	"internal/broker": {
		"internal/broker/loop":      "the shell around the core",
		"internal/broker/listener":  "the shell around the core",
		"internal/broker/session":   "the shell around the core",
		"internal/broker/share":     "shared subscriptions over the log",
		"internal/broker/retain":    "retained messages, which every loop reads",
		"internal/broker/watch":     "onlookers inside the node",
		"internal/broker/view":      "rows and queries of what it shows",
		"internal/broker/ban":       "who is kept out",
		"internal/broker/heap":      "who waits for a time",
		"internal/broker/image":     "a message for its receivers",
		"internal/broker/limit":     "how much is too much",
		"internal/broker/outbox":    "what is on its way to the log",
		"internal/broker/pace":      "how fast is too fast",
		"internal/broker/feed":      "the log for those who are behind",
		"internal/broker/follow":    "streams that clients read",
		"internal/broker/rewrite":   "topics that clients name otherwise",
		"internal/broker/delay":     "messages to be published later",
		"internal/broker/cursor":    "where durable readers stand",
		"internal/broker/backlog":   "what durable sessions have before them",
		"internal/broker/preserve":  "what of it survives the process",
		"internal/broker/record":    "how sessions are written down",
		"internal/broker/sys":       "what it tells about itself",
		"internal/broker/certs":     "a listener's TLS settings",
		"internal/broker/websocket": "a listener's WebSocket settings",
		"internal/broker/histogram": "times that loops count",
		"internal/broker/recorder":  "what it has decided lately",
		"internal/broker/secure":    "whom a client has shown itself to be",
	},
	"internal/broker/loop":   {},
	"internal/broker/pace":   {"internal/broker/limit": "its buckets"},
	"internal/broker/why":    {"internal/broker/recorder": "what its stories are told from"},
	"internal/broker/share":  {},
	"internal/broker/delay":  {"internal/broker/heap": "what waits, by time"},
	"internal/broker/retain": {"internal/broker/heap": "what expires, by time"},
	"internal/broker/slow":   {"internal/broker/heap": "who is slow, the least first"},
	"internal/broker/image":  {"internal/broker/session": "what a session sends"},
	"internal/broker/feed":   {"internal/broker/backlog": "marks for those who count"},
	"internal/broker/cursor": {"internal/broker/backlog": "how much is before a reader"},
	"internal/broker/view": {
		"internal/broker/backlog": "how much waits",
		"internal/broker/retain":  "when a message ends",
	},
	"internal/broker/preserve": {
		"internal/broker/retain": "what it writes down, and puts back",
		"internal/broker/delay":  "the same",
	},
	"internal/historian": {"internal/historian/warm": "its chunks"},
	"internal/api":       {"internal/api/topics": "the registry behind the topic pages"},
	"internal/sim":       {"internal/mqtt/client": "the plant's machines are real MQTT clients"},
	"internal/bench":     {"internal/mqtt/wsclient": "its clients may come over WebSocket"},
	"internal/doctor/probe": {
		"internal/doctor":        "whose facts it gathers",
		"internal/mqtt/wsclient": "clients may come over WebSocket",
	},
	"internal/app": {"*": "the single wiring package"},
	"internal/broker/listener": {
		"internal/broker/certs":     "whom TLS lets in",
		"internal/broker/secure":    "handshakes come before MQTT",
		"internal/broker/websocket": "and this stands between",
		"internal/broker/proxy":     "and so does the PROXY header",
	},
	"cmd/millrace": {
		"internal/app":     "serve runs a node",
		"internal/api":     "ctl speaks the API's types",
		"internal/config":  "flags, and errors of the configuration",
		"internal/observe": "the logger that a node is given",
		"internal/sim":     "sim plays a plant",
		"internal/bench":   "bench loads a broker",
		"internal/access":  "passwd writes the users file without a node",
		"internal/backup":  "backup and restore work without a node",

		"internal/doctor":       "doctor judges what is seen",
		"internal/doctor/probe": "and this sees it",
	},
}

// onlyImporter names packages outside the house that one room alone may import.
var onlyImporter = map[string]string{
	"github.com/nats-io/":       "internal/bus",
	"github.com/cockroachdb/":   "internal/historian",
	"github.com/danielgtaylor/": "internal/api",
	"github.com/prometheus/":    "internal/observe",
	"github.com/spf13/":         "cmd/millrace",
}

// file is one Go file's package folder and what it imports.
type file struct {
	path, folder string
	test         bool
	parsed       *ast.File
}

func files(t *testing.T) []file {
	t.Helper()
	var all []file
	root := ".."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		rel = filepath.ToSlash(rel)
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && rel != "." || d.Name() == "node_modules" || d.Name() == "testdata" || rel == "tools" || rel == "build") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.ImportsOnly)
		if err != nil {
			return err
		}
		all = append(all, file{rel, filepath.ToSlash(filepath.Dir(rel)), strings.HasSuffix(rel, "_test.go"), f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("found only %d Go files: is this the module's root?", len(all))
	}
	return all
}

func imports(f *ast.File) []string {
	var paths []string
	for _, spec := range f.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, p)
	}
	return paths
}

func TestArrowsPointOneWay(t *testing.T) {
	for _, f := range files(t) {
		if f.test || strings.HasPrefix(f.folder, "test/") || strings.HasPrefix(f.folder, "internal/testkit") {
			continue
		}
		for _, path := range imports(f.parsed) {
			ours, isOurs := strings.CutPrefix(path, module)
			if isOurs && !mayImport(f.folder, ours) {
				t.Errorf("%s imports %s: no arrow goes from %s to it (the table in this file names the arrows)", f.path, ours, f.folder)
			}
		}
	}
}

func mayImport(from, to string) bool {
	row, listed := allowed[from]
	if _, all := row["*"]; all {
		return to != "internal/testkit" && !strings.HasPrefix(to, "cmd/")
	}
	if _, ok := row[to]; ok {
		return true
	}
	if listed && isLeaf(from) {
		return false
	}
	return isLeaf(to)
}

func isLeaf(folder string) bool {
	for _, l := range leaves {
		if l == folder {
			return true
		}
	}
	return false
}

func TestOneRoomHoldsEachEngine(t *testing.T) {
	for _, f := range files(t) {
		for _, path := range imports(f.parsed) {
			for prefix, room := range onlyImporter {
				// test/bench is a module of its own: it runs our peers.
				if strings.HasPrefix(path, prefix) && f.folder != room && !f.test && !strings.HasPrefix(f.folder, "test/bench/") {
					t.Errorf("%s imports %s, which only %s may", f.path, path, room)
				}
			}
		}
	}
}

func TestEveryArrowInTheTableExists(t *testing.T) {
	folders := map[string]bool{}
	for _, f := range files(t) {
		folders[f.folder] = true
	}
	for from, row := range allowed {
		if !folders[from] {
			t.Errorf("the table speaks of %s, which does not exist", from)
		}
		for to, reason := range row {
			if to != "*" && !folders[to] {
				t.Errorf("the table allows %s → %s, which does not exist", from, to)
			}
			if reason == "" {
				t.Errorf("the table allows %s → %s without a reason", from, to)
			}
		}
	}
}

func TestEveryPackageTellsItsStory(t *testing.T) {
	told, seen := map[string]bool{}, map[string]bool{}
	for _, f := range files(t) {
		if f.test {
			continue
		}
		seen[f.folder] = true
		told[f.folder] = told[f.folder] || f.parsed.Doc != nil && len(f.parsed.Doc.Text()) > 40
	}
	var silent []string
	for folder := range seen {
		if !told[folder] {
			silent = append(silent, folder)
		}
	}
	sort.Strings(silent)
	if len(silent) > 0 {
		t.Errorf("packages without a doc comment: %s", strings.Join(silent, ", "))
	}
}

// A shared file would put a second owner on every key: os.Getenv belongs to the
// configuration alone.
func TestOnlyConfigurationReadsTheEnvironment(t *testing.T) {
	for _, f := range files(t) {
		if f.test || f.folder == "internal/config" || f.folder == "cmd/millrace" || strings.HasPrefix(f.folder, "internal/testkit") || strings.HasPrefix(f.folder, "test/") {
			continue
		}
		source, err := os.ReadFile(filepath.Join("..", f.path))
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"os.Getenv(", "os.LookupEnv(", "os.Environ("} {
			if strings.Contains(string(source), word) {
				t.Errorf("%s calls %s…): settings come from internal/config", f.path, word)
			}
		}
	}
}
