package rewrite

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

func compile(t testing.TB, rules ...Rule) *Rules {
	t.Helper()
	r, err := Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var some = []Rule{
	{All, "y/+/z/#", `^y/(.+)/z/(.+)$`, "y/z/$2"},
	{Publish, "old/#", `^old/(\w+)$`, "plant/${clientid}/$1"},
	{Publish, "old/#", `^old/(.*)$`, "rest/%u/$1"},
	{Subscribe, "mine", ``, "users/${username}/%c/#"},
	{Publish, "later", ``, "$delayed/5/x"},
	{Publish, "never", ``, "$SYS/x"},
	{All, "wide", ``, "a/+/b"},
	{Publish, "maybe/#", `^maybe/(a)?`, "m$1"},
	{Publish, "gone/#", `^gone/(.*)`, "$1"},
}

func TestRules(t *testing.T) {
	r := compile(t, some...)
	for _, c := range []struct{ action, from, want string }{
		{"publish", "y/a/z/b", "y/z/b"},
		{"publish", "y/a/z/b/c", "y/z/b/c"},
		{"publish", "y/def", "y/def"},
		{"publish", "old/temp", "plant/c1/temp"},
		{"publish", "old/temp/x", "rest/ann/temp/x"}, // the first whose expression matches, too
		{"publish", "later", "$delayed/5/x"},
		{"publish", "never", "forbidden"},
		{"publish", "wide", "topic_name_invalid"},
		{"publish", "maybe/b", "m"},
		{"publish", "gone/", "topic_name_invalid"},
		{"publish", "mine", "mine"},
		{"subscribe", "y/+/z/#", "y/z/#"},
		{"subscribe", "$share/g/y/+/z/#", "$share/g/y/z/#"},
		{"subscribe", "$queue/y/a/z/b", "$queue/y/z/b"},
		{"subscribe", "$exclusive/y/a/z/b", "$exclusive/y/z/b"},
		{"subscribe", "old/temp", "old/temp"},
		{"subscribe", "mine", "users/ann/c1/#"},
		{"subscribe", "wide", "a/+/b"},
		{"subscribe", "#", "#"},
	} {
		f := r.Publish
		if c.action == "subscribe" {
			f = r.Subscribe
		}
		got, _, err := f(c.from, Client{"c1", "ann"})
		if err != nil {
			got = fault.CodeOf(err).String()
		}
		if got != c.want {
			t.Errorf("%s %s: %s, want %s", c.action, c.from, got, c.want)
		}
	}
}

func TestAClientsNameWidensNothing(t *testing.T) {
	r := compile(t, some...)
	for _, who := range []Client{{"#", "ann"}, {"c1", "+"}, {"a+b", ""}} {
		if to, _, err := r.Subscribe("mine", who); err == nil {
			t.Errorf("%+v subscribes to %s", who, to)
		}
	}
}

func TestWrongRulesAreNamed(t *testing.T) {
	for want, rule := range map[string]Rule{
		"rule 2: The action":     {"both", "a", "", "b"},
		"stands alone":           {All, "a/#/b", "", "b"},
		"begin with $":           {All, "$SYS/#", "", "b"},
		"not one of RE2":         {All, "a", "(?=a)", "b"},
		"has 1 groups":           {All, "a", "(a)", "b/$2"},
		"destination is empty":   {All, "a", "a", ""},
		"at least one character": {All, "", "a", "b"},
	} {
		if _, err := Compile([]Rule{some[0], rule}); err == nil || !strings.Contains(fault.UserMessage(err), want) {
			t.Errorf("%+v: %v, want %q", rule, err, want)
		}
	}
}

func TestLongResults(t *testing.T) {
	r := compile(t, Rule{All, "#", `^(.*)$`, "$1/$1/$1"})
	if _, _, err := r.Publish(strings.Repeat("a", topic.MaxLength/2), Client{}); fault.CodeOf(err) != fault.BadTopicName {
		t.Error(err)
	}
}

// The cache answers as the rules do, for every client, and stays bounded.
func TestCache(t *testing.T) {
	r := compile(t, some...)
	k := NewCache(r)
	for round := range 3 {
		for i := range cacheEntries {
			name, who := fmt.Sprintf("old/t%d", i%5000), Client{fmt.Sprint("c", i%7), "ann"}
			want, _, _ := r.Publish(name, who)
			if got, err := k.Publish([]byte(name), who); err != nil || string(got) != want {
				t.Fatalf("round %d: %s, %v, want %s", round, got, err, want)
			}
		}
		if _, err := k.Publish([]byte("never"), Client{}); err == nil {
			t.Fatal("no error from the cache")
		}
	}
	if len(k.known) > cacheEntries {
		t.Errorf("%d entries", len(k.known))
	}
	if got, _ := k.Publish([]byte(strings.Repeat("x", cacheEntry+1)), Client{}); len(got) != cacheEntry+1 {
		t.Errorf("got %s", got)
	}
}

func FuzzRewrite(f *testing.F) {
	f.Add("old/#", `^old/(.*)$`, "new/$1/%c", "old/a/b", "me")
	f.Add("#", ``, "$share/g/${username}", "$queue/a", "+")
	f.Fuzz(func(t *testing.T, source, regex, destination, from, id string) {
		r, err := Compile([]Rule{{All, source, regex, destination}})
		if err != nil {
			return
		}
		who := Client{id, id}
		if topic.ValidName([]byte(from)) == nil {
			if to, _, err := r.Publish(from, who); err == nil && topic.ValidName([]byte(to)) != nil {
				t.Fatalf("published to %q", to)
			}
		}
		if topic.ValidSubscription([]byte(from)) == nil {
			if to, _, err := r.Subscribe(from, who); err == nil && topic.ValidSubscription([]byte(to)) != nil {
				t.Fatalf("subscribed to %q", to)
			}
		}
	})
}

func BenchmarkCachedPublish(b *testing.B) {
	k := NewCache(compile(b, some[0], some[1], some[2]))
	name, who := []byte("old/temperature"), Client{"device-17", "ann"}
	b.ReportAllocs()
	for range b.N {
		if to, err := k.Publish(name, who); err != nil || len(to) == 0 {
			b.Fatal(err)
		}
	}
}

func BenchmarkUncachedPublish(b *testing.B) {
	r, who := compile(b, some[0], some[1], some[2]), Client{"device-17", "ann"}
	b.ReportAllocs()
	for range b.N {
		_, _, _ = r.Publish("old/temperature", who)
	}
}
