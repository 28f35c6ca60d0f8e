package topic

import (
	"strings"
	"testing"
)

func TestSpecialFilters(t *testing.T) {
	for _, c := range []struct{ filter, matching, group, bad string }{
		{"a/b", "a/b", "", ""},
		{"$SYS/#", "$SYS/#", "", ""},
		{"$other/a", "$other/a", "", ""},
		{"$share/g/a/+", "a/+", "$share/g/a/+", ""},
		{"$share/g/$SYS/#", "$SYS/#", "$share/g/$SYS/#", ""},
		{"$queue/a/+", "a/+", "$share/$queue/a/+", ""},
		{"$queue//a", "/a", "$share/$queue//a", ""},
		{"$exclusive/a", "a", "", ""},
		{"$exclusive/a/#", "a/#", "", ""},
		{"$exclusive", "$exclusive", "", ""},
		{"$queue/", "", "", "behind them"},
		{"$exclusive/", "", "", "behind them"},
		{"$share/g/", "", "", "behind its name"},
		{"$share/", "", "", "NAME"},
		{"$queue/$share/g/a", "", "", "together"},
		{"$share/g/$queue/a", "", "", "together"},
		{"$exclusive/$exclusive/a", "", "", "together"},
		{"$exclusive/a+", "", "", "whole level"},
		{"", "", "", "one character"},
	} {
		err := ValidSubscription([]byte(c.filter))
		if c.bad != "" {
			if err == nil || !strings.Contains(err.Error(), c.bad) {
				t.Errorf("%s: %v, want an error with %q", c.filter, err, c.bad)
			}
			continue
		}
		if m, g := Matching(c.filter), Group(c.filter); err != nil || m != c.matching || g != c.group {
			t.Errorf("%s: matching %q, group %q, %v", c.filter, m, g, err)
		}
	}
}

func FuzzSpecialFilters(f *testing.F) {
	for _, s := range []string{"$queue/", "$share/g/a", "$exclusive/a", "$share//", "$queue/$exclusive/#"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if ValidSubscription([]byte(s)) != nil {
			return
		}
		m := Matching(s)
		if m == "" || !strings.HasSuffix(s, m) || ValidFilter([]byte(m)) != nil {
			t.Fatalf("%q is matched by %q", s, m)
		}
		if g := Group(s); g != "" && Matching(g) != m {
			t.Fatalf("%q has group %q", s, g)
		}
	})
}
