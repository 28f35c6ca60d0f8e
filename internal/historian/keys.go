package historian

import (
	"encoding/binary"
	"math"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/point"
)

// The store's keys begin with one of these; docs/formats/warm-store.md has the
// layout of keys and rows by the byte.
const (
	keyFormat   = 'f'
	keyPosition = 'p'
	keySeries   = 's'
	keyNewest   = 'n'
	keyChunk    = 'c'

	formatVersion = 1
)

// Lanes keep chunks of one life apart. Those of the ordered and the open lane never
// overlap, and the open lane's are the later; late ones may overlap all others. Open
// chunks come and go: apart from the closed ones their turnover costs little.
const (
	laneOrdered = 0 // closed
	laneLate    = 1
	laneOpen    = 2 // fresh and merged, in order

	lanes = 3
)

const chunkKeySize = 1 + 4 + 1 + 8 + 8

func numberKey(dst []byte, kind byte, id uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, kind), id)
}

func positionKey(stream string) []byte { return append([]byte{keyPosition}, stream...) }

// chunkKey sorts by lane, series, first time and then by commit: a later commit's
// chunk is the newer.
func chunkKey(dst []byte, id uint32, lane byte, from int64, commit uint64) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, keyChunk, lane), id)
	dst = binary.BigEndian.AppendUint64(dst, uint64(from))
	return binary.BigEndian.AppendUint64(dst, commit)
}

// laneBounds are the keys between which a series' chunks in one lane lie. An iterator
// kept to them does not wade through what was removed beyond.
func laneBounds(id uint32, lane byte) (lower, upper []byte) {
	return chunkKey(nil, id, lane, 0, 0), chunkKey(nil, id, lane, -1, math.MaxUint64)
}

// chunkAt is a parsed chunk key.
type chunkAt struct {
	id     uint32
	lane   byte
	from   int64
	commit uint64
}

func parseChunkKey(k []byte) (c chunkAt, ok bool) {
	if len(k) != chunkKeySize || k[0] != keyChunk {
		return c, false
	}
	c.lane, c.id = k[1], binary.BigEndian.Uint32(k[2:])
	c.from, c.commit = int64(binary.BigEndian.Uint64(k[6:])), binary.BigEndian.Uint64(k[14:])
	return c, true
}

var errRow = fault.New(fault.Internal, "A row of the historian's store is damaged.")

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// row takes fields off a row; after the first that does not fit, bad stays set.
type row struct {
	b   []byte
	bad bool
}

func (r *row) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *row) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *row) uint64() uint64 {
	if v := r.take(8); v != nil {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

func (r *row) byte() byte {
	if v := r.take(1); v != nil {
		return v[0]
	}
	return 0
}

func appendPosition(dst []byte, p msg.Position, commit uint64) []byte {
	dst = binary.AppendUvarint(dst, p.Seq)
	dst = binary.AppendUvarint(dst, uint64(p.Index))
	return binary.AppendUvarint(dst, commit)
}

func readPosition(b []byte) (p msg.Position, commit uint64, err error) {
	r := row{b: b}
	p.Seq, p.Index = r.uvarint(), uint32(r.uvarint())
	if commit = r.uvarint(); r.bad {
		return msg.Position{}, 0, errRow
	}
	return p, commit, nil
}

func appendSeriesRow(dst []byte, s *series) []byte {
	return appendString(appendString(dst, s.topic()), s.metric())
}

func readSeriesRow(b []byte) (topic, metric string, err error) {
	r := row{b: b}
	topic, metric = string(r.take(r.uvarint())), string(r.take(r.uvarint()))
	if r.bad {
		return "", "", errRow
	}
	return topic, metric, nil
}

func appendNewestRow(dst []byte, s *series) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.last))
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.arrived))
	dst = append(dst, s.fresh, s.merged, s.late, byte(s.kind))
	dst = binary.BigEndian.AppendUint16(dst, s.freshPts)
	if s.kind == point.Text {
		return append(dst, s.text...)
	}
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(s.num))
}

func readNewestRow(b []byte, s *series) error {
	r := row{b: b}
	s.last, s.arrived = int64(r.uint64()), int64(r.uint64())
	s.fresh, s.merged, s.late, s.kind = r.byte(), r.byte(), r.byte(), point.Kind(r.byte())
	if pts := r.take(2); pts != nil {
		s.freshPts = binary.BigEndian.Uint16(pts)
	}
	switch {
	case s.kind == point.Text:
		s.text = string(r.b)
	case s.kind > point.Text:
		r.bad = true
	default:
		s.num = math.Float64frombits(r.uint64())
	}
	if r.bad {
		return errRow
	}
	return nil
}
