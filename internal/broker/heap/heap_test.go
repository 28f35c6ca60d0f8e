package heap

import (
	"math/rand/v2"
	"slices"
	"testing"
)

type guest struct {
	due  int
	slot int
}

func (g *guest) Before(o *guest) bool { return g.due < o.due }
func (g *guest) Slot() *int           { return &g.slot }

// Whoever comes, goes and changes its mind: the first is who is due first, and each member
// knows its place.
func TestTheFirstIsInFront(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	guests := make([]guest, 40)
	in := map[*guest]bool{}
	var h Heap[*guest]
	for range 20_000 {
		g := &guests[rnd.IntN(len(guests))]
		if rnd.IntN(3) == 0 {
			h.Remove(g)
			delete(in, g)
		} else {
			g.due = rnd.IntN(100)
			h.Set(g)
			in[g] = true
		}
		first, ok := h.First()
		if h.Len() != len(in) || ok != (len(in) > 0) {
			t.Fatalf("%d members, want %d", h.Len(), len(in))
		}
		for i, m := range h.All() {
			if !in[m] || m.slot != i+1 || m.due < first.due {
				t.Fatalf("place %d has %+v, the first is %+v", i, *m, *first)
			}
		}
	}
	for i := range guests {
		if g := &guests[i]; (g.slot > 0) != in[g] {
			t.Errorf("%+v, in %t", *g, in[g])
		}
	}
}

// They leave in order.
func TestTheyLeaveInOrder(t *testing.T) {
	var h Heap[*guest]
	for due := range 100 {
		h.Set(&guest{due: due * 37 % 101})
	}
	var got []int
	for g, ok := h.First(); ok; g, ok = h.First() {
		got = append(got, g.due)
		h.Remove(g)
	}
	if len(got) != 100 || !slices.IsSorted(got) {
		t.Error(got)
	}
}
