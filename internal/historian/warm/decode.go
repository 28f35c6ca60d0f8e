package warm

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"github.com/millrace/millrace/internal/point"
)

// Decoder reads chunks.
type Decoder struct {
	times, ints []int64
	nums        []float64
	kinds, qs   []byte
	words       []string
}

// Append reads the samples of a chunk behind dst. Texts are copies.
func (d *Decoder) Append(dst []point.Sample, h *Header) ([]point.Sample, error) {
	r, err := d.begin(h)
	if err != nil {
		return dst, err
	}
	start := len(dst)
	dst = slices.Grow(dst, h.Count)[:start+h.Count]
	ss := dst[start:]
	if h.Numbers() {
		d.readFloats(&r, h.Count)
		d.numbers(ss)
	} else {
		for i, t := range d.times {
			ss[i] = point.Sample{Time: t}
		}
		d.readValues(&r, h.flags, ss)
	}
	if err := d.end(&r, h); err != nil {
		return dst[:start], err
	}
	if h.flags&flagQuality != 0 {
		for i, q := range d.qs {
			ss[i].Quality = point.Quality(q)
		}
	}
	return dst, nil
}

// Columns reads a chunk of numbers alone, see [Header.Numbers], as times and
// numbers. Both are borrowed: they are valid until the Decoder is used again.
func (d *Decoder) Columns(h *Header) (times []int64, nums []float64, err error) {
	r, err := d.begin(h)
	if err != nil || !h.Numbers() {
		return nil, nil, ErrChunk
	}
	d.readFloats(&r, h.Count)
	if err := d.end(&r, h); err != nil {
		return nil, nil, err
	}
	return d.times, d.nums, nil
}

// begin reads the times; what is left is the values.
func (d *Decoder) begin(h *Header) (reader, error) {
	d.grow(h.Count)
	d.times[0] = h.Min
	b, err := readTimes(h.body, d.times)
	if err == nil && d.times[h.Count-1] != h.Max {
		err = ErrChunk
	}
	return reader{b: b}, err
}

// end reads what is behind the values.
func (d *Decoder) end(r *reader, h *Header) error {
	if h.flags&flagQuality != 0 {
		readRuns(r, d.qs, byte(point.Bad))
	}
	if r.bad || len(r.b) > 0 {
		return ErrChunk
	}
	return nil
}

// numbers makes samples of the columns. It writes no pointer where there is none, so
// that a running garbage collection costs nothing.
func (d *Decoder) numbers(ss []point.Sample) {
	times, nums := d.times[:len(ss)], d.nums[:len(ss)]
	for i := range ss {
		s := &ss[i]
		s.Time, s.Quality, s.Value.Kind, s.Value.Num = times[i], point.Good, point.Float, nums[i]
		if s.Value.Str != "" {
			s.Value.Str = ""
		}
	}
}

func (d *Decoder) grow(n int) {
	if cap(d.times) < n {
		d.times, d.ints = make([]int64, n), make([]int64, n)
		d.nums, d.kinds, d.qs = make([]float64, n), make([]byte, n), make([]byte, n)
	}
	d.times, d.ints, d.nums = d.times[:n], d.ints[:n], d.nums[:n]
	d.kinds, d.qs = d.kinds[:n], d.qs[:n]
}

func (d *Decoder) readValues(r *reader, flags byte, ss []point.Sample) {
	var counts [3]int
	kind := flags & flagKind >> kindShift
	if kind == kindMixed {
		readRuns(r, d.kinds, byte(point.Text))
	} else {
		for i := range d.kinds {
			d.kinds[i] = kind
		}
	}
	for i, k := range d.kinds {
		ss[i].Value.Kind = point.Kind(k)
		counts[k]++
	}
	d.spread(r, counts, ss)
}

// spread reads the columns of the kinds one after another into their samples.
func (d *Decoder) spread(r *reader, counts [3]int, ss []point.Sample) {
	if n := counts[point.Float]; n > 0 {
		d.readFloats(r, n)
		for i, at := 0, 0; i < len(ss); i++ {
			if ss[i].Value.Kind == point.Float {
				ss[i].Value.Num = d.nums[at]
				at++
			}
		}
	}
	if n := counts[point.Bool]; n > 0 {
		bools := bitReader{b: r.take((n + 7) / 8)}
		for i := range ss {
			if ss[i].Value.Kind == point.Bool {
				ss[i].Value.Num = float64(bools.read(1))
			}
		}
		r.bad = r.bad || bools.bad
	}
	if n := counts[point.Text]; n > 0 {
		d.readTexts(r, n, ss)
	}
}

func (d *Decoder) readFloats(r *reader, n int) {
	if r.bad {
		return
	}
	rest, err := readFloats(r.b, d.nums[:n], d.ints)
	r.b, r.bad = rest, err != nil
}

func (d *Decoder) readTexts(r *reader, n int, ss []point.Sample) {
	size := r.uvarint()
	if size == 0 || size > uint64(n) {
		r.bad = true
		return
	}
	d.words = d.words[:0]
	for range size {
		d.words = append(d.words, string(r.take(int(min(r.uvarint(), math.MaxInt32)))))
	}
	width := indexWidth(int(size))
	index := bitReader{b: r.take((n*int(width) + 7) / 8)}
	for i := range ss {
		if ss[i].Value.Kind != point.Text {
			continue
		}
		at := index.read(width)
		if at >= size || r.bad {
			r.bad = true
			return
		}
		ss[i].Value.Str = d.words[at]
	}
	clear(d.words)
}

func indexWidth(words int) uint { return uint(bits.Len(uint(words - 1))) }

// readRuns fills vs from runs of numbers up to most.
func readRuns(r *reader, vs []byte, most byte) {
	for len(vs) > 0 {
		v, n := r.byte(), r.uvarint()
		if r.bad || v > most || n == 0 || n > uint64(len(vs)) {
			r.bad = true
			clear(vs)
			return
		}
		for i := range vs[:n] {
			vs[i] = v
		}
		vs = vs[n:]
	}
}

// reader takes fields off b; after the first that does not fit, bad stays set and
// every further field is zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.b) {
		r.b, r.bad = nil, true
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if v := r.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *reader) float() float64 {
	if v := r.take(8); v != nil {
		return math.Float64frombits(binary.LittleEndian.Uint64(v))
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}
