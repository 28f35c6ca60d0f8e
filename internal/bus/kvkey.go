package bus

import (
	"strings"

	"github.com/millrace/millrace/internal/fault"
)

const maxKey = 512 // bytes of a key

// checkKey refuses what no bucket takes.
func checkKey(key string) error {
	if key == "" || len(key) > maxKey {
		return fault.New(fault.Invalid, "A key has 1 to %d bytes, not %d.", maxKey, len(key))
	}
	return nil
}

const hexDigits = "0123456789ABCDEF"

// plainByte says whether c stands for itself in the engine's keys.
func plainByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '/'
}

// escapeKey writes any key in the engine's alphabet: a byte outside it becomes =XX.
func escapeKey(key string) string {
	var b strings.Builder
	for i := range len(key) {
		if c := key[i]; plainByte(c) {
			b.WriteByte(c)
		} else {
			b.WriteByte('=')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String()
}

// unescapeKey undoes escapeKey; ok is false for what escapeKey never writes.
func unescapeKey(s string) (key string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '=' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		hi, lo := strings.IndexByte(hexDigits, s[i+1]), strings.IndexByte(hexDigits, s[i+2])
		if hi < 0 || lo < 0 {
			return "", false
		}
		b.WriteByte(byte(hi<<4 | lo))
		i += 2
	}
	return b.String(), true
}
