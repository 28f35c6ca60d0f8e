package warm

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/millrace/millrace/internal/point"
)

// MaxSamples is how many samples a chunk may hold.
const MaxSamples = 1 << 14

// Tier says how often a chunk's samples were merged: what one commit brought, some
// of those together, or full and left alone.
type Tier byte

// The tiers.
const (
	Fresh Tier = iota
	Merged
	Closed
)

const (
	version = 1

	flagTier    = 0b0000_0011
	flagSummary = 0b0000_0100
	flagQuality = 0b0000_1000
	kindShift   = 4
	flagKind    = 0b0011_0000
	flagsKnown  = 0b0011_1111
	kindMixed   = 3

	// summaryFrom is from how many samples on a chunk carries a summary.
	summaryFrom = 64
	fixedSize   = 2 + 8
	crcSize     = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header is what a chunk says of itself before its samples.
type Header struct {
	Tier Tier
	// Count is how many samples it holds.
	Count int
	// Min and Max are the first and the last sample's time.
	Min, Max int64
	// Summary is valid when Summed; only chunks of numbers alone have one.
	Summed  bool
	Summary Summary

	flags byte
	body  []byte
}

// Numbers says that all samples are numbers.
func (h *Header) Numbers() bool { return h.flags&flagKind>>kindShift == byte(point.Float) }

// Summary sums up a chunk whose samples are all numbers.
type Summary struct{ Sum, Min, Max, First, Last float64 }

// ReadHeader checks the chunk b of series id and returns its header, which borrows
// b.
func ReadHeader(id uint32, b []byte) (Header, error) {
	if len(b) < fixedSize+crcSize || b[0] != version || b[1]&^flagsKnown != 0 {
		return Header{}, ErrChunk
	}
	body := b[:len(b)-crcSize]
	if checksum(id, body) != binary.BigEndian.Uint32(b[len(body):]) {
		return Header{}, ErrChunk
	}
	h := Header{flags: b[1], Tier: Tier(b[1] & flagTier), Min: int64(binary.BigEndian.Uint64(b[2:]))}
	r := reader{b: body[fixedSize:]}
	count, span := r.uvarint(), r.uvarint()
	if h.flags&flagSummary != 0 {
		h.Summed = true
		h.Summary = Summary{Sum: r.float(), Min: r.float(), Max: r.float(), First: r.float(), Last: r.float()}
	}
	if r.bad || count == 0 || count > MaxSamples || h.Min < 0 || span > math.MaxInt64-uint64(h.Min) {
		return Header{}, ErrChunk
	}
	h.Count, h.Max, h.body = int(count), h.Min+int64(span), r.b
	return h, nil
}

// checksum is the CRC-32C of the series' number and the chunk's bytes.
func checksum(id uint32, body []byte) uint32 {
	crc := ^uint32(0)
	for shift := 24; shift >= 0; shift -= 8 {
		crc = castagnoli[byte(crc)^byte(id>>shift)] ^ crc>>8
	}
	return crc32.Update(^crc, castagnoli, body)
}

// Encoder writes chunks.
type Encoder struct {
	times, ints []int64
	nums        []float64
	index       []uint32
	words       []string
	dict        map[string]uint32
}

// Append writes the samples of series id as one chunk behind dst. They are 1 to
// MaxSamples, their times not negative and strictly rising.
func (e *Encoder) Append(dst []byte, id uint32, tier Tier, ss []point.Sample) []byte {
	start := len(dst)
	kind, quality := uniform(ss)
	dst = appendHeader(dst, byte(tier)|kind<<kindShift, quality, ss)
	dst = e.appendTimes(dst, ss)
	dst = e.appendValues(dst, kind, ss)
	if quality {
		dst = appendRuns(dst, ss, func(s *point.Sample) byte { return byte(s.Quality) })
	}
	return binary.BigEndian.AppendUint32(dst, checksum(id, dst[start:]))
}

func appendHeader(dst []byte, flags byte, quality bool, ss []point.Sample) []byte {
	if quality {
		flags |= flagQuality
	}
	var sum Summary
	if flags&flagKind>>kindShift == byte(point.Float) && len(ss) >= summaryFrom {
		var ok bool
		if sum, ok = summarise(ss); ok {
			flags |= flagSummary
		}
	}
	first, last := ss[0].Time, ss[len(ss)-1].Time
	dst = binary.BigEndian.AppendUint64(append(dst, version, flags), uint64(first))
	dst = binary.AppendUvarint(dst, uint64(len(ss)))
	dst = binary.AppendUvarint(dst, uint64(last-first))
	if flags&flagSummary != 0 {
		for _, v := range [...]float64{sum.Sum, sum.Min, sum.Max, sum.First, sum.Last} {
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
		}
	}
	return dst
}

func (e *Encoder) appendTimes(dst []byte, ss []point.Sample) []byte {
	if cap(e.ints) < len(ss) {
		e.ints = make([]int64, 0, 2*len(ss))
	}
	e.times = e.times[:0]
	for i := range ss {
		e.times = append(e.times, ss[i].Time)
	}
	return appendTimes(dst, e.times, e.ints)
}

// uniform returns the kind that all samples share, else kindMixed, and whether any
// has a quality to write.
func uniform(ss []point.Sample) (kind byte, quality bool) {
	kind = byte(ss[0].Value.Kind)
	for i := range ss {
		if byte(ss[i].Value.Kind) != kind {
			kind = kindMixed
		}
		quality = quality || ss[i].Quality != point.Good
	}
	return kind, quality
}

// summarise is not ok when a sample is NaN: such chunks are read sample by sample.
func summarise(ss []point.Sample) (s Summary, ok bool) {
	first := ss[0].Value.Num
	s = Summary{Min: first, Max: first, First: first, Last: ss[len(ss)-1].Value.Num}
	for i := range ss {
		v := ss[i].Value.Num
		s.Sum += v
		s.Min, s.Max = min(s.Min, v), max(s.Max, v)
	}
	return s, !math.IsNaN(s.Min)
}

func (e *Encoder) appendValues(dst []byte, kind byte, ss []point.Sample) []byte {
	if kind == kindMixed {
		dst = appendRuns(dst, ss, func(s *point.Sample) byte { return byte(s.Value.Kind) })
	}
	e.nums = e.nums[:0]
	for i := range ss {
		if ss[i].Value.Kind == point.Float {
			e.nums = append(e.nums, ss[i].Value.Num)
		}
	}
	if len(e.nums) > 0 {
		dst = appendFloats(dst, e.nums, e.ints)
	}
	if kind != byte(point.Float) {
		dst = appendBools(dst, ss)
		dst = e.appendTexts(dst, ss)
	}
	return dst
}

// appendRuns writes a small number of each sample as runs: the number, how often.
func appendRuns(dst []byte, ss []point.Sample, of func(*point.Sample) byte) []byte {
	for i := 0; i < len(ss); {
		v, from := of(&ss[i]), i
		for i++; i < len(ss) && of(&ss[i]) == v; i++ {
		}
		dst = binary.AppendUvarint(append(dst, v), uint64(i-from))
	}
	return dst
}

func appendBools(dst []byte, ss []point.Sample) []byte {
	w := bitWriter{b: dst}
	for i := range ss {
		if ss[i].Value.Kind == point.Bool {
			w.write(bit(ss[i].Value.Num != 0), 1)
		}
	}
	return w.flush()
}

func bit(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}

// appendTexts writes a dictionary of the texts in order of first use and for each
// sample its index there.
func (e *Encoder) appendTexts(dst []byte, ss []point.Sample) []byte {
	e.collect(ss)
	if len(e.index) == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(len(e.words)))
	for _, s := range e.words {
		dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...)
	}
	width, w := indexWidth(len(e.words)), bitWriter{b: dst}
	for _, i := range e.index {
		w.write(uint64(i), width)
	}
	clear(e.dict)
	clear(e.words)
	return w.flush()
}

func (e *Encoder) collect(ss []point.Sample) {
	if e.dict == nil {
		e.dict = map[string]uint32{}
	}
	e.index, e.words = e.index[:0], e.words[:0]
	for i := range ss {
		v := &ss[i].Value
		if v.Kind != point.Text {
			continue
		}
		at, known := e.dict[v.Str]
		if !known {
			at = uint32(len(e.words))
			e.dict[v.Str] = at
			e.words = append(e.words, v.Str)
		}
		e.index = append(e.index, at)
	}
}
