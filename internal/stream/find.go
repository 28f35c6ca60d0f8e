package stream

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// probeLimit is how long one look at an entry may take: one that was removed meanwhile
// has nothing to show.
const probeLimit = 5 * time.Second

// Find returns the position directly before the first message that arrived at or after
// t; with none, that of the newest entry. It searches by halves, so that a clock that was
// set back may hide a message from it.
func (s *Streams) Find(ctx context.Context, stream string, t time.Time) (msg.Position, error) {
	st, err := s.stateFor(ctx, stream, msg.Position{})
	if err != nil {
		return msg.Position{}, err
	}
	k, at := s.byName(stream), t.UnixNano()
	low, high := st.First, st.Last+1 // entries before low end before t, those from high on do not
	if st.Entries == 0 {
		return msg.Position{Seq: st.Last, Index: math.MaxUint32}, nil
	}
	for low < high {
		mid := low + (high-low)/2
		seq, late, err := k.probe(ctx, mid, high, at)
		switch {
		case err != nil:
			return msg.Position{}, err
		case seq == 0 || late:
			high = mid
		default:
			low = seq + 1
		}
	}
	return k.firstFrom(ctx, low, st.Last, at)
}

// probe looks at the first entry from mid on that can be read and lies before high: its
// sequence, 0 for none, and whether it has a message from t on.
func (k *kept) probe(ctx context.Context, mid, high uint64, t int64) (seq uint64, late bool, err error) {
	err = k.entryFrom(ctx, mid, high-1, func(at uint64, e Entry) { seq, late = at, e.MaxTime >= t })
	return seq, late, err
}

// firstFrom is the position before the first message from t on in the entry at low.
func (k *kept) firstFrom(ctx context.Context, low, last uint64, t int64) (msg.Position, error) {
	found := msg.Position{Seq: low - 1, Index: math.MaxUint32}
	if low > last {
		return found, nil
	}
	err := k.entryFrom(ctx, low, last, func(seq uint64, e Entry) {
		ms, _ := e.Messages(nil)
		for i := range ms {
			if ms[i].Time >= t {
				found = msg.Position{Seq: seq, Index: uint32(i)}.Before()
				return
			}
		}
	})
	return found, err
}

// entryFrom calls f for the first entry that can be read with from <= sequence <= to, if
// there is one.
func (k *kept) entryFrom(ctx context.Context, from, to uint64, f func(seq uint64, e Entry)) error {
	enough := errors.New("enough")
	limited, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	err := k.log.Read(limited, from, func(seq uint64, raw []byte) error {
		if seq > to {
			return enough
		}
		if e, err := ReadEntry(raw); err == nil {
			f(seq, e)
			return enough
		}
		if seq == to {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		return nil
	}
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return fault.New(fault.Timeout, "The log did not show the entry in time. Try again.")
	}
	return err
}
