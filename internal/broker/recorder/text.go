package recorder

import (
	"encoding/binary"
	"hash/fnv"
	"strconv"
)

// A text is written as its length and its bytes, in whole words.
func textSize(text []byte) int { return (4 + min(len(text), longestText) + 7) &^ 7 }

func writeText(b, text []byte) {
	if len(text) > longestText {
		text = []byte(Cut(string(text)))
	}
	b[0], b[1] = byte(kindText), 0
	binary.LittleEndian.PutUint16(b[2:], uint16(len(text)))
	copy(b[4:], text)
}

// Cut is a text as the recorder has it: of a long one the beginning, and a hash of the
// whole that keeps it apart from others.
func Cut(text string) string {
	if len(text) <= longestText {
		return text
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	sum := "…" + strconv.FormatUint(h.Sum64(), 36)
	return text[:longestText-len(sum)] + sum
}
