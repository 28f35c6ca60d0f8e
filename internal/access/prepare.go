package access

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// prepare brings a name or password into the one form in which SCRAM compares it
// (SASLprep, RFC 4013): other spaces become the space, what is not seen goes, and
// compatible characters become one. Control characters are refused.
func prepare(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("is not valid UTF-8")
	}
	s = norm.NFKC.String(strings.Map(mapRune, s))
	for _, r := range s {
		if forbidden(r) {
			return "", fmt.Errorf("has the character %U, which is not allowed", r)
		}
	}
	return s, nil
}

func mapRune(r rune) rune {
	switch {
	case r == 0xAD, r == 0x34F, r == 0x1806, r >= 0x180B && r <= 0x180D, r >= 0x200B && r <= 0x200D, r == 0x2060, r >= 0xFE00 && r <= 0xFE0F, r == 0xFEFF:
		return -1
	case unicode.Is(unicode.Zs, r):
		return ' '
	}
	return r
}

// forbidden are the prohibited characters of RFC 4013 section 2.3.
func forbidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Cf, r) || r&0xFFFE == 0xFFFE ||
		r >= 0xFDD0 && r <= 0xFDEF || r >= 0xFFF9 && r <= 0xFFFD || r >= 0x2FF0 && r <= 0x2FFB || r == 0x2028 || r == 0x2029
}
