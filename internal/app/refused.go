package app

import (
	"context"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/refused"
	"github.com/millrace/millrace/internal/bus"
)

var _ refused.Shelf = (*bus.KV)(nil)

const (
	// keepRefusedEvery is how often refused clients are written down, keepRefusedParts
	// how many parts of the store at a time: a flood of refusals is not to become one
	// of writes.
	keepRefusedEvery = 5 * time.Second
	keepRefusedParts = 16
)

// startRefused makes the store of refused clients with what earlier runs have kept.
// Without a shelf the node runs all the same.
func (a *App) startRefused(ctx context.Context) (stop, error) {
	c := a.cfg.Observe
	a.refused = refused.New(c.RefusedClients, c.RefusedFor)
	kv, err := a.bucket(ctx, "refused")
	if err != nil {
		a.log.Error("refused clients are not kept beyond this run", "error", err)
		return nil, nil
	}
	if err := a.refused.Load(ctx, kv, time.Now()); err != nil {
		a.log.Error("some refused clients of earlier could not be read", "error", err)
	}
	going, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.keepRefused(going, kv) })
	return func(ctx context.Context) error {
		cancel()
		running.Wait()
		if err := a.refused.Save(ctx, kv, refused.All, time.Now()); err != nil {
			a.log.Warn("the last refused clients are not written down", "error", err)
		}
		return nil
	}, nil
}

// keepRefused saves what has changed until ctx ends.
func (a *App) keepRefused(ctx context.Context, kv *bus.KV) {
	clock := time.NewTicker(keepRefusedEvery)
	defer clock.Stop()
	fails := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
		err := a.refused.Save(ctx, kv, keepRefusedParts, time.Now())
		if err != nil && !fails && ctx.Err() == nil {
			a.log.Warn("refused clients are not written down; it is tried again", "error", err)
		}
		fails = err != nil
	}
}

// rememberRefusal fills the store.
func (a *App) rememberRefusal(r broker.Refusal) {
	a.refused.Add(refused.Refusal{At: r.At, Client: r.Client, User: r.User, Address: r.Address, Listener: r.Listener, Admitted: r.Admitted, Code: r.Code, Text: r.Text})
}
