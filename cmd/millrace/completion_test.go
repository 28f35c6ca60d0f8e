package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// The last line of an answer is cobra's directive: 4 no files, 8 files with these
// endings, 16 folders, 0 any file.
func TestShellsOfferWhatFits(t *testing.T) {
	for line, want := range map[string]string{
		"serve --log-level |":                 "debug info warn error :4",
		"serve --config |":                    "yaml yml :8",
		"serve --data |":                      ":16",
		"serve --mqtt |":                      ":4",
		"serve --http |":                      ":4",
		"serve |":                             ":4",
		"ctl --data |":                        ":16",
		"ctl --url |":                         ":4",
		"ctl --api-key |":                     ":4",
		"ctl --api-key-file |":                ":0",
		"ctl status --data |":                 ":16",
		"ctl log level |":                     "debug info warn error :4",
		"ctl log level info |":                ":4",
		"ctl user create x --role |":          "administrator operator viewer :4",
		"ctl api-key create x --role |":       "administrator operator viewer :4",
		"ctl user create x --password-file |": ":0",
		"ctl user delete |":                   ":4",
		"ctl config explain mqtt.loo|":        "mqtt.loops :4",
		"ctl config explain a |":              ":4",
		"ctl publish |":                       ":4",
		"ctl publish a -f |":                  ":0",
		"ctl publish a -m |":                  ":4",
		"ctl publish a -q |":                  "0 1 :4",
		"ctl topics --parent |":               ":4",
		"ctl topics list --parent |":          ":4",
		"ctl series range |":                  ":4",
		"sim --mqtt |":                        "3.1 3.1.1 5.0 :4",
		"sim --report |":                      ":0",
		"doctor --mqtt |":                     "3.1 3.1.1 5.0 :4",
		"doctor --cafile |":                   ":0",
		"doctor |":                            ":4",
		"sim --addr |":                        ":4",
	} {
		typed, _ := strings.CutSuffix(line, "|")
		args := append([]string{cobra.ShellCompNoDescRequestCmd}, strings.Split(typed, " ")...)
		code, out, _ := millrace(t, "", args...)
		if got := strings.Join(strings.Fields(out), " "); code != exitDone || got != want {
			t.Errorf("%s: %d %q, want %q", line, code, got, want)
		}
	}
}

func TestVerbsOfListsAreOffered(t *testing.T) {
	_, out, _ := millrace(t, "", cobra.ShellCompNoDescRequestCmd, "ctl", "user", "")
	if got := strings.Fields(out); strings.Join(got, " ") != "create delete list passwd :4" {
		t.Fatal(got)
	}
}
