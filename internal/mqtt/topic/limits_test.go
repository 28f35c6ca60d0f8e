package topic

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/fault"
)

func TestLimits(t *testing.T) {
	l := Limits{Levels: 3, Length: 10, Wildcards: 2}
	for _, c := range []struct {
		text         string
		name, filter bool
	}{
		{"a", true, true}, {"a/b/c", true, true}, {"a/b/c/d", false, false}, {"//", true, true}, {"///", false, false},
		{"0123456789", true, true}, {"0123456789a", false, false},
		{"+/a/#", true, true}, {"+/+/+", true, false}, {"+/+/#", true, false},
	} {
		for what, err := range map[bool]error{c.name: l.Name([]byte(c.text)), c.filter: l.Filter([]byte(c.text))} {
			if c.name != c.filter && (err == nil) != what || c.name == c.filter && (err == nil) != c.name {
				t.Errorf("%s: %v", c.text, err)
			}
		}
	}
	if err := l.Name([]byte("a/b/c/d")); fault.CodeOf(err) != fault.BadTopicName {
		t.Error(err)
	}
	if err := l.Filter([]byte("a/b/c/d")); fault.CodeOf(err) != fault.BadTopicFilter {
		t.Error(err)
	}
	if none := (Limits{}); none.Name([]byte(strings.Repeat("/", MaxLength))) != nil || none.Filter([]byte(strings.Repeat("+/", 30000))) != nil {
		t.Error("no limits, and yet refused")
	}
}

// storm fills a tree with every filter of that many levels that is made of + and the
// topic's own level, and ends in a level that the topic does not have: a walk visits
// every node and finds nothing.
func storm(levels int) (tree *Tree[int], name []byte, filters int) {
	tree = new(Tree[int])
	for mask := range 1 << levels {
		parts := make([]string, levels+1)
		for i := range levels {
			if parts[i] = "a"; mask>>i&1 == 1 {
				parts[i] = "+"
			}
		}
		parts[levels] = "none"
		tree.Add(strings.Join(parts, "/"), mask)
	}
	return tree, []byte(strings.Repeat("a/", levels) + "other"), 1 << levels
}

// The walk of a storm of + costs no more for each filter than there are nodes of
// it: two, since 2^n filters have 2^(n+1) nodes.
func TestAStormIsLinearInItsFilters(t *testing.T) {
	for _, levels := range []int{4, 8, 12} {
		tree, name, filters := storm(levels)
		if visited := tree.root.visits(name); visited > 2*filters {
			t.Errorf("%d filters of %d levels: %d nodes visited", filters, levels, visited)
		}
		n := 0
		tree.Match(name, func(int) { n++ })
		if n != 0 {
			t.Errorf("%d found", n)
		}
	}
}

// visits counts the nodes that match walks through.
func (n *node[V]) visits(name []byte) (count int) {
	level, rest, more := cut(name)
	for _, child := range []*node[V]{n.child(level), n.single.Load()} {
		if child != nil {
			if count++; more {
				count += child.visits(rest)
			}
		}
	}
	return count
}

func BenchmarkStorm(b *testing.B) {
	for _, levels := range []int{8, 12, 16} {
		tree, name, filters := storm(levels)
		b.Run(fmt.Sprintf("filters=%d", filters), func(b *testing.B) {
			for range b.N {
				tree.Match(name, func(int) {})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(filters), "ns/filter")
		})
	}
}

// One client's subscriptions: adding and removing one costs the same beside a
// thousand and beside a hundred thousand.
func BenchmarkAddRemoveBeside(b *testing.B) {
	for _, beside := range []int{1_000, 10_000, 100_000} {
		tree := new(Tree[int])
		for i := range beside {
			tree.Add(fmt.Sprintf("plant/%d/line/%d", i%100, i), i)
		}
		b.Run(fmt.Sprint(beside), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				f := fmt.Sprintf("plant/%d/line/x%d", i%100, i)
				tree.Add(f, i)
				tree.Remove(f, i)
			}
		})
	}
}

func BenchmarkNameLimits(b *testing.B) {
	l, name := Limits{Levels: 128, Length: MaxLength}, []byte("plant/hall-4/line-2/press-17/temperature")
	b.ReportAllocs()
	for range b.N {
		if l.Name(name) != nil {
			b.Fatal()
		}
	}
}
