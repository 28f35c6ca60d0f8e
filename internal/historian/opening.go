package historian

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/millrace/millrace/internal/fault"
)

var errWaiting = fault.New(fault.StorageFull, "The historian waits for space on the disk. The stream keeps the messages.")

// Start opens the store and begins to read. ctx covers the start alone. Where the
// disk is too full to open the store, Start returns all the same: an alarm is
// raised, questions are answered with fault.StorageFull, and the historian opens
// when space returns.
func (h *Historian) Start(ctx context.Context) error {
	run, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	full, opened := make(chan struct{}), make(chan error, 1)
	tellFull := sync.OnceFunc(func() { close(full) })
	h.work.Go(func() {
		err := h.open(run, func() { h.raiseDiskFull(); tellFull() })
		opened <- err
		if err == nil {
			return
		}
		select {
		case <-full: // Start has returned, and so cannot
			h.cannotOpen(run, err)
		default:
		}
	})
	var err error
	select {
	case err = <-opened:
	case <-full:
		h.opts.Log.Error("historian: the disk is full, the store opens when space returns")
	case <-ctx.Done():
		err = fmt.Errorf("historian: start: %w", ctx.Err())
	}
	if err != nil {
		cancel()
		h.work.Wait()
		h.cancel = nil
	}
	return err
}

// open opens the store, learns what it has and begins to work; waits is called when
// that has to wait for space.
func (h *Historian) open(run context.Context, waits func()) error {
	s, err := openStore(run, h.opts.Dir, h.opts.fs, h.opts.Log, waits)
	if err != nil {
		return err
	}
	c := newCatalogue()
	position, commits, err := s.load(h.opts.Stream, c)
	if s.hasFailed() {
		return s.gaveUp(h.opts.Dir)
	}
	if err != nil {
		return errors.Join(fault.Wrap(fault.Internal, "historian: load", err, "The historian's store is damaged: %v. %s", err, advice(h.opts.Dir)), s.close(run))
	}
	c.sort()
	h.mu.Lock()
	h.store, h.catalogue, h.position, h.committed, h.commits = s, c, position, position, commits
	h.mu.Unlock()
	h.begin(run)
	return nil
}

// begin starts the goroutines that live until run ends.
func (h *Historian) begin(run context.Context) {
	h.work.Go(func() { h.tick(run) })
	if h.opts.MaxAge > 0 {
		h.work.Go(func() { h.retain(run) })
	}
	if h.opts.Stream != "" {
		h.work.Go(func() { h.follow(run) })
	}
}

func (h *Historian) cannotOpen(run context.Context, err error) {
	if run.Err() == nil {
		h.opts.Log.Error("historian: the store cannot be opened", "error", err)
		h.opts.Alarms.Raise(alarmFailed, 1, storeShut.With(), messagesWait.With(fault.UserMessage(err)))
	}
}

// notRunning is why there is no store.
func (h *Historian) notRunning() error {
	if h.diskFull.Load() {
		return errWaiting
	}
	return errStopped
}
