package record

import (
	"encoding/binary"

	"github.com/millrace/millrace/internal/msg"
)

// Index lists, for one loop, what its flush before has written: the record x, which begins
// each flush. One flush is under way at a time, so the two are never lost together.
type Index struct {
	number uint64 // of the flush; another run of the process goes on with it
	before []byte // what the flush before has written
	now    []byte // what this one writes
}

const indexVersion = 1

// Append appends the record that begins a flush to dst.
func (x *Index) Append(dst []byte) []byte {
	return append(binary.AppendUvarint(append(dst, indexVersion), x.number), x.before...)
}

// Wrote notes that the flush writes the session.
func (x *Index) Wrote(id string, turn uint8) {
	x.now = binary.LittleEndian.AppendUint32(append(x.now, turn), hashOf(id))
}

// Ended notes that the flush writes that the session is no more, which was written so many
// times.
func (x *Index) Ended(id string, turn uint8) {
	x.now = append(appendText(append(x.now, 0), id), turn)
}

// Kept notes that the journal has the flush.
func (x *Index) Kept() {
	x.before, x.now = x.now, x.before[:0]
	x.number++
}

// Refused notes that it has not all of it: what it was to write is written anew.
func (x *Index) Refused() { x.now = x.now[:0] }

// Pending says whether there is something that no record lists yet.
func (x *Index) Pending() bool { return len(x.before) > 0 }

// Index is the index with which the loop goes on.
func (b *Book) Index(loop string) (x Index) {
	if last, known := b.indexes[loop]; known {
		x.number = last + 1
	}
	return x
}

// index takes the record x of a loop.
func (b *Book) index(loop string, value []byte) {
	f := fields{msg.Fields{B: value}}
	if f.Byte() != indexVersion {
		return
	}
	b.follow(loop, f.Uvarint())
	for len(f.B) > 0 && !f.Bad {
		switch turn := f.Byte(); {
		case turn == 0:
			id := f.text()
			b.ended(id, f.Byte())
		case len(f.B) < 4:
			return
		default:
			b.wrote(binary.LittleEndian.Uint32(f.B), turn)
			f.B = f.B[4:]
		}
	}
}

// follow takes the number of a flush. One that is missing has an x behind it that lists it;
// when two are, what the first has written is listed nowhere: every session is in doubt that
// is not written behind.
func (b *Book) follow(loop string, number uint64) {
	last, known := b.indexes[loop]
	if b.indexes[loop] = number; !known || number < last+3 {
		return
	}
	for _, h := range b.of {
		h.doubted = true
	}
}

// wrote takes from an x that a session was written.
func (b *Book) wrote(hash uint32, turn uint8) {
	switch h := b.named[hash]; {
	case h == nil:
		b.strays[hash] = true
	case h.turn != turn:
		h.doubted = true
	default:
		h.unlisted = false
	}
}

// ended takes from an x that a session is no more.
func (b *Book) ended(id string, turn uint8) {
	switch h := b.of[id]; {
	case h == nil:
		delete(b.strays, hashOf(id))
	case h.turn == turn:
		b.end(id)
	default:
		h.doubted = true
	}
	delete(b.ends, id)
}
