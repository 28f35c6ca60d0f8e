package stream

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

const (
	lookBack = 2 * maxHeld     // entries read before a position, to know what was seen
	patience = 1 * time.Second // how long the newest entry may wait for a missing one
)

var (
	errHeldTooLong = errors.New("stream: held too long")
	errStored      = errors.New("stream: all that was stored has been read")
)

// Read calls f for every message of the stream behind after, entry by entry and in
// log order, then waits for new ones, until ctx ends or f returns an error; it
// returns that error. at is the position of ms[0]; ms[i] stands i further on in the
// same entry. ms is borrowed until f returns; what its messages point to is never
// changed, but holds the whole entry in memory. Readers do not slow each other or the
// writer.
//
// A position behind the newest message, which only a lost or exchanged log explains,
// is taken as that of the newest, and logged.
func (s *Streams) Read(ctx context.Context, stream string, after msg.Position, f func(at msg.Position, ms []msg.Message) error) error {
	r, err := s.reader(ctx, stream, after, f)
	if err != nil {
		return err
	}
	return r.read(ctx)
}

// Replay calls f as [Streams.Read] does for what is stored now, and returns then. It is
// called for everything up to [Streams.Newest].
func (s *Streams) Replay(ctx context.Context, stream string, after msg.Position, f func(at msg.Position, ms []msg.Message) error) error {
	r, err := s.reader(ctx, stream, after, f)
	if err != nil {
		return err
	}
	return r.replay(ctx)
}

func (r *reader) replay(ctx context.Context) error {
	st, err := r.kept.log.State(ctx)
	if err != nil || st.Entries == 0 || st.Last < max(r.after.Seq, 1) {
		return err
	}
	r.end = st.Last
	for {
		if err := r.readStored(ctx); !errors.Is(err, errStored) {
			return err
		}
		if over, err := r.ends(ctx); over || err != nil {
			return err
		}
	}
}

// readStored reads up to the end. When all up to there is removed before it comes to it,
// the log has nothing that could end the reading: that is looked for now and then.
func (r *reader) readStored(ctx context.Context) error {
	bounded, cancel := context.WithCancelCause(ctx)
	var looking sync.WaitGroup
	defer looking.Wait()
	defer cancel(nil)
	end := r.end
	looking.Go(func() {
		if r.kept.removed(bounded, end, r.patient) {
			cancel(errStored)
		}
	})
	err := r.read(bounded)
	if ctx.Err() == nil && errors.Is(err, context.Canceled) && errors.Is(context.Cause(bounded), errStored) {
		return errStored
	}
	return err
}

// removed waits until the log has no entry up to end any more; false says that ctx ended
// before.
func (k *kept) removed(ctx context.Context, end uint64, every time.Duration) bool {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			if st, err := k.log.State(ctx); err == nil && st.First > end {
				return true
			}
		case <-ctx.Done():
			return false
		}
	}
}

// ends hands on what waits at the end of what was stored, unless it is written once more
// behind. When more is stored meanwhile it may explain what waits, and is read, too.
func (r *reader) ends(ctx context.Context) (over bool, err error) {
	if !r.order.stuck(r.kept.appender.unsettled) {
		return true, nil
	}
	st, err := r.kept.log.State(ctx)
	if err != nil || st.Last > r.end {
		r.end = st.Last
		return false, err
	}
	return true, r.order.release(r.kept.appender.unsettled, r.hand)
}

func (s *Streams) reader(ctx context.Context, stream string, after msg.Position, f func(msg.Position, []msg.Message) error) (*reader, error) {
	k := s.byName(stream)
	if k == nil {
		return nil, unknown(stream)
	}
	after, err := k.within(ctx, after)
	if err != nil {
		return nil, err
	}
	r := &reader{kept: k, order: newOrder(), after: after, f: f, next: 1, patient: s.patience}
	if after.Seq > lookBack {
		r.next = after.Seq - lookBack
	}
	return r, nil
}

