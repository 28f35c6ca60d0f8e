package api

import (
	"os"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/fault"
)

// The console has words of its own for every fault, in every language: a reason is never
// shown as the label that metrics have.
func TestEveryFaultHasItsWordsInTheConsole(t *testing.T) {
	for _, language := range []string{"en", "de"} {
		var text strings.Builder
		for _, file := range []string{language + ".ts", language + ".broker.ts", language + ".faults.ts"} {
			b, err := os.ReadFile("../../console/src/i18n/" + file)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(b)
		}
		for _, c := range fault.Codes() {
			if !strings.Contains(text.String(), `"fault.`+c.String()+`"`) {
				t.Errorf("%s has no words for %s", language, c)
			}
		}
	}
}
