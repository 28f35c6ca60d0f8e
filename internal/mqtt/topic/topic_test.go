package topic

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/millrace/millrace/internal/fault"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		filter, name string
		want         bool
	}{
		{"a/b", "a/b", true}, {"a/b", "a/c", false}, {"a/b", "a/b/c", false}, {"a/b/c", "a/b", false},
		{"sport/#", "sport", true}, {"sport/#", "sport/", true}, {"sport/#", "sport/a/b", true}, {"sport/#", "sports", false},
		{"#", "a", true}, {"#", "/", true}, {"+", "a", true}, {"+", "/a", false}, {"+/+", "/a", true}, {"/+", "/a", true},
		{"a/+", "a", false}, {"a/+", "a/", true}, {"a/+/c", "a//c", true}, {"+/b/#", "a/b", true}, {"a/", "a", false},
		{"#", "$SYS/a", false}, {"+/a", "$SYS/a", false}, {"$SYS/#", "$SYS/a", true}, {"$SYS/+", "$SYS/a", true}, {"a/#", "a/$b", true},
		{"$SYS", "$SYS", true}, {"+/#", "a", true},
	} {
		if got := Match(c.filter, c.name); got != c.want {
			t.Errorf("Match(%q, %q) = %v", c.filter, c.name, got)
		}
		var tree Tree[int]
		tree.Add(c.filter, 1)
		if got := len(found(&tree, c.name)) == 1; got != c.want {
			t.Errorf("tree with %q on %q: %v", c.filter, c.name, got)
		}
	}
}

func TestValid(t *testing.T) {
	long := strings.Repeat("a", MaxLength)
	for _, c := range []struct {
		b            string
		name, filter bool
	}{
		{"a", true, true}, {"/", true, true}, {"a//b ä", true, true}, {"", false, false}, {"a\x00b", false, false},
		{"a/+", false, true}, {"+", false, true}, {"+/+/#", false, true}, {"a+", false, false}, {"+a", false, false},
		{"#", false, true}, {"#/a", false, false}, {"a#", false, false}, {"a/#b", false, false}, {"a/#/", false, false},
		{"\xed\xa0\x80", false, false}, {"\xff", false, false}, {long, true, true}, {long + "a", false, false},
	} {
		name, filter := ValidName([]byte(c.b)), ValidFilter([]byte(c.b))
		if (name == nil) != c.name || (filter == nil) != c.filter {
			t.Errorf("%.20q: name %v, filter %v", c.b, name, filter)
		}
		if name != nil && !errors.Is(fault.New(fault.CodeOf(name), ""), fault.New(fault.BadTopicName, "")) {
			t.Errorf("%.20q: %v", c.b, name)
		}
		if filter != nil && fault.CodeOf(filter) != fault.BadTopicFilter {
			t.Errorf("%.20q: %v", c.b, filter)
		}
	}
}

func TestParseShare(t *testing.T) {
	for _, c := range []struct {
		in, group, rest string
		ok              bool
	}{
		{"a/b", "", "a/b", true}, {"$share/g/a/#", "g", "a/#", true}, {"$share/g//", "g", "/", true},
		{"$share/g", "", "", false}, {"$share/g/", "", "", false}, {"$share//a", "", "", false},
		{"$share/+/a", "", "", false}, {"$share/g#/a", "", "", false}, {"$shared/g/a", "", "$shared/g/a", true},
	} {
		group, rest, err := ParseShare([]byte(c.in))
		if string(group) != c.group || string(rest) != c.rest || (err == nil) != c.ok {
			t.Errorf("%q: %q %q %v", c.in, group, rest, err)
		}
	}
}

// The tree and the naive Match agree while filters come and go.
func TestTreeAgainstMatch(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	type pair struct {
		filter string
		v      int
	}
	var tree Tree[int]
	model := map[pair]bool{}
	for range 6_000 {
		p := pair{randomPath(r, true), r.IntN(3)}
		if r.IntN(2) == 0 {
			if tree.Add(p.filter, p.v) == model[p] {
				t.Fatalf("Add %v", p)
			}
			model[p] = true
		} else {
			if tree.Remove(p.filter, p.v) != model[p] {
				t.Fatalf("Remove %v", p)
			}
			delete(model, p)
		}
		name := randomPath(r, false)
		var want []int
		for p := range model {
			if Match(p.filter, name) {
				want = append(want, p.v)
			}
		}
		slices.Sort(want)
		if got := found(&tree, name); !slices.Equal(got, want) {
			t.Fatalf("%q: got %v, want %v", name, got, want)
		}
	}
	each := 0
	tree.Each(func(f string, v int) {
		if each++; !model[pair{f, v}] {
			t.Fatalf("Each names %q %d", f, v)
		}
	})
	if each != len(model) || tree.Len() != len(model) {
		t.Fatalf("%d pairs, Len %d, want %d", each, tree.Len(), len(model))
	}
	distinct := map[string]bool{}
	for p := range model {
		distinct[p.filter] = true
	}
	if tree.Filters() != len(distinct) {
		t.Fatalf("Filters %d, want %d", tree.Filters(), len(distinct))
	}
	for p := range model {
		tree.Remove(p.filter, p.v)
	}
	if tree.Len() != 0 || tree.Filters() != 0 || tree.root.children.Load() != nil || tree.root.single.Load() != nil {
		t.Fatal("an empty tree still holds nodes")
	}
}

