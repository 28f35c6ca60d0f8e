package access

import (
	"os"
	"strings"
	"testing"
)

func TestRulesThatNeverAllowTheirOwnTopics(t *testing.T) {
	for text, want := range map[string]string{
		"- {deny: subscribe, topics: [plant/secret/#]}\n- {allow: subscribe, topics: [plant/+/state]}":                             "Rule 2, line 3, never allows a subscription to plant/+/state itself: rule 1",
		"- {deny: all, topics: [a]}\n- {allow: all, topics: [b, a], users: [anna]}":                                                "a itself: rule 1",
		"- {deny: subscribe, topics: [plant/+/recipe]}\n- {allow: subscribe, topics: [plant/+/state]}":                             "",
		"- {deny: publish, topics: [plant/secret/#]}\n- {allow: subscribe, topics: [plant/+/state]}":                               "",
		"- {deny: subscribe, topics: [plant/secret/#], groups: [guests]}\n- {allow: subscribe, topics: [plant/+/state]}":           "",
		"- {allow: subscribe, topics: [plant/#]}\n- {deny: subscribe, topics: [plant/a]}\n- {allow: subscribe, topics: [plant/+]}": "",
		"- {deny: subscribe, topics: ['eq #']}\n- {allow: subscribe, topics: ['#']}":                                               "# itself: rule 1",
		"- {deny: subscribe, topics: [a], groups: [g]}\n- {allow: subscribe, topics: [a], groups: [g]}":                            "a itself: rule 1",
		"- {deny: subscribe, topics: ['plant/${clientid}/x']}\n- {allow: subscribe, topics: [plant/+/x, 'plant/${clientid}/+']}":   "",
	} {
		r, err := ParseRules([]byte("rules:\n" + text + "\n"))
		if err != nil {
			t.Fatal(text, err)
		}
		said := strings.Join(doubts(r.list), "\n")
		if (want == "") != (said == "") || !strings.Contains(said, want) {
			t.Errorf("%s:\n%q", text, said)
		}
	}
}

// The guide's example does what the guide says.
func TestTheGuidesRules(t *testing.T) {
	guide, err := os.ReadFile("../../docs/guides/access.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(guide), "```yaml\n")
	text, _, _ := strings.Cut(rest, "```")
	r, err := ParseRules([]byte(text))
	if err != nil || len(r.list) == 0 {
		t.Fatal(err, text)
	}
	if said := doubts(r.list); len(said) > 0 {
		t.Error(said)
	}
	for _, line := range []string{
		"publish plant/press-1/t client=press-1 → allow 1",
		"publish plant/press-2/t client=press-1 → deny default",
		"publish elsewhere groups=guests retain → deny 2",
		"subscribe plant/+/recipe groups=dashboards ip=10.1.2.3 → deny 3",
		"subscribe plant/+/state groups=dashboards ip=10.1.2.3 → allow 4",
		"subscribe plant/+/state groups=dashboards ip=10.2.2.3 → deny default",
		"subscribe plant/# groups=dashboards ip=10.1.2.3 → deny 3",
	} {
		askScript(t, r, line)
	}
}
