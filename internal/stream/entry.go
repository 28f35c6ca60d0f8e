package stream

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/millrace/millrace/internal/msg"
)

// The entry format, version 1; docs/formats/entry.md has it by the byte.
const (
	headerSize = 48
	groupSize  = 16
	crcFrom    = 8 // the checksum covers everything from here on
	minRecord  = 5 // bytes of the smallest record
)

var magic = [4]byte{'M', 'R', 'E', 1}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// What is wrong with an entry.
var (
	ErrVersion  = errors.New("stream: not an entry of a known version")
	ErrChecksum = errors.New("stream: the entry does not bear its checksum")
	ErrEntry    = errors.New("stream: malformed entry")
)

// Entry is a parsed entry. It points into the bytes it was read from.
type Entry struct {
	// Count is how many messages it holds.
	Count int
	// MinTime and MaxTime bound the messages' times, ns since 1970 UTC.
	MinTime, MaxTime int64
	// Run and Number name the entry: the number counts from 1 within one run of its
	// writer, and a repeat has the run and number of its first sending.
	Run, Number uint64

	topics []byte // Bloom filter
	groups []byte
}

// ReadEntry checks the checksum and parses the head of an entry.
func ReadEntry(b []byte) (Entry, error) {
	if len(b) < headerSize || [4]byte(b) != magic {
		return Entry{}, ErrVersion
	}
	if crc32.Checksum(b[crcFrom:], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return Entry{}, ErrChecksum
	}
	e := Entry{
		Count:   int(binary.LittleEndian.Uint32(b[8:])),
		MinTime: int64(binary.LittleEndian.Uint64(b[16:])),
		MaxTime: int64(binary.LittleEndian.Uint64(b[24:])),
		Run:     binary.LittleEndian.Uint64(b[32:]),
		Number:  binary.LittleEndian.Uint64(b[40:]),
	}
	bloom := int(binary.LittleEndian.Uint32(b[12:]))
	if bloom > len(b)-headerSize || e.Count > len(b)/minRecord {
		return Entry{}, ErrEntry
	}
	e.topics, e.groups = b[headerSize:headerSize+bloom], b[headerSize+bloom:]
	return e, nil
}

// MayHold says whether the entry may hold a message of that topic: false is certain,
// true is wrong for about one topic in a hundred.
func (e *Entry) MayHold(topic []byte) bool { return bloomHolds(e.topics, topicHash(topic)) }

// Messages appends the entry's messages to dst. They point into the entry's bytes.
func (e *Entry) Messages(dst []msg.Message) ([]msg.Message, error) {
	n, rest := len(dst), e.groups
	for len(rest) > 0 {
		var err error
		if dst, rest, err = readGroup(dst, rest); err != nil {
			return dst[:n], err
		}
	}
	if len(dst)-n != e.Count {
		return dst[:n], ErrEntry
	}
	return dst, nil
}

func readGroup(dst []msg.Message, b []byte) ([]msg.Message, []byte, error) {
	if len(b) < groupSize {
		return dst, nil, ErrEntry
	}
	base := int64(binary.LittleEndian.Uint64(b))
	count, size := binary.LittleEndian.Uint32(b[8:]), uint64(binary.LittleEndian.Uint32(b[12:]))
	b = b[groupSize:]
	if size > uint64(len(b)) || uint64(count)*minRecord > size {
		return dst, nil, ErrEntry
	}
	records, rest := b[:size], b[size:]
	for range count {
		dst = append(dst, msg.Message{})
		var err error
		if records, err = msg.ReadRecord(records, &dst[len(dst)-1], base); err != nil {
			return dst, nil, err
		}
	}
	if len(records) > 0 {
		return dst, nil, ErrEntry
	}
	return dst, rest, nil
}

// part is a run of whole records of one batch: those with from <= index < to.
type part struct {
	batch    *msg.Batch
	from, to int
}

func (p part) records() []byte {
	return p.batch.Records[offset(p.batch, p.from):offset(p.batch, p.to)]
}

// offset is where record i begins.
func offset(b *msg.Batch, i int) int {
	if i == 0 {
		return 0
	}
	return int(b.Ends[i-1])
}

// encoder makes entries; it keeps its scratch memory between them.
type encoder struct{ topics topicSet }

// encode appends the entry of those parts to dst.
func (c *encoder) encode(dst []byte, run, number uint64, parts []part) []byte {
	c.topics.reset()
	count, lo, hi := 0, parts[0].batch.Base, parts[0].batch.MaxTime
	for _, p := range parts {
		count += p.to - p.from
		lo, hi = min(lo, p.batch.Base), max(hi, p.batch.MaxTime)
		c.topics.addAll(p)
	}
	at, le := len(dst), binary.LittleEndian
	dst = append(dst, magic[:]...)
	dst = le.AppendUint32(dst, 0) // checksum, below
	dst = le.AppendUint32(dst, uint32(count))
	bloom := bloomSize(c.topics.len())
	dst = le.AppendUint32(dst, uint32(bloom))
	dst = le.AppendUint64(dst, uint64(lo))
	dst = le.AppendUint64(dst, uint64(hi))
	dst = le.AppendUint64(dst, run)
	dst = le.AppendUint64(dst, number)
	dst = c.topics.appendBloom(dst, bloom)
	for _, p := range parts {
		dst = le.AppendUint64(dst, uint64(p.batch.Base))
		dst = le.AppendUint32(dst, uint32(p.to-p.from))
		dst = le.AppendUint32(dst, uint32(len(p.records())))
		dst = append(dst, p.records()...)
	}
	le.PutUint32(dst[at+4:], crc32.Checksum(dst[at+crcFrom:], castagnoli))
	return dst
}
