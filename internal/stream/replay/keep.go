package replay

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// KV is the bucket that keeps replays.
type KV interface {
	Get(ctx context.Context, key string) (value []byte, rev uint64, err error)
	Put(ctx context.Context, key string, value []byte) (rev uint64, err error)
	Delete(ctx context.Context, key string) error
	Keys(ctx context.Context, prefix string) ([]string, error)
}

const (
	// keepEvery is how often it is written how far replays are; what goes out in between
	// may go out again after a crash.
	keepEvery = time.Second
	// keepLimit bounds the writing of one round.
	keepLimit = 5 * time.Second
)

// keeper writes what has changed.
type keeper struct {
	turn      *sync.Mutex // held by whoever writes
	forgotten []string    // to be removed; guarded by Replays.mu
	stop      context.CancelFunc
	ended     chan struct{} // nil before the start
}

func newKeeper() keeper { return keeper{turn: new(sync.Mutex)} }

// Start brings back what is kept. Replays that ran when the node ended go on when they are
// to resume; others are interrupted.
func (r *Replays) Start(ctx context.Context) error {
	if r.opt.KV == nil {
		return nil
	}
	keys, err := r.opt.KV.Keys(ctx, "")
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := r.load(ctx, key); err != nil {
			return err
		}
	}
	writing, stop := context.WithCancel(context.Background())
	r.keeper.stop, r.keeper.ended = stop, make(chan struct{})
	go r.keeper.run(writing, r)
	return nil
}

func (r *Replays) load(ctx context.Context, key string) error {
	b, _, err := r.opt.KV.Get(ctx, key)
	if err != nil {
		return err
	}
	p := &replay{room: r}
	if err := json.Unmarshal(b, &p.status); err != nil {
		return fault.Wrap(fault.Internal, "replay: load "+key, err, "Replay %s cannot be read.", key)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enter(p)
	p.goOn()
	return nil
}

// enter puts a replay among the others, by when they began. r.mu is held.
func (r *Replays) enter(p *replay) {
	i := len(r.all)
	for i > 0 && r.all[i-1].status.Begun.After(p.status.Begun) {
		i--
	}
	r.all = append(r.all[:i:i], append([]*replay{p}, r.all[i:]...)...)
}

// goOn lets a replay that was kept go on, or be interrupted. room.mu is held.
func (p *replay) goOn() {
	switch was := p.status.State; {
	case was != Running && was != Paused && was != Interrupted:
	case !p.status.Resume:
		p.status.State = Interrupted
	case was == Paused:
		p.start()
		p.pause()
	default:
		p.start()
	}
	if p.status.State == Running || p.status.State == Interrupted {
		p.room.opt.Log.Info("a replay had ended with the node", "replay", p.status.ID, "stream", p.status.Stream, "at", p.status.At.String(), "state", string(p.status.State))
	}
}

// run writes now and then, until close.
func (k *keeper) run(ctx context.Context, r *Replays) {
	defer close(k.ended)
	clock := time.NewTicker(keepEvery)
	defer clock.Stop()
	for {
		select {
		case <-clock.C:
			k.round(r)
		case <-ctx.Done():
			return
		}
	}
}

// close ends run, after which what is left is written.
func (k *keeper) close(r *Replays) {
	if k.ended == nil {
		return
	}
	k.stop()
	<-k.ended
	k.round(r)
}

// round writes what has changed. What cannot be written is tried again.
func (k *keeper) round(r *Replays) {
	if r.opt.KV == nil {
		return
	}
	k.turn.Lock()
	defer k.turn.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), keepLimit)
	defer cancel()
	changed, gone := r.changes()
	var failed error
	for _, p := range changed {
		if err := k.write(ctx, r, p); err != nil {
			failed = err
		}
	}
	for _, id := range gone {
		if err := k.remove(ctx, r, id); err != nil {
			failed = err
		}
	}
	if failed != nil {
		r.opt.Log.Warn("how far a replay is cannot be written; it is tried again", "error", failed)
	}
}

// changes are the replays to be written, and those to be removed.
func (r *Replays) changes() (changed []*replay, gone []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.all {
		if p.dirty {
			changed = append(changed, p)
		}
	}
	gone, r.keeper.forgotten = r.keeper.forgotten, nil
	return changed, gone
}

func (k *keeper) write(ctx context.Context, r *Replays, p *replay) error {
	r.mu.Lock()
	p.dirty = false
	b, err := json.Marshal(p.status)
	id := p.status.ID
	r.mu.Unlock()
	if err == nil {
		_, err = r.opt.KV.Put(ctx, id, b)
	}
	if err != nil {
		p.note(func(*Status) {})
	}
	return err
}

func (k *keeper) remove(ctx context.Context, r *Replays, id string) error {
	err := r.opt.KV.Delete(ctx, id)
	if err != nil {
		r.mu.Lock()
		k.forgotten = append(k.forgotten, id)
		r.mu.Unlock()
	}
	return err
}
