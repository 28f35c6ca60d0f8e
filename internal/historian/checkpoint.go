package historian

import (
	"context"
	"fmt"
	"os"

	"github.com/cockroachdb/pebble/v2"

	"github.com/millrace/millrace/internal/fault"
)

// Checkpoint makes dir, on the store's own disk, a copy of the store as it is at one
// moment: it holds every commit before the call. Files that do not change any more are
// shared with the store. What is in dir is removed first; the caller removes the copy.
func (h *Historian) Checkpoint(ctx context.Context, dir string) error {
	h.mu.RLock()
	s := h.store
	if s == nil {
		h.mu.RUnlock()
		return h.notRunning()
	}
	h.queries.Add(1)
	h.mu.RUnlock()
	if err := os.RemoveAll(dir); err != nil {
		h.queries.Done()
		return fault.Wrap(fault.Unavailable, "historian: checkpoint", err, "The folder %s cannot be removed.", dir)
	}
	done := make(chan error, 1)
	go func() { // ends with the copy; a store without space keeps it
		defer h.queries.Done()
		done <- s.db.Checkpoint(dir, pebble.WithFlushedWAL())
	}()
	select {
	case err := <-done:
		if err != nil {
			return fault.Wrap(fault.Unavailable, "historian: checkpoint", err, "The historian's store cannot be copied.")
		}
		return nil
	case <-s.failed:
		return errFailed
	case <-ctx.Done():
		return fmt.Errorf("historian: checkpoint: %w", ctx.Err())
	}
}
