package group

import (
	"context"
	"math"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// Reader is the name under which groups hold streams back.
const Reader = "groups"

// Retention is what removes old messages from streams; see stream.Streams.
type Retention interface {
	// Names are the streams.
	Names() []string
	// Hold says that the reader needs the stream from that entry on.
	Hold(stream, reader string, seq uint64)
	// Beyond is the entry before which everything has to go for the stream to hold no more
	// than that many bytes beyond its own bounds; 0 when nothing has to.
	Beyond(stream string, bytes int64) (seq uint64)
	// Find is the position behind which everything arrived at that time or later.
	Find(ctx context.Context, stream string, t time.Time) (msg.Position, error)
}

const (
	// holdEvery is how often it is said what groups need.
	holdEvery = time.Second
	// holdNothing is the entry of who needs none.
	holdNothing = math.MaxUint64
)

// holder says what the groups need that hold their streams back, within the bounds.
type holder struct {
	groups *Groups
	old    map[string]found // by stream: what is older than the bound
}

// found is an entry, and when it was looked for.
type found struct {
	seq uint64
	at  time.Time
}

func (h *holder) run(ctx context.Context) {
	clock := time.NewTicker(holdEvery)
	defer clock.Stop()
	for {
		h.round(ctx)
		select {
		case <-clock.C:
		case <-ctx.Done():
			return
		}
	}
}

func (h *holder) round(ctx context.Context) {
	for _, stream := range h.groups.opt.Retention.Names() {
		h.groups.opt.Retention.Hold(stream, Reader, h.needed(ctx, stream))
	}
}

// needed is the lowest entry that a group which holds the stream back is not done with,
// as far as the bounds let it.
func (h *holder) needed(ctx context.Context, stream string) (seq uint64) {
	seq = holdNothing
	for _, k := range h.groups.of(stream) {
		if at, holds := k.needs(); holds {
			h.groups.forget(ctx, k, at)
			seq = min(seq, at.Seq)
		}
	}
	if seq == holdNothing {
		delete(h.old, stream)
		return seq
	}
	if bytes := h.groups.opt.HoldBytes; bytes > 0 {
		seq = max(seq, h.groups.opt.Retention.Beyond(stream, bytes))
	}
	return max(seq, h.tooOld(ctx, stream))
}

// tooOld is the entry before which everything is older than the bound.
func (h *holder) tooOld(ctx context.Context, stream string) uint64 {
	age, now, was := h.groups.opt.HoldAge, h.groups.opt.Now(), h.old[stream]
	if age == 0 || now.Sub(was.at) < min(age/64, time.Minute) {
		return was.seq
	}
	if at, err := h.groups.opt.Retention.Find(ctx, stream, now.Add(-age)); err == nil {
		was.seq = at.Seq
	}
	h.old[stream] = found{was.seq, now}
	return was.seq
}

// needs is where the first message stands that the group is not done with; holds says that
// it holds its stream back.
func (k *group) needs() (at msg.Position, holds bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at = k.state.Floor()
	if at.Index == math.MaxUint32 {
		at = msg.Position{Seq: at.Seq + 1}
	}
	return at, k.settings.Hold
}

// forget counts what the stream has removed before a group was done with it.
func (g *Groups) forget(ctx context.Context, k *group, needs msg.Position) {
	if first, err := g.opt.Source.First(ctx, k.stream); err == nil && first.Seq > max(needs.Seq, 1) {
		k.note(func() bool {
			before := k.state.Lost + k.state.Unread
			k.state.Forget(first)
			return k.state.Lost+k.state.Unread != before
		})
	}
}
