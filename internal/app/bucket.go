package app

import (
	"context"

	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/fault"
)

// bucket opens a bucket that a node can do without for a while. On a disk without room
// for a new one, what it is to hold stays in memory: it is made with the first use that
// finds room, which the check of readiness is.
func (a *App) bucket(ctx context.Context, name string) (*bus.KV, error) {
	kv, err := a.bus.KV(ctx, name)
	if fault.CodeOf(err) != fault.StorageFull {
		return kv, err
	}
	a.log.Error("the disk has no room for a new bucket; what it is to hold stays in memory until there is room", "bucket", name, "error", err)
	a.health.Add(name, func(ctx context.Context) error {
		if _, _, err := kv.Get(ctx, name); fault.CodeOf(err) == fault.StorageFull {
			return fault.New(fault.StorageFull, "What is to be kept in %s is in memory alone: the disk is full.", name)
		}
		return nil
	})
	return kv, nil
}

// needsSpace adds what helps to the error of a start that has to write and found the disk full.
func (a *App) needsSpace(err error) error {
	if fault.CodeOf(err) != fault.StorageFull {
		return err
	}
	return fault.Wrap(fault.StorageFull, "app: start", err, "The disk of %s is full, and a first start has to write: free some space, or lower storage.reserve, and start again. (%s)",
		a.cfg.Data, fault.UserMessage(err))
}
