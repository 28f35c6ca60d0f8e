package limit

import (
	"math/rand/v2"
	"testing"
)

// Loops fill a pool and empty it again, in any order: what they hold is never more than
// there is, and one that is alone at last can have nearly all of it.
func TestWhatLoopsReserveIsNeverMoreThanThereIs(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	const most, loops = 1000, 3
	p := NewPool(most, loops)
	var has, uses [loops]int64
	for range 20_000 {
		i := r.IntN(loops)
		switch {
		case r.IntN(3) > 0:
			if n := r.Int64N(50); uses[i]+n <= has[i] {
				uses[i] += n
			}
		default:
			uses[i] -= r.Int64N(uses[i] + 1)
		}
		if r.IntN(2) == 0 {
			has[i] = p.Renew(has[i], uses[i])
		}
		if sum := has[0] + has[1] + has[2]; sum > most || p.reserved.Load() != sum {
			t.Fatalf("seed %d: %v reserved of %d", seed, has, most)
		}
	}
	for i := range has {
		uses[i] = 0
		has[i] = p.Renew(has[i], 0)
	}
	for range 100 {
		for i := range has {
			if i == 0 {
				uses[0] = has[0]
			}
			has[i] = p.Renew(has[i], uses[i])
		}
	}
	if has[0] < most*9/10 {
		t.Errorf("one loop alone has %d of %d", has[0], most)
	}
}
