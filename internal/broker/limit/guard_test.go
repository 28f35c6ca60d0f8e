package limit

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/millrace/millrace/internal/testkit"
)

func TestGuard(t *testing.T) {
	var g Guard
	now := int64(0)
	testkit.Script(t, "guard.txt", func(w []string) string {
		if w[0] == "limit" {
			g = Guard{Limit: uint64(number(w[1]))}
			return ""
		}
		if w[0] == "used" {
			now += Hold
		}
		s, cut := g.Decide(uint64(number(w[1])), now)
		return fmt.Sprintf("%s %d", s, cut)
	})
}

// The cut is made, by less than one byte a queue too much, and no queue that is
// shorter than another loses anything while that one stays longer.
func TestTheLongestAreCut(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 1000 {
		sizes, total := make([]int, 1+r.IntN(20)), 0
		for i := range sizes {
			sizes[i] = r.IntN(1000)
			total += sizes[i]
		}
		cut := r.IntN(total + 1)
		keep, got := Longest(sizes, cut), 0
		for _, n := range sizes {
			got += max(n-keep, 0)
		}
		if got < cut || got > cut+len(sizes) {
			t.Fatalf("%v cut by %d: all keep %d, which cuts %d", sizes, cut, keep, got)
		}
	}
}
