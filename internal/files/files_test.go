package files

import (
	"strings"
	"testing"
)

func TestNamesThatEverySystemKeeps(t *testing.T) {
	for _, name := range []string{"telemetry", "press-1", "con-1", "console", "com", "com10", "lpt", "nul_", "a.b", ".hidden", "naïve", "aux1", "x con"} {
		if err := Portable(name); err != nil {
			t.Errorf("%q is refused: %v", name, err)
		}
	}
	for name, says := range map[string]string{
		"con": "device", "CON": "device", "Aux": "device", "nul": "device", "prn": "device", "com1": "device", "LPT9": "device",
		"com¹": "device", "conin$": "device", "nul.log": "device", "aux.tar.gz": "device", "con .txt": "device",
		"press.": "end", "press ": "end", "press. ": "end", "a:b": "character", "a/b": "character", `a\b`: "character",
		"what?": "character", "a*": "character", "a\nb": "character", "": "names no file", ".": "names no file", "..": "names no file",
	} {
		if err := Portable(name); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
