package app

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/say"
)

// words are the console's in a language, by key.
func words(t *testing.T, language string, files ...string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, file := range files {
		b, err := os.ReadFile("../../console/src/i18n/" + language + file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			line = strings.TrimSuffix(strings.TrimSpace(line), ",")
			if key, text, ok := strings.Cut(line, `": "`); ok && strings.HasPrefix(key, `"`) {
				text, err := strconv.Unquote(`"` + text)
				if err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				all[key[1:]] = text
			}
		}
	}
	return all
}

// The console has words of its own for every fault, in every language: a reason is never
// shown as the label that metrics have.
func TestEveryFaultHasItsWordsInTheConsole(t *testing.T) {
	for _, language := range []string{"en", "de"} {
		all := words(t, language, ".ts", ".broker.ts", ".faults.ts")
		for _, c := range fault.Codes() {
			if all["fault."+c.String()] == "" {
				t.Errorf("%s has no words for %s", language, c)
			}
		}
	}
}

// The console has words for every sentence of the node, in every language, with a place for
// each of its values; the English ones are the node's.
func TestEverySentenceHasItsWordsInTheConsole(t *testing.T) {
	en, de := words(t, "en", ".said.ts"), words(t, "de", ".said.ts")
	if len(say.All()) < 100 || len(en) != len(say.All()) {
		t.Errorf("the node has %d phrases, the console %d", len(say.All()), len(en))
	}
	for _, p := range say.All() {
		key := "said." + p.Code
		if p.One == "" && en[key] != p.English {
			t.Errorf("%s: the console says %q, the node %q", key, en[key], p.English)
		}
		for i := range 9 {
			place := "{" + strconv.Itoa(i)
			if has := strings.Contains(p.English, place); strings.Contains(en[key], place) != has || strings.Contains(de[key], place) != has {
				t.Errorf("%s: %s} is not in all of %q, %q, %q", key, place, p.English, en[key], de[key])
			}
		}
		if de[key] == "" {
			t.Errorf("German has no words for %s", key)
		}
	}
}
