package loop

import "testing"

// What a burst needed is kept for the next one, within bounds, and freed when none
// comes.
func TestSparesAreKeptWhileTheyAreNeeded(t *testing.T) {
	var s spares
	burst := func(n, size int) {
		var out [][]byte
		for range n {
			out = append(out, append(s.take(), make([]byte, size)...))
		}
		for _, b := range out {
			s.give(b)
		}
	}
	rest := func() {
		for range trimTicks {
			s.tick()
		}
	}
	burst(10_000, newCap)
	if len(s.list) != 10_000 {
		t.Fatal("kept", len(s.list))
	}
	rest() // all of them were needed since the last look
	for range 3 {
		burst(100, newCap)
		rest()
		if len(s.list) != 100 {
			t.Fatal("a hundred are needed, kept", len(s.list))
		}
	}
	if rest(); len(s.list) != 0 || s.bytes != 0 {
		t.Fatal("nobody needed", len(s.list), "of", s.bytes, "bytes")
	}
	burst(100, keepCap/2)
	if s.bytes > keepBytes || len(s.list) < 10 {
		t.Fatal(len(s.list), "of", s.bytes, "bytes")
	}
	burst(1, keepCap+1)
	if s.bytes > keepBytes {
		t.Fatal(s.bytes)
	}
}
