package loop

import "testing"

func TestATimeIsShownTheSameUntilTheClockIsSet(t *testing.T) {
	var l lead
	for _, c := range []struct {
		what          string
		clock, steady int64
		want          lead
	}{
		{"at birth", 1000e9, 1000e9, 0},
		{"read one behind the other", 1001e9 + 2, 1001e9, 0},
		{"and the other way", 1002e9 - 1, 1002e9, 0},
		{"set forward", 4603e9, 1003e9, 3600e9},
		{"read one behind the other, later", 4604e9 - 300, 1004e9, 3600e9},
		{"set back", 5e9, 1005e9, -1000e9},
		{"by a little", 6e9 + 2e6, 1006e9, -1000e9 + 2e6},
	} {
		if l.see(c.clock, c.steady); l != c.want {
			t.Errorf("%s: %d ahead, want %d", c.what, l, c.want)
		}
	}
}
