package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite console/openapi.json and docs/reference/api.md")

// written compares what the code makes with what the repository holds.
func written(t *testing.T, path string, made []byte) {
	t.Helper()
	path = filepath.Join("..", "..", path)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, made, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(kept, []byte("\r\n"), []byte("\n")), made) {
		t.Errorf("%s is not what the code says: run go test ./internal/api -update", path)
	}
}

func TestOpenAPIIsWritten(t *testing.T) {
	a, err := New(Options{Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	written(t, "console/openapi.json", append(b, '\n'))
}

func TestReferenceIsWritten(t *testing.T) {
	a, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Reference()
	if err != nil {
		t.Fatal(err)
	}
	written(t, "docs/reference/api.md", b)
}

func TestTheReferenceSpellsChoicesOut(t *testing.T) {
	a, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Reference()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| one of administrator, operator, viewer |", "| one of text, base64, else text |"} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("the reference lacks %q", want)
		}
	}
}
