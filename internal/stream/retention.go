package stream

import (
	"context"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// Retention waits for readers inside the product where [Options.Readers] names them: then
// the engine's own bounds are off, and this file removes what a stream's bounds let go and
// no reader needs. A reader says by [Streams.Hold] from where on it does, and learns by
// [Streams.Beyond] when the stream holds more for it than it may.

// retainEvery is how often streams are looked at.
const retainEvery = time.Second

// retention is what a stream's retention knows. old and sought are its goroutine's alone,
// the others are guarded by kept.mu.
type retention struct {
	policy  uint64            // the entry before which the stream's own bounds let everything go
	old     uint64            // that by age
	sought  time.Time         // when that was found
	readers map[string]uint64 // the lowest entry that each needs
}

// waits says whether the stream's retention is this file's.
func (s *Streams) waits(c *Config) bool {
	return len(s.opt.Readers) > 0 && !c.BuiltIn && !c.Memory && (c.MaxAge > 0 || c.MaxBytes > 0)
}

// engineBounds are the bounds that the engine itself keeps the stream within.
func (s *Streams) engineBounds(c *Config) (age time.Duration, bytes int64) {
	if s.waits(c) {
		return 0, 0
	}
	return c.MaxAge, c.MaxBytes
}

// Hold says that the reader needs the stream from that entry on.
func (s *Streams) Hold(stream, reader string, seq uint64) {
	k := s.byName(stream)
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.retains.readers == nil {
		k.retains.readers = map[string]uint64{}
	}
	k.retains.readers[reader] = seq
}

// Beyond is the entry before which everything has to go for the stream to hold no more than
// that many bytes beyond its own bounds, nearly: as if its entries were of one size. It is 0
// when nothing has to. The bounds of a built-in stream are none.
func (s *Streams) Beyond(stream string, bytes int64) (seq uint64) {
	k := s.byName(stream)
	if k == nil {
		return 0
	}
	st, _ := k.look(s.opt.Now())
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cfg().BuiltIn {
		return beyond(st, st.Last+1, bytes)
	}
	return beyond(st, k.retains.policy, bytes)
}

// beyond is Beyond for a log of which everything before an entry may go.
func beyond(st LogState, policy uint64, bytes int64) uint64 {
	if st.Entries == 0 || policy <= st.First {
		return 0
	}
	each := float64(st.Bytes) / float64(st.Entries)
	if over := float64(policy-st.First)*each - float64(bytes); over > 0 {
		return st.First + uint64(over/each)
	}
	return 0
}

// tooMuch is the entry before which everything has to go for the log to hold no more than
// that many bytes.
func tooMuch(st LogState, bytes int64) uint64 {
	if bytes == 0 {
		return 0
	}
	return beyond(st, st.Last+1, bytes)
}

// retain keeps the streams within their bounds until ctx ends.
func (s *Streams) retain(ctx context.Context) {
	t := time.NewTicker(retainEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			s.retainOnce(ctx)
		}
	}
}

func (s *Streams) retainOnce(ctx context.Context) {
	for _, k := range s.all() {
		if !s.waits(k.cfg()) {
			continue
		}
		if err := s.trim(ctx, k); err != nil && ctx.Err() == nil {
			k.out.Warn("what the stream's bounds let go cannot be removed; it is tried again every second", "error", err)
		}
	}
}

// trim removes what the stream's bounds let go and nobody needs.
func (s *Streams) trim(ctx context.Context, k *kept) error {
	st, _ := k.look(s.opt.Now())
	if st.Entries == 0 {
		return nil
	}
	old, err := s.tooOld(ctx, k, &st)
	if err != nil {
		return err
	}
	upTo, known := k.mayGo(max(old, tooMuch(st, k.cfg().MaxBytes)), s.opt.Readers)
	if !known || upTo <= st.First {
		return nil
	}
	defer k.forgetState()
	return k.log.Purge(ctx, upTo-1)
}

// tooOld is the entry before which everything is older than the stream's bound. A stream
// that readers hold back is not searched every second.
func (s *Streams) tooOld(ctx context.Context, k *kept, st *LogState) (uint64, error) {
	age, now, r := k.cfg().MaxAge, s.opt.Now(), &k.retains
	switch {
	case age == 0 || !st.FirstTime.Before(now.Add(-age-slack(age))):
		return 0, nil
	case now.Sub(r.sought) < slack(age):
		return r.old, nil
	}
	at, err := s.Find(ctx, k.cfg().Name, now.Add(-age))
	if err == nil {
		r.old, r.sought = behind(at), now
	}
	return r.old, err
}

// behind is the first entry that holds something behind the position.
func behind(p msg.Position) uint64 {
	if p.Index == 1<<32-1 {
		return p.Seq + 1
	}
	return p.Seq
}

// slack is how much older than its bound a message may become, so that a stream need not
// be searched every second.
func slack(age time.Duration) time.Duration { return min(age/64, time.Minute) }

// mayGo notes what the stream's own bounds let go, and says up to which entry everything
// may; known is false while a reader has not spoken.
func (k *kept) mayGo(policy uint64, readers []string) (upTo uint64, known bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.retains.policy = policy
	upTo = k.retains.policy
	for _, r := range readers {
		seq, spoken := k.retains.readers[r]
		if !spoken {
			return 0, false
		}
		upTo = min(upTo, seq)
	}
	for _, seq := range k.retains.readers {
		upTo = min(upTo, seq)
	}
	if upTo < k.retains.policy { // whoever begins there looks back a little
		upTo -= min(upTo, lookBack)
	}
	return upTo, true
}
