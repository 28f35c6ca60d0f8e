package bus

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
)

// The engine's block format, as its file store 2.15 reads it: records of
//
//	length(4) sequence(8) time(8) subject length(2) subject [header length(4) header] data hash(8)
//
// little endian; the hash covers all but the lengths. A restored stream is opened by the
// engine and compared, so a change of the format is noticed and not served.
const (
	recordRoom = 22 + 8
	withHeader = 1 << 31 // in the length
	skipped    = 1 << 63 // in the sequence: a place without an entry
	blockBytes = 4 << 20
	// maxHole is how many sequences may be missing inside a block.
	maxHole = 64 << 10
)

// blockWriter writes the block files of one stream.
type blockWriter struct {
	dir, name string
	index     int
	file      *os.File
	out       *bufio.Writer
	hash      hash.Hash
	written   int
	last      uint64
	time      int64
	record    []byte
}

// write adds an entry.
func (w *blockWriter) write(x *CopyEntry) error {
	w.time = x.Time
	return w.add(x.Seq, x)
}

// skip makes seq the newest sequence, with nothing there.
func (w *blockWriter) skip(seq uint64) error {
	if seq == 0 {
		return nil
	}
	return w.add(seq, &CopyEntry{Seq: seq | skipped, Time: w.time})
}

func (w *blockWriter) add(seq uint64, x *CopyEntry) error {
	if w.file == nil || w.written >= blockBytes || seq-w.last > maxHole {
		if err := w.next(); err != nil {
			return err
		}
	}
	w.last = seq
	w.record = appendRecord(w.record[:0], w.hash, x)
	w.written += len(w.record)
	_, err := w.out.Write(w.record)
	return err
}

// next begins the next file.
func (w *blockWriter) next() (err error) {
	if err := w.close(); err != nil {
		return err
	}
	w.index++
	w.hash = blockHash(w.name, w.index)
	w.file, err = os.OpenFile(filepath.Join(w.dir, fmt.Sprintf("%d.blk", w.index)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	w.out, w.written = bufio.NewWriterSize(w.file, 256<<10), 0
	return nil
}

// close ends the file.
func (w *blockWriter) close() error {
	if w.file == nil {
		return nil
	}
	err := errors.Join(w.out.Flush(), w.file.Close())
	w.file = nil
	return err
}

// drop ends the file of which nothing is needed.
func (w *blockWriter) drop() {
	if w.file != nil {
		_ = w.file.Close()
	}
}

// appendRecord appends x in the engine's format.
func appendRecord(dst []byte, h hash.Hash, x *CopyEntry) []byte {
	n := recordRoom + len(x.Subject) + len(x.Data)
	flag := uint32(0)
	if len(x.Header) > 0 {
		n, flag = n+4+len(x.Header), withHeader
	}
	le := binary.LittleEndian
	dst = le.AppendUint32(dst, uint32(n)|flag)
	dst = le.AppendUint64(dst, x.Seq)
	dst = le.AppendUint64(dst, uint64(x.Time))
	h.Reset()
	h.Write(dst[4:20])
	dst = le.AppendUint16(dst, uint16(len(x.Subject)))
	dst = append(dst, x.Subject...)
	h.Write([]byte(x.Subject))
	if flag != 0 {
		dst = le.AppendUint32(dst, uint32(len(x.Header)))
		dst = append(dst, x.Header...)
		h.Write(x.Header)
	}
	dst = append(dst, x.Data...)
	h.Write(x.Data)
	return h.Sum(dst)
}
