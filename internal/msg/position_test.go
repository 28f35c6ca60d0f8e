package msg

import "testing"

func TestPositionsAreWrittenAndRead(t *testing.T) {
	for _, p := range []Position{{}, {Seq: 7, Index: 3}, {Seq: 1 << 60, Index: 1<<32 - 1}} {
		if q, ok := ParsePosition(p.String()); !ok || q != p {
			t.Errorf("%v: %v %v", p, q, ok)
		}
	}
	for _, s := range []string{"", "7", ":", "7:", ":3", "-1:0", "7:4294967296", "18446744073709551615:0", "7:3 ", "a:b"} {
		if p, ok := ParsePosition(s); ok {
			t.Errorf("%q is %v", s, p)
		}
	}
	for p, want := range map[Position]Position{{}: {}, {Seq: 1}: {}, {Seq: 7}: {6, 1<<32 - 1}, {Seq: 7, Index: 3}: {7, 2}} {
		if got := p.Before(); got != want {
			t.Errorf("before %v: %v", p, got)
		}
	}
}
