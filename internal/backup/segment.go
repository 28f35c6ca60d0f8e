package backup

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/millrace/millrace/internal/fault"
)

// Entry is one entry of a stream; an alias, so that whoever offers entries need not
// import this package.
type Entry = struct {
	Seq          uint64
	Time         int64 // when it was stored, ns since 1970
	Subject      string
	Header, Data []byte
}

// A segment is a magic word and records of
//
//	length of what follows(4) sequence(8) time(8) subject length(2) header length(4) subject header data
//
// little endian. The object's SHA-256 covers it whole.
const (
	segmentMagic = "MRBKSEG1"
	entryHead    = 8 + 8 + 2 + 4
	maxEntry     = 64 << 20
)

func (s *Segment) what(stream string) string {
	return fmt.Sprintf("%s from position %d to %d", stream, s.From, s.To)
}

// appendEntry appends x's record.
func appendEntry(dst []byte, x *Entry) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint32(dst, uint32(entryHead+len(x.Subject)+len(x.Header)+len(x.Data)))
	dst = le.AppendUint64(dst, x.Seq)
	dst = le.AppendUint64(dst, uint64(x.Time))
	dst = le.AppendUint16(dst, uint16(len(x.Subject)))
	dst = le.AppendUint32(dst, uint32(len(x.Header)))
	dst = append(dst, x.Subject...)
	dst = append(dst, x.Header...)
	return append(dst, x.Data...)
}

var errSegment = fault.New(fault.Malformed, "A segment of the back-up is not as it should be.")

// readSegment calls f with the entries in r, each borrowed until f returns.
func readSegment(r io.Reader, f func(*Entry) error) error {
	in := bufio.NewReaderSize(r, 256<<10)
	magic := make([]byte, len(segmentMagic))
	if _, err := io.ReadFull(in, magic); err != nil || string(magic) != segmentMagic {
		return errSegment
	}
	var head [4]byte
	var body []byte
	for {
		if _, err := io.ReadFull(in, head[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return errSegment
		}
		n := int(binary.LittleEndian.Uint32(head[:]))
		if n < entryHead || n > maxEntry {
			return errSegment
		}
		if cap(body) < n {
			body = make([]byte, n)
		}
		body = body[:n]
		if _, err := io.ReadFull(in, body); err != nil {
			return errSegment
		}
		x, err := parseEntry(body)
		if err != nil {
			return err
		}
		if err := f(&x); err != nil {
			return err
		}
	}
}

// parseEntry reads a record behind its length; the entry's bytes are b's.
func parseEntry(b []byte) (Entry, error) {
	le := binary.LittleEndian
	x := Entry{Seq: le.Uint64(b), Time: int64(le.Uint64(b[8:]))}
	subject, header := int(le.Uint16(b[16:])), int(le.Uint32(b[18:]))
	b = b[entryHead:]
	if subject > len(b) || header < 0 || header > len(b)-subject {
		return x, errSegment
	}
	x.Subject, x.Header, x.Data = string(b[:subject]), b[subject:subject+header], b[subject+header:]
	return x, nil
}
