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

// A plain name is text without wildcards; what is none may be a name all the same.
func TestPlainNamesAreFoundOut(t *testing.T) {
	for n := 8; n < 40; n++ {
		for at := range n {
			for c := range 256 {
				b := bytes.Repeat([]byte{'/'}, n)
				b[at] = byte(c)
				if plain := c > 0 && c < 0x80 && c != '+' && c != '#'; plainName(b) != plain {
					t.Fatalf("%q is %v", b, !plain)
				}
			}
		}
	}
	for n := range 8 {
		if plainName(make([]byte, n)) {
			t.Errorf("%d bytes are a plain name", n)
		}
	}
}
