package group

import (
	"context"
	"math"
	"time"

	"github.com/millrace/millrace/internal/fault"
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

// holder says what the groups need that hold their streams back, within the bounds, and
// counts what they have lost.
type holder struct {
	groups *Groups
	looks  chan chan struct{} // asked for at once; each is closed behind its round
	stop   context.CancelFunc
	ctx    context.Context // of the rounds
	ended  chan struct{}
	old    map[string]found // by stream: what is older than the bound; the goroutine's own
}

// found is an entry, and when it was looked for.
type found struct {
	seq uint64
	at  time.Time
}

func newHolder(g *Groups) *holder {
	h := &holder{groups: g, looks: make(chan chan struct{}), ended: make(chan struct{}), old: map[string]found{}}
	h.ctx, h.stop = context.WithCancel(context.Background())
	return h
}

// run goes round until close.
func (h *holder) run() {
	defer close(h.ended)
	clock := time.NewTicker(holdEvery)
	defer clock.Stop()
	for {
		select {
		case <-clock.C:
			h.round()
		case looked := <-h.looks:
			h.round()
			close(looked)
		case <-h.ctx.Done():
			return
		}
	}
}

func (h *holder) close() {
	h.stop()
	<-h.ended
}

// look returns when retention knows what the groups need now.
func (h *holder) look(ctx context.Context) error {
	looked := make(chan struct{})
	select {
	case h.looks <- looked:
		<-looked
		return nil
	case <-h.ended:
		return fault.New(fault.ServerShutdown, "The node is shutting down.")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (h *holder) round() {
	for _, stream := range h.groups.opt.Retention.Names() {
		h.groups.opt.Retention.Hold(stream, Reader, h.needed(stream))
	}
}

// needed is the lowest entry that a group which holds the stream back is not done with,
// as far as the bounds let it.
func (h *holder) needed(stream string) (seq uint64) {
	seq = holdNothing
	all := h.groups.of(stream)
	if len(all) > 0 {
		h.count(stream, all)
	}
	for _, k := range all {
		if at, holds := k.needs(); holds {
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
	return max(seq, h.tooOld(stream))
}

// count notes what the stream has removed before its groups were done with it. What the
// stream cannot say now is counted later.
func (h *holder) count(stream string, all []*group) {
	first, purged, err := h.groups.opt.Source.First(h.ctx, stream)
	if err != nil {
		return
	}
	for _, k := range all {
		k.forget(first, purged)
	}
}

// tooOld is the entry before which everything is older than the bound.
func (h *holder) tooOld(stream string) uint64 {
	age, now, was := h.groups.opt.HoldAge, h.groups.opt.Now(), h.old[stream]
	if age == 0 || now.Sub(was.at) < min(age/64, time.Minute) {
		return was.seq
	}
	if at, err := h.groups.opt.Retention.Find(h.ctx, stream, now.Add(-age)); err == nil {
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

// forget counts what lay before first, the oldest that is stored, was removed and not done.
func (k *group) forget(first msg.Position, purged uint64) {
	needs, _ := k.needs()
	if first.Seq <= max(needs.Seq, 1) {
		return
	}
	k.note(func() bool {
		if k.begins {
			return false
		}
		before := k.state.Cursor
		lost := k.state.Forget(first, purged)
		return lost > 0 || k.state.Cursor != before
	})
}
