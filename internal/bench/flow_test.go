package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// said writes what a flow found after n messages were sent.
func (f *flow) said(n uint64) string {
	return fmt.Sprintf("seen %d lost %d doubled %d disordered %d", f.seen, f.lost(n), f.doubled, f.disordered)
}

func TestFlowTellsLossDoublesAndOrderApart(t *testing.T) {
	for _, c := range []struct {
		name string
		seqs string
		sent uint64
		want string
	}{
		{"in order", "0 1 2 3", 4, "seen 4 lost 0 doubled 0 disordered 0"},
		{"nothing", "", 3, "seen 0 lost 3 doubled 0 disordered 0"},
		{"one lost in the middle", "0 1 3", 4, "seen 3 lost 1 doubled 0 disordered 0"},
		{"the first lost", "1 2", 3, "seen 2 lost 1 doubled 0 disordered 0"},
		{"the last lost", "0 1", 3, "seen 2 lost 1 doubled 0 disordered 0"},
		{"doubled at once", "0 1 1 2", 3, "seen 3 lost 0 doubled 1 disordered 0"},
		{"doubled later", "0 1 2 0", 3, "seen 3 lost 0 doubled 1 disordered 0"},
		{"swapped", "0 2 1 3", 4, "seen 4 lost 0 doubled 0 disordered 1"},
		{"late and doubled", "0 2 1 1 3", 4, "seen 4 lost 0 doubled 1 disordered 1"},
		{"a gap filled from its middle", "0 5 3 1 4 2", 6, "seen 6 lost 0 doubled 0 disordered 4"},
		{"a gap half filled", "9 4", 10, "seen 2 lost 8 doubled 0 disordered 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var f flow
			for _, word := range strings.Fields(c.seqs) {
				var seq uint64
				fmt.Sscan(word, &seq)
				f.take(seq)
			}
			if got := f.said(c.sent); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// The flow against a plain set, on streams that are dropped from, doubled and
// shuffled at random.
func TestFlowAgreesWithASet(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		sent := r.Uint64N(200)
		var f flow
		seen := map[uint64]bool{}
		var high, doubled, disordered uint64
		for _, seq := range crooked(r, sent) {
			switch {
			case seen[seq]:
				doubled++
			case len(seen) > 0 && seq < high:
				disordered++
			}
			seen[seq], high = true, max(high, seq)
			f.take(seq)
		}
		want := fmt.Sprintf("seen %d lost %d doubled %d disordered %d", len(seen), sent-uint64(len(seen)), doubled, disordered)
		if got := f.said(sent); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

func crooked(r *rand.Rand, sent uint64) []uint64 {
	var seqs []uint64
	for seq := range sent {
		for n := r.IntN(10); n > 0 && n < 9 || n == 9 && len(seqs) > 0; n = 0 {
			seqs = append(seqs, seq)
			if n == 9 {
				seqs = append(seqs, seqs[r.IntN(len(seqs))])
			}
		}
	}
	for range r.IntN(20) {
		if len(seqs) > 5 {
			i := r.IntN(len(seqs) - 5)
			r.Shuffle(5, func(a, b int) { seqs[i+a], seqs[i+b] = seqs[i+b], seqs[i+a] })
		}
	}
	return seqs
}

func TestFlowBoundsWhatItRemembers(t *testing.T) {
	var f flow
	const n = 3 * maxSpans
	for seq := uint64(0); seq < n; seq += 2 {
		f.take(seq)
	}
	if len(f.missing) > maxSpans || f.lost(n) != n/2 {
		t.Fatalf("%d gaps, %s", len(f.missing), f.said(n))
	}
}

func BenchmarkFlowInOrder(b *testing.B) {
	var f flow
	b.ReportAllocs()
	for seq := uint64(0); b.Loop(); seq++ {
		f.take(seq)
	}
}
