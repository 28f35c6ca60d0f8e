package broker

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// A set of filters holds what a map would, in their order.
func TestAFilterSetIsAMapInOrder(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	var set *filterSet
	want := map[string]*subscription{}
	for range 5000 {
		s := &subscription{filter: fmt.Sprint("f/", rnd.IntN(40))}
		if rnd.IntN(2) == 0 {
			set, want[s.filter] = set.put(s), s
		} else {
			set.remove(s.filter)
			delete(want, s.filter)
		}
		if set.get(s.filter) != want[s.filter] || set.len() != len(want) {
			t.Fatalf("%s: %v among %d, want %v among %d", s.filter, set.get(s.filter), set.len(), want[s.filter], len(want))
		}
		for i, s := range set.list() {
			if want[s.filter] != s || i > 0 && set.list()[i-1].filter >= s.filter {
				t.Fatalf("%s stands at %d", s.filter, i)
			}
		}
	}
}
