package bus

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"

	"github.com/minio/highwayhash"
)

const (
	tombstone  = 1 << 62 // in the sequence: it says which entry was removed
	recordHead = 22
	recordMost = 32 << 20
)

// blockScan is what the records of a block file say; see [blockWriter] for their form.
type blockScan struct {
	entries     int    // that are there, removed ones too
	first, last uint64 // their sequences; 0 without
	firstTime   int64
	newest      uint64 // sequence that was given last, also to a place without an entry
	missing     uint64 // sequences that are nowhere between first and newest
	damaged     []span
	torn        int // bytes behind the last whole record
}

// span is a part of a block that is no record.
type span struct {
	from, to    int
	before      uint64 // newest sequence before it
	first, last uint64 // sequences that are lost with it; 0 for none that is known
}

// scanner reads one block.
type scanner struct {
	buf  []byte
	hash hash.Hash
	out  blockScan
}

// scanBlock looks at every record of a stream's block that follows the sequence newest, 0
// for one that is not known. Behind what is no record it goes on with the next one that
// bears its checksum.
func scanBlock(stream string, index int, buf []byte, newest uint64) blockScan {
	s := scanner{buf: buf, hash: blockHash(stream, index), out: blockScan{newest: newest}}
	for at := 0; at < len(buf); {
		if n := s.record(at); n > 0 {
			s.take(at)
			at += n
			continue
		}
		next := s.next(at)
		if next < 0 {
			s.out.torn = len(buf) - at
			break
		}
		s.out.damaged = append(s.out.damaged, s.lost(at, next))
		at = next
	}
	return s.out
}

func blockHash(stream string, index int) hash.Hash {
	key := sha256.Sum256(fmt.Appendf(nil, "%s-%d", stream, index))
	h, err := highwayhash.New64(key[:])
	if err != nil {
		panic("bus: BUG: a key of 32 bytes is refused: " + err.Error())
	}
	return h
}

// record returns the length of the record there, 0 when there is none.
func (s *scanner) record(at int) int {
	b := s.buf[at:]
	if len(b) < recordRoom {
		return 0
	}
	le := binary.LittleEndian
	length, subject := le.Uint32(b), int(le.Uint16(b[20:]))
	head := recordHead + subject
	n := int(length &^ withHeader)
	from := head
	if length&withHeader != 0 {
		from += 4
	}
	if n > len(b) || n > recordMost || from+8 > n {
		return 0
	}
	s.hash.Reset()
	s.hash.Write(b[4:20])
	s.hash.Write(b[recordHead:head])
	s.hash.Write(b[from : n-8])
	var sum [8]byte
	if !bytes.Equal(s.hash.Sum(sum[:0]), b[n-8:n]) {
		return 0
	}
	return n
}

func (s *scanner) sequence(at int) uint64 { return binary.LittleEndian.Uint64(s.buf[at+4:]) }

// take counts the record there.
func (s *scanner) take(at int) {
	seq, o := s.sequence(at), &s.out
	if seq&tombstone != 0 || seq&^skipped == 0 || seq&^skipped <= o.newest {
		return
	}
	was := o.newest
	o.newest = seq &^ skipped
	if was > 0 {
		o.missing += o.newest - was - 1
	}
	if seq&skipped != 0 {
		return
	}
	if o.entries++; o.first == 0 {
		o.first, o.firstTime = seq, int64(binary.LittleEndian.Uint64(s.buf[at+12:]))
	}
	o.last = seq
}

// next is where the next record begins that bears its checksum, -1 without one. A record
// whose sequence is far from those before is none.
func (s *scanner) next(at int) int {
	for at += recordRoom; at+recordRoom <= len(s.buf); at++ {
		length := binary.LittleEndian.Uint32(s.buf[at:]) &^ withHeader
		if length < recordRoom || int(length) > len(s.buf)-at {
			continue
		}
		if seq := s.sequence(at) &^ (skipped | tombstone); seq <= s.out.newest+maxHole && s.record(at) > 0 {
			return at
		}
	}
	return -1
}

// lost says which sequences are lost with what lies before the record at next.
func (s *scanner) lost(at, next int) span {
	x := span{from: at, to: next, before: s.out.newest}
	if seq := s.sequence(next); seq&tombstone == 0 && seq&^skipped > x.before+1 {
		x.first, x.last = x.before+1, seq&^skipped-1
	}
	return x
}

// repair makes a damaged span a place without an entry, so that the engine does not drop
// what lies behind it.
func (x span) repair(stream string, index int, buf []byte) {
	b, le := buf[x.from:x.to], binary.LittleEndian
	clear(b)
	le.PutUint32(b, uint32(len(b)))
	if x.last > 0 {
		le.PutUint64(b[4:], x.last|skipped)
	}
	h := blockHash(stream, index)
	h.Write(b[4:20])
	h.Write(b[recordHead : len(b)-8])
	h.Sum(b[:len(b)-8])
}
