package say

import "unicode/utf8"

// Cut is the text in no more than so many bytes: a longer one ends with a character and a
// sign that there was more.
func Cut[T string | []byte](text T, most int) string {
	if len(text) <= most {
		return string(text)
	}
	const sign = "…"
	s := string(text[:most-len(sign)])
	for len(s) > 0 {
		if r, n := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || n != 1 {
			break
		}
		s = s[:len(s)-1] // half a character
	}
	return s + sign
}
