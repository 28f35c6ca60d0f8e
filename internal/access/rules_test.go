package access

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// A script is a rules file, a line of four dashes, and questions with their answers:
//
//	ACTION TOPIC [client=…] [user=…] [groups=…] [ip=…] [listener=…] [qos=…] [retain] → allow|deny RULE
//
// RULE is the number of the rule that decided, or default.
func TestRuleScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.rules")
	if err != nil || len(paths) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".rules"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			file, questions, _ := strings.Cut(string(text), "----\n")
			rules, err := ParseRules([]byte(file))
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(questions) {
				if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
					askScript(t, rules, line)
				}
			}
		})
	}
}

func askScript(t *testing.T, rules *Rules, line string) {
	t.Helper()
	question, want, ok := strings.Cut(line, " → ")
	if !ok {
		t.Fatalf("no answer in %q", line)
	}
	fields := strings.Fields(question)
	q := Question{Action: fields[0], Topic: fields[1]}
	w := Who{Identity: &Identity{}}
	for _, f := range fields[2:] {
		name, v, _ := strings.Cut(f, "=")
		switch name {
		case "client":
			w.ClientID = v
		case "user":
			w.Identity.Username = v
		case "groups":
			w.Identity.Groups = strings.Split(v, ",")
		case "superuser":
			w.Identity.Superuser = true
		case "attr":
			k, value, _ := strings.Cut(v, ":")
			w.Identity.Attributes = map[string]string{k: value}
		case "ip":
			w.Address = netip.MustParseAddr(v)
		case "listener":
			w.Listener = v
		case "qos":
			n, _ := strconv.Atoi(v)
			q.QoS = byte(n)
		case "retain":
			q.Retain = true
		default:
			t.Fatalf("unknown word %q", f)
		}
	}
	a := rules.try(w, q)
	got := word(a.Allowed) + " default"
	if a.Rule > 0 {
		got = fmt.Sprintf("%s %d", word(a.Allowed), a.Rule)
	}
	if got != want {
		t.Errorf("%s: %s, want %s (%s)", question, got, want, a.Why)
	}
}

func TestRulesThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"rules:\n- allow: publish\n  topic: [a]\n":        "line 3",
		"rules:\n- topics: [a]\n":                         "Line 2 of the rules file, rule 1: a rule has either allow or deny",
		"rules:\n- {allow: publish, deny: all}\n":         "either allow or deny",
		"rules:\n- allow: publish\n- allow: write\n":      "Line 3 of the rules file, rule 2",
		"rules:\n- {allow: all, topics: ['a/#/b']}\n":     "no topic filter",
		"rules:\n- {allow: all, topics: ['a/${x}']}\n":    "no variable",
		"rules:\n- {allow: all, topics: ['a/${x']}\n":     "no variable",
		"rules:\n- {allow: all, topics: []}\n":            "topics is empty",
		"rules:\n- {allow: all, users: []}\n":             "users is empty",
		"rules:\n- {allow: all, addresses: [plant]}\n":    "no address",
		"rules:\n- {allow: all, qos: [3]}\n":              "qos: 3",
		"rules:\n- {deny: subscribe, retain: true}\n":     "retain is of messages",
		"default: maybe\n":                                "wants allow or deny",
		"rules: {a: b}\n":                                 "line 1",
		"rules:\n- {allow: all, topics: ['eq  a/#/b']}\n": "no topic filter",
	} {
		if _, err := ParseRules([]byte(text)); err == nil || !strings.Contains(fault.UserMessage(err), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What a subscription that is allowed brings is allowed by the rule, and what a rule
// denies is brought by no subscription that passes it.
func TestCoversAndOverlapsAgainstMatch(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	words := []string{"a", "b", "$s", ""}
	path := func(filter bool) string {
		var levels []string
		for range 1 + r.IntN(3) {
			l := words[r.IntN(len(words))]
			if filter && r.IntN(3) == 0 {
				l = "+"
			}
			levels = append(levels, l)
		}
		if filter && r.IntN(3) == 0 {
			levels = append(levels, "#")
			if r.IntN(6) == 0 {
				levels = levels[len(levels)-1:]
			}
		}
		return strings.Join(levels, "/")
	}
	var names []string
	for range 100 {
		if n := path(false); n != "" {
			names = append(names, n)
		}
	}
	w := &Who{Identity: &Identity{}}
	for range 10_000 {
		ours, theirs := path(true), path(true)
		if ours == "" || theirs == "" {
			continue
		}
		p, err := parsePattern(ours)
		if err != nil {
			t.Fatal(err)
		}
		covers, overlaps := p.covers([]byte(theirs), w), p.overlaps([]byte(theirs), w)
		shared, missed := false, false
		for _, name := range names {
			mine, its := topic.Match(ours, name), topic.Match(theirs, name)
			if mine != p.matches([]byte(name), w) {
				t.Fatalf("seed %d: %q matches %q: %v", seed, ours, name, !mine)
			}
			shared = shared || mine && its
			missed = missed || its && !mine
		}
		if covers && missed {
			t.Fatalf("seed %d: %q is said to cover %q", seed, ours, theirs)
		}
		if shared && !overlaps {
			t.Fatalf("seed %d: %q is said not to overlap %q", seed, ours, theirs)
		}
		if covers && !overlaps && shared {
			t.Fatalf("seed %d: %q covers and does not overlap %q", seed, ours, theirs)
		}
	}
}

func TestClientsThatTheSameRulesConcernShareThem(t *testing.T) {
	rules, err := ParseRules([]byte("rules:\n- {allow: publish, topics: ['${clientid}/#']}\n- {deny: all, users: [anna]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	a := rules.RightsOf(Who{Identity: anonymous, ClientID: "a"})
	b := rules.RightsOf(Who{Identity: anonymous, ClientID: "b"})
	if &a.rules[0] != &b.rules[0] || len(a.rules) != 1 {
		t.Error("each has a list of its own")
	}
	if !a.MayPublish([]byte("a/x"), 0, false) || a.MayPublish([]byte("b/x"), 0, false) {
		t.Error("but the names are each one's own")
	}
}

func FuzzRules(f *testing.F) {
	f.Add([]byte("default: deny\nrules:\n- {allow: all, topics: ['a/${clientid}/%u/#', 'eq +'], qos: [0,1], addresses: [10.0.0.0/8]}\n"), "a/+/#", "client")
	f.Add([]byte("rules: [{deny: publish, users: ['a*b*'], retain: true}]"), "$SYS/#", "+")
	f.Fuzz(func(t *testing.T, file []byte, filter, client string) {
		rules, err := ParseRules(file)
		if err != nil || topic.ValidFilter([]byte(filter)) != nil {
			return
		}
		w := Who{Identity: &Identity{Username: client}, ClientID: client}
		g := rules.RightsOf(w)
		if g == nil {
			return
		}
		g.MaySubscribe([]byte(filter), 1)
		if topic.ValidName([]byte(filter)) == nil {
			// A filter without wildcards brings one name: allowed by a rule, it may be
			// nothing that the same rule's pattern does not match.
			for _, r := range g.rules {
				if r.holds([]byte(filter), &w) != r.matches([]byte(filter), &w) {
					t.Fatalf("%q: holds and matches differ for line %d", filter, r.line)
				}
			}
		}
	})
}

func benchRights(b *testing.B) *Rights {
	var text strings.Builder
	text.WriteString("rules:\n")
	for i := range 19 {
		fmt.Fprintf(&text, "- {allow: all, topics: ['plant/line-%d/+/${clientid}/#']}\n", i)
	}
	text.WriteString("- {allow: publish, topics: ['plant/+/${clientid}/state']}\n")
	rules, err := ParseRules([]byte(text.String()))
	if err != nil {
		b.Fatal(err)
	}
	return rules.RightsOf(Who{Identity: anonymous, ClientID: "press-1"})
}

// BenchmarkMayPublish is a message that the last of twenty rules allows.
func BenchmarkMayPublish(b *testing.B) {
	g, name := benchRights(b), []byte("plant/hall-7/press-1/state")
	b.ReportAllocs()
	for b.Loop() {
		if !g.MayPublish(name, 1, false) {
			b.Fatal("denied")
		}
	}
}
