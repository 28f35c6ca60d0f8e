package stream

import (
	"context"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// Stats are what one stream has and does.
type Stats struct {
	Name    string
	Filters []string
	// BuiltIn, MaxAge and MaxBytes are as in [Config].
	BuiltIn  bool
	MaxAge   time.Duration
	MaxBytes int64
	// Messages, MessageBytes and Entries were appended since the start.
	Messages, MessageBytes, Entries uint64
	// First and Last are the positions of the oldest and the newest message, zero
	// when the stream is empty; FirstTime and LastTime are when their entries were
	// stored.
	First, Last         msg.Position
	FirstTime, LastTime time.Time
	// Bytes are what the stream has stored.
	Bytes int64
	// AppendP50 and AppendP99 are from hand-over to committed, over the messages of
	// the last minute.
	AppendP50, AppendP99 time.Duration
	// StoreP50 and StoreP99 are what of that the log takes: from an entry's sending to
	// its answer, over the entries of the last minute.
	StoreP50, StoreP99 time.Duration
	// Pending are messages handed over and not yet committed.
	Pending int64
	// Refusing is true while messages are refused because the storage is full.
	Refusing bool
	// Refused are messages answered with an error since the start.
	Refused uint64
	// Repeated are entries that were sent again; Dropped are repeats that readers
	// passed over; Damaged are entries that could not be read.
	Repeated, Dropped, Damaged uint64
}

const (
	statsAge  = time.Second            // how old a log's state may be
	statsWait = 500 * time.Millisecond // how long Stats waits for a newer one
)

// Stats returns the figures of every stream in the order in which they take messages,
// then of those that take none by themselves, without those that keep state. What the
// logs hold may be a second old.
func (s *Streams) Stats() []Stats {
	all := make([]Stats, 0, len(s.all()))
	for _, k := range s.table.Load().ordered() {
		if k.appender != nil && !k.cfg().State && !k.cfg().Retired {
			all = append(all, k.stats(s.opt.Now()))
		}
	}
	return all
}

// Waiting are the messages that were handed over to streams on the disk and are not yet
// committed.
func (s *Streams) Waiting() (n int64) {
	for _, k := range s.table.Load().ordered() {
		if k.appender != nil && k.appender.disk != nil {
			n += k.appender.pending.Load()
		}
	}
	return n
}

// Appended are the messages and the bytes of their records that a stream has taken
// since the start; 0 for one that is not there.
func (s *Streams) Appended(stream string) (messages, bytes uint64) {
	k := s.byName(stream)
	if k == nil {
		return 0, 0
	}
	return k.appender.messages.Load(), k.appender.bytes.Load()
}

func (k *kept) stats(now time.Time) Stats {
	a := k.appender
	steady := a.steady(now)
	q, stored := a.latency.quantiles(steady, 0.5, 0.99), a.storing.quantiles(steady, 0.5, 0.99)
	st, damaged := k.look(now)
	out := Stats{
		Name: k.cfg().Name, Filters: k.cfg().Filters, BuiltIn: k.cfg().BuiltIn, MaxAge: k.cfg().MaxAge, MaxBytes: k.cfg().MaxBytes,
		Messages: a.messages.Load(), MessageBytes: a.bytes.Load(), Entries: a.entries.Load(),
		FirstTime: st.FirstTime, LastTime: st.LastTime, Bytes: st.Bytes,
		AppendP50: q[0], AppendP99: q[1], StoreP50: stored[0], StoreP99: stored[1],
		Pending: a.pending.Load(), Refusing: k.refusing(now), Refused: a.refused.Load(),
		Repeated: a.repeats.Load(), Dropped: k.dropped.Load(), Damaged: uint64(damaged),
	}
	if st.Entries > 0 {
		out.First = msg.Position{Seq: st.First}
		out.Last = msg.Position{Seq: st.Last}
	}
	if seq := a.lastSeq.Load(); seq > 0 && seq >= out.Last.Seq {
		out.Last = msg.Position{Seq: seq, Index: uint32(max(a.lastSize.Load(), 1) - 1)}
	}
	return out
}

// look returns the log's state, asking for it when what is known is old.
func (k *kept) look(now time.Time) (LogState, int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	isNew := k.state.Entries == 0 && k.appender.lastSeq.Load() > 0
	if now.Sub(k.asked) >= statsAge || isNew {
		k.asked = now
		ctx, cancel := context.WithTimeout(context.Background(), statsWait)
		defer cancel()
		if st, err := k.log.State(ctx); err == nil {
			k.state = st
		}
	}
	return k.state, len(k.bad)
}

// forgetState has the next look ask the log.
func (k *kept) forgetState() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = time.Time{}
}
