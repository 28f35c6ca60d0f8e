package share

import (
	"encoding/binary"
	"errors"

	"github.com/millrace/millrace/internal/msg"
)

var errRecord = errors.New("share: malformed record")

const recordVersion = 1

// Changed says whether the group is to be written down.
func (g *Group[M]) Changed() bool { return g.changed }

// Touch has the group written down once more.
func (g *Group[M]) Touch() { g.changed = true }

// Append appends what is to be written down now: by stream the first place that was not
// given to anybody, and what nobody is done with of that before it.
func (g *Group[M]) Append(dst []byte) []byte {
	g.changed = false
	dst = append(dst, recordVersion)
	dst = binary.AppendUvarint(dst, uint64(len(g.streams)))
	for i := range g.streams {
		next, open := g.progress(&g.streams[i])
		dst = appendPosition(dst, next)
		dst = binary.AppendUvarint(dst, uint64(len(open)))
		var seq uint64
		for _, at := range open {
			dst = appendPosition(dst, msg.Position{Seq: at.Seq - seq, Index: at.Index})
			seq = at.Seq
		}
	}
	return dst
}

func (g *Group[M]) progress(s *stream[M]) (next msg.Position, open []msg.Position) {
	next = s.next
	for _, it := range s.open {
		switch at := it.place.At; {
		case it.done:
		case it.given:
			open = append(open, at)
		case at.Compare(next) < 0:
			next = at
		}
	}
	return next, open
}

func appendPosition(dst []byte, p msg.Position) []byte {
	dst = binary.AppendUvarint(dst, p.Seq)
	return binary.AppendUvarint(dst, uint64(p.Index))
}

// Read returns the group that Append has written down, without members.
func Read[M comparable](l Limits, b []byte) (*Group[M], error) {
	g, f := New[M](l, nil), msg.Fields{B: b}
	if f.Byte() != recordVersion {
		return nil, errRecord
	}
	streams := f.Uvarint()
	if streams > 255 {
		return nil, errRecord
	}
	for number := uint8(1); uint64(number) <= streams && !f.Bad; number++ {
		s := g.stream(number)
		s.next = position(&f)
		at := msg.Position{}
		for n := f.Uvarint(); n > 0 && !f.Bad; n-- {
			p := position(&f)
			at = msg.Position{Seq: at.Seq + p.Seq, Index: p.Index}
			f.Bad = f.Bad || len(s.open) > 0 && at.Compare(s.open[len(s.open)-1].place.At) <= 0 || at.Compare(s.next) >= 0
			s.open = append(s.open, &item[M]{place: Place{number, at}, given: true})
		}
		if number == 255 {
			break
		}
	}
	if f.Bad || len(f.B) > 0 {
		return nil, errRecord
	}
	g.changed = false
	return g, nil
}

func position(f *msg.Fields) msg.Position {
	return msg.Position{Seq: f.Uvarint(), Index: f.Uint32()}
}
