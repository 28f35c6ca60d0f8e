package group

import (
	"context"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

const (
	// writeAfter is how long a change that nobody waits for may wait to be written.
	writeAfter = time.Second
	// writeAgain is the least time between two rounds, so that what comes meanwhile
	// shares the next.
	writeAgain = 5 * time.Millisecond
	// writeLimit bounds the writing of one group.
	writeLimit = 5 * time.Second
)

// keeper writes what has changed, all groups in one round after the other.
type keeper struct {
	groups *Groups
	soon   chan struct{} // somebody waits
	stop   chan struct{}
	ended  chan struct{}
	ending *sync.Once
	// turn is held by whoever writes or removes, so that nothing is written that is gone.
	turn chan struct{}
}

func newKeeper(g *Groups) keeper {
	return keeper{groups: g, soon: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{}), ending: new(sync.Once), turn: make(chan struct{}, 1)}
}

// update changes the group and returns what tells when that is written.
func (k *group) update(f func()) <-chan error {
	written := make(chan error, 1)
	k.mu.Lock()
	defer k.mu.Unlock()
	f()
	k.dirty = true
	k.waiters = append(k.waiters, written)
	return written
}

// note changes the group, when f says so; that is written in a while.
func (k *group) note(f func() (changed bool)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dirty = f() || k.dirty
}

// wait returns when an update is written.
func (p *keeper) wait(ctx context.Context, k *group, written <-chan error) error {
	select {
	case p.soon <- struct{}{}:
	default:
	}
	select {
	case err := <-written:
		return err
	case <-k.gone:
		return noGroup(k.stream, k.name)
	case <-p.ended:
		return fault.New(fault.ServerShutdown, "The node is shutting down.")
	case <-ctx.Done():
		return fault.Wrap(fault.Timeout, "group: write "+k.name, ctx.Err(), "It is not known yet whether that is kept.")
	}
}

// run writes until close.
func (p *keeper) run() {
	defer close(p.ended)
	lazy := time.NewTicker(writeAfter)
	defer lazy.Stop()
	for {
		select {
		case <-p.soon:
		case <-lazy.C:
		case <-p.stop:
			p.round()
			return
		}
		p.round()
		select {
		case <-time.After(writeAgain):
		case <-p.stop:
		}
	}
}

// close ends run after a last round.
func (p *keeper) close(ctx context.Context) error {
	p.ending.Do(func() { close(p.stop) })
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *keeper) round() {
	for _, k := range p.groups.of("") {
		p.write(k)
	}
}

func (p *keeper) write(k *group) {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	waiters, dirty := k.begin()
	if !dirty {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
	defer cancel()
	_, err := p.groups.opt.KV.Put(ctx, keyOf(k.stream, k.name), k.value())
	if err != nil {
		k.note(func() bool { return true }) // it is tried again
		p.groups.opt.Log.Warn("a consumer group cannot be written; it is tried again", "stream", k.stream, "group", k.name, "error", err)
	}
	for _, w := range waiters {
		w <- err
	}
}

// begin takes the group for written.
func (k *group) begin() (waiters []chan<- error, dirty bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended() {
		return nil, false
	}
	waiters, dirty = k.waiters, k.dirty
	k.waiters, k.dirty = nil, false
	return waiters, dirty
}

// create puts a new group into the bucket; one that cannot be is forgotten.
func (p *keeper) create(ctx context.Context, k *group) error {
	return p.alone(ctx, func() error {
		_, err := p.groups.opt.KV.Create(ctx, keyOf(k.stream, k.name), k.value())
		if err != nil {
			p.groups.leave(k)
		}
		return err
	})
}

// remove takes the group out of the bucket.
func (p *keeper) remove(ctx context.Context, k *group) error {
	return p.alone(ctx, func() error {
		err := p.groups.opt.KV.Delete(ctx, keyOf(k.stream, k.name))
		if err == nil {
			p.groups.leave(k)
		}
		return err
	})
}

// alone calls f while nothing is written.
func (p *keeper) alone(ctx context.Context, f func() error) error {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
		return f()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
