package stream

import (
	"context"

	"github.com/millrace/millrace/internal/msg"
)

// Fetch returns the messages at the positions, which rise; those that are no longer there
// are left out. It ends after the message with which about 4 MiB are found, and returns
// how many of the positions it has looked at.
func (s *Streams) Fetch(ctx context.Context, stream string, at []msg.Position) (found []msg.Placed, looked int, err error) {
	st, err := s.stateFor(ctx, stream, msg.Position{})
	if err != nil {
		return nil, 0, err
	}
	k, bytes := s.byName(stream), 0
	for looked < len(at) && bytes < pageBytes {
		seq, n := at[looked].Seq, looked
		if seq < st.First || seq > st.Last {
			looked++
			continue
		}
		err := k.entryFrom(ctx, seq, seq, func(_ uint64, e Entry) {
			ms, _ := e.Messages(nil)
			for ; n < len(at) && at[n].Seq == seq && bytes < pageBytes; n++ {
				if i := int(at[n].Index); i < len(ms) {
					found = append(found, msg.Placed{At: at[n], Message: ms[i].Clone()})
					bytes += ms[i].Bytes()
				}
			}
		})
		if err != nil {
			return found, looked, err
		}
		for n == looked || n < len(at) && at[n].Seq == seq && bytes < pageBytes {
			n++ // of an entry that is gone
		}
		looked = n
	}
	return found, looked, nil
}

// First is the position of the oldest message that is stored, of the next one when there
// is none. Up to the entry purged, what lay before it was removed; between the two there
// was nothing, or it is lost.
func (s *Streams) First(ctx context.Context, stream string) (at msg.Position, purged uint64, err error) {
	st, err := s.stateFor(ctx, stream, msg.Position{})
	return msg.Position{Seq: st.First}, st.Purged, err
}