func TestDeepestTopic(t *testing.T) {
	deep := strings.Repeat("/", MaxLength)
	single := strings.Repeat("+/", MaxLength/2) + "#"
	var tree Tree[int]
	for i, f := range []string{deep, single, "#"} {
		if err := ValidFilter([]byte(f)); err != nil {
			t.Fatal(err)
		}
		tree.Add(f, i)
	}
	if got := found(&tree, deep); !slices.Equal(got, []int{0, 1, 2}) {
		t.Fatal(got)
	}
	for i, f := range []string{deep, single, "#"} {
		tree.Remove(f, i)
	}
	if tree.Len() != 0 || tree.root.single.Load() != nil || tree.root.children.Load() != nil {
		t.Fatal("levels stay")
	}
}

// Filters of every mix of a name's levels and + all match it, each once.
func TestWildcardStorm(t *testing.T) {
	const levels = 10
	var tree Tree[int]
	for mask := range 1 << levels {
		parts := make([]string, levels)
		for i := range parts {
			parts[i] = [...]string{"a", "+"}[mask>>i&1]
		}
		tree.Add(strings.Join(parts, "/"), mask)
	}
	got := found(&tree, strings.TrimSuffix(strings.Repeat("a/", levels), "/"))
	if len(got) != 1<<levels || len(slices.Compact(got)) != 1<<levels {
		t.Fatalf("%d of %d", len(got), 1<<levels)
	}
}

func TestManyValuesOnOneFilter(t *testing.T) {
	const n = 2000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var tree Tree[int]
	model := map[int]bool{}
	for range 10 * n {
		v := r.IntN(n)
		if r.IntN(3) > 0 {
			if tree.Add("a/b", v) == model[v] {
				t.Fatalf("Add %d", v)
			}
			model[v] = true
		} else {
			if tree.Remove("a/b", v) != model[v] {
				t.Fatalf("Remove %d", v)
			}
			delete(model, v)
		}
	}
	got := found(&tree, "a/b")
	if len(got) != len(model) {
		t.Fatalf("%d values, want %d", len(got), len(model))
	}
	for _, v := range got {
		if !model[v] {
			t.Fatalf("%d is there", v)
		}
	}
}

// A filter that stays is found by every read, whatever else changes.
func TestReadersSeeWhatStays(t *testing.T) {
	var tree Tree[int]
	tree.Add("a/+/c", -1)
	tree.Add("a/b/c", -2)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				f := "a/" + strconv.Itoa(i%50) + "/c"
				tree.Add(f, w)
				tree.Add("a/b/c", w*1000+i%100)
				tree.Remove(f, w)
				tree.Remove("a/b/c", w*1000+(i+50)%100)
			}
		})
	}
	for range 20_000 {
		stays := 0
		tree.Match([]byte("a/b/c"), func(v int) {
			if v < 0 {
				stays++
			}
		})
		if stays != 2 {
			t.Errorf("saw %d of 2", stays)
			break
		}
	}
	close(stop)
	writers.Wait()
}

func found(tree *Tree[int], name string) []int {
	var got []int
	tree.Match([]byte(name), func(v int) { got = append(got, v) })
	slices.Sort(got)
	return got
}

func randomPath(r *rand.Rand, filter bool) string {
	levels := []string{"a", "b", "", "$x", "+", "#"}
	n := 1 + r.IntN(4)
	var parts []string
	for i := range n {
		k := 4
		if filter {
			k = 5
			if i == n-1 {
				k = 6
			}
		}
		parts = append(parts, levels[r.IntN(k)])
	}
	if p := strings.Join(parts, "/"); p != "" {
		return p
	}
	return "a"
}

func FuzzFilter(f *testing.F) {
	f.Add("a/+/#", "a/b/c")
	f.Add("$share/g/+", "$SYS")
	f.Add("/", "//")
	f.Fuzz(func(t *testing.T, filter, name string) {
		_, _, _ = ParseShare([]byte(filter))
		if ValidFilter([]byte(filter)) != nil || ValidName([]byte(name)) != nil {
			return
		}
		var tree Tree[int]
		tree.Add(filter, 1)
		if (len(found(&tree, name)) == 1) != Match(filter, name) {
			t.Fatalf("tree and Match differ on %q, %q", filter, name)
		}
		if !tree.Remove(filter, 1) || len(found(&tree, name)) != 0 {
			t.Fatalf("%q stays", filter)
		}
	})
}

func plantTree(n int) *Tree[int] {
	var tree Tree[int]
	for i := range n {
		switch f := fmt.Sprintf("volta/plant%d/area%d/line%d/cell/machine%d/temp", i%4, i%7, i%100, i); {
		case i%100 == 0:
			tree.Add(fmt.Sprintf("volta/+/area%d/line%d/#", i%7, i), i)
		case i%10 == 0:
			tree.Add(fmt.Sprintf("volta/+/area%d/+/cell/machine%d/temp", i%7, i), i)
		default:
			tree.Add(f, i)
		}
	}
	return &tree
}

func BenchmarkTreeMatch100k(b *testing.B) {
	tree := plantTree(100_000)
	names := make([][]byte, 4096)
	for i := range names {
		k := i * 23
		names[i] = fmt.Appendf(nil, "volta/plant%d/area%d/line%d/cell/machine%d/temp", k%4, k%7, k%100, k)
	}
	hits, i := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		tree.Match(names[i&4095], func(int) { hits++ })
		i++
	}
	b.ReportMetric(float64(hits)/float64(i), "hits/op")
}

func BenchmarkTreeAddRemove100k(b *testing.B) {
	tree := plantTree(100_000)
	b.ReportAllocs()
	for b.Loop() {
		tree.Add("volta/plant1/area1/line1/cell/machineX/temp", 1)
		tree.Remove("volta/plant1/area1/line1/cell/machineX/temp", 1)
	}
}

func BenchmarkValidName(b *testing.B) {
	name := []byte("volta/plant1/electrode/line1/coating/coater1/process")
	b.ReportAllocs()
	for b.Loop() {
		_ = ValidName(name)
	}
}
