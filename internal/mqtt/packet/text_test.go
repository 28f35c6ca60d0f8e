package packet

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

// A text is UTF-8 without NUL, wherever in it the byte stands that makes it something else.
func TestTextIsFoundOut(t *testing.T) {
	plain := func(b []byte) bool { return utf8.Valid(b) && !bytes.Contains(b, []byte{0}) }
	for n := range 40 {
		for at := range n {
			for c := range 256 {
				b := bytes.Repeat([]byte{0x7f}, n)
				b[at] = byte(c)
				if text(b) != plain(b) {
					t.Fatalf("%q is %v", b, text(b))
				}
			}
			b := bytes.Repeat([]byte{1}, n)
			b[at] = 0
			if text(b) {
				t.Fatalf("%q is text", b)
			}
		}
	}
	for _, b := range []string{"", "größer/µ/温度", "\xed\xa0\x80 a surrogate", "\xff\xff\xff\xff\xff\xff\xff\xff"} {
		if text([]byte(b)) != plain([]byte(b)) {
			t.Errorf("%q is %v", b, text([]byte(b)))
		}
	}
}