// reader is one pass over a stream, from a position to the tail.
type reader struct {
	kept    *kept
	order   *order
	after   msg.Position
	next    uint64 // sequence to read next
	end     uint64 // sequence of the last to read; 0 waits for more
	f       func(msg.Position, []msg.Message) error
	ms      []msg.Message
	msSeq   uint64        // entry that ms was read from
	patient time.Duration // how long an entry is held back before the missing one is asked for
	// patience runs while an entry is held back.
	patience *time.Timer
}

// read runs until an error.
func (r *reader) read(ctx context.Context) error {
	for {
		if err := r.run(ctx); !errors.Is(err, errHeldTooLong) {
			return err
		}
		if err := r.letGo(ctx); err != nil {
			return err
		}
	}
}

// letGo hands on what has waited too long for an entry, unless that may still come. What
// cannot be asked now is asked again.
func (r *reader) letGo(ctx context.Context) error {
	if !r.order.stuck(r.kept.appender.unsettled) {
		return nil
	}
	st, err := r.kept.log.State(ctx)
	if err != nil || st.Last >= r.next {
		return ctx.Err()
	}
	return r.order.release(r.kept.appender.unsettled, r.hand)
}

// run reads until an error, or until an entry has been held back for too long.
func (r *reader) run(ctx context.Context) error {
	bounded, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer r.calm()
	r.watch(cancel)
	err := r.kept.log.Read(bounded, r.next, func(seq uint64, raw []byte) error {
		r.next = seq + 1
		err := r.take(seq, raw)
		if err == nil && r.end > 0 && seq >= r.end {
			return errStored
		}
		r.watch(cancel)
		return err
	})
	if ctx.Err() == nil && errors.Is(context.Cause(bounded), errHeldTooLong) {
		return errHeldTooLong
	}
	return err
}

// watch ends the reading when something is held back and nothing follows.
func (r *reader) watch(cancel context.CancelCauseFunc) {
	r.calm()
	if r.order.waiting() > 0 {
		r.patience = time.AfterFunc(r.patient, func() { cancel(errHeldTooLong) })
	}
}

func (r *reader) calm() {
	if r.patience != nil {
		r.patience.Stop()
		r.patience = nil
	}
}

func (r *reader) take(seq uint64, raw []byte) error {
	if len(raw) == 0 { // it stands for some that were lost
		return r.order.damaged(seq, r.hand)
	}
	e, err := ReadEntry(raw)
	if err == nil {
		r.ms, err = e.Messages(r.ms[:0])
		r.msSeq = seq
	}
	if err != nil {
		r.kept.damage(seq, err)
		return r.order.damaged(seq, r.hand)
	}
	return r.offer(held{seq, e, raw})
}

// offer passes an entry through the order. What stays there owns its bytes.
func (r *reader) offer(h held) error {
	before := r.order.repeats
	err := r.order.admit(h, r.hand)
	r.kept.dropped.Add(r.order.repeats - before)
	if n := r.order.waiting(); n > 0 && r.order.queue[n-1].seq == h.seq {
		own := bytes.Clone(h.raw)
		e, _ := ReadEntry(own)
		r.order.queue[n-1] = held{h.seq, e, own}
		r.msSeq = 0
	}
	return err
}

// hand gives the reader's function what it has not had of an entry.
func (r *reader) hand(h held) error {
	if h.seq < r.after.Seq {
		return nil
	}
	if r.msSeq != h.seq {
		r.ms, _ = h.entry.Messages(r.ms[:0]) // it did parse when it came
		r.msSeq = h.seq
	}
	had := uint64(0)
	if h.seq == r.after.Seq {
		had = min(uint64(r.after.Index)+1, uint64(len(r.ms)))
	}
	if ms := r.ms[had:]; len(ms) > 0 {
		return r.f(msg.Position{Seq: h.seq, Index: uint32(had)}, ms)
	}
	return nil
}
