package record

import (
	"encoding/binary"
	"hash/crc32"
	"hash/fnv"
)

// Trail is what was written down of a session, as what is written next says it.
type Trail struct {
	session uint32 // checksum of the newest s
	filters uint32 // of all f since the one that has all filters
}

// wroteSession notes the record s.
func (t *Trail) wroteSession(b []byte) { t.session = crc32.Checksum(b, castagnoli) }

// wroteFilters notes a record f.
func (t *Trail) wroteFilters(b []byte) {
	if len(b) > 1 && b[1]&allFilters != 0 {
		t.filters = 0
	}
	t.filters = crc32.Update(t.filters, castagnoli, b)
}

func (t *Trail) sum() uint32 { return t.session*31 + t.filters }

// sealed is the first byte of a progress behind a seal; that of one without is its version.
const sealed = 0xff

// sealBytes are those before a progress: sealed, turn and checksum.
const sealBytes = 6

// Seal appends to dst what stands before the session's progress. turn is the number of the
// flush, for this session; names are the checksum of the names of the streams that the
// progress knows.
func (t *Trail) Seal(dst []byte, turn uint8, names uint32) []byte {
	return binary.LittleEndian.AppendUint32(append(dst, sealed, turn), t.sum()+names)
}

// NextTurn is the number of the flush behind that one. 0 is none.
func NextTurn(turn uint8) uint8 { return turn%255 + 1 }

// SumOfNames is the checksum of the streams' names.
func SumOfNames(names []string) uint32 { return crc32.Checksum(AppendNames(nil, names), castagnoli) }

// openSeal takes a progress apart; ok is false for one without a seal.
func openSeal(b []byte) (turn uint8, sum uint32, progress []byte, ok bool) {
	if len(b) < sealBytes || b[0] != sealed {
		return 0, 0, b, false
	}
	return b[1], binary.LittleEndian.Uint32(b[2:]), b[sealBytes:], true
}

// hashOf is how an Index names a session.
func hashOf(id string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return h.Sum32()
}
