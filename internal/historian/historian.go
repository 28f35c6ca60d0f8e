package historian

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/historian/warm"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/payload"
	"github.com/millrace/millrace/internal/point"
)

// Historian keeps points. Its methods may be called from any goroutine.
type Historian struct {
	opts   Options
	cancel context.CancelFunc
	ending chan struct{}
	work   sync.WaitGroup // the goroutines of Start
	// queries are the readers of the store; Close waits for them.
	queries sync.WaitGroup

	// What the holder of the ingest lock owns. Of catalogue, window, position and
	// store it is the only writer, and writes under mu, too.
	ingest      sync.Mutex
	decoder     *payload.Decoder
	addPoint    func(*payload.Metric) error
	encoder     warm.Encoder
	chunkReader warm.Decoder
	newcomers   *newcomers
	created     []uint32 // series since the last commit
	samples     []point.Sample
	tails       []tail
	commits     uint64
	current     struct {
		message *msg.Message
		topic   cursor
		record  int    // of the message
		from    uint32 // where the record's points begin in the window
	}
	refused struct{ last, told time.Time }

	mu        sync.RWMutex
	store     *store // nil before Start and behind Close
	catalogue *catalogue
	window    window
	position  msg.Position // of the newest message taken in
	committed msg.Position

	points   atomic.Uint64
	rejected []atomic.Uint64 // by fault.Code
	broken   atomic.Uint64
	diskFull atomic.Bool
	behind   behind
}

var errStopped = fault.New(fault.Unavailable, "The historian is not running.")

// New returns a Historian that is not started yet.
func New(opts Options) (*Historian, error) {
	if opts.Dir == "" || opts.Stream != "" && opts.Source == nil {
		return nil, fault.New(fault.Invalid, "The historian needs a folder, and a source when it has a stream.")
	}
	opts = opts.withDefaults()
	h := &Historian{opts: opts, ending: make(chan struct{}), catalogue: newCatalogue(),
		decoder: payload.New(opts.Payload), newcomers: newNewcomers(opts.NewSeries, opts.NewSeriesEach),
		rejected: make([]atomic.Uint64, len(fault.Codes()))}
	h.addPoint = h.add
	return h, nil
}

// Close stops reading, commits what was read and closes the store. When ctx ends
// first, or the disk is full, the rest is read from the stream at the next start.
func (h *Historian) Close(ctx context.Context) error {
	if h.cancel == nil {
		return nil
	}
	h.cancel()
	h.cancel = nil
	close(h.ending)
	done := make(chan error, 1)
	go func() { done <- h.end(ctx) }() // ends when the store lets it
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("historian: close: %w", ctx.Err())
	}
}

func (h *Historian) end(ctx context.Context) error {
	h.work.Wait()
	h.ingest.Lock()
	defer h.ingest.Unlock()
	var err error
	if h.store != nil {
		err = h.commit()
	}
	h.mu.Lock()
	s := h.store
	h.store = nil
	h.mu.Unlock()
	h.queries.Wait()
	if s == nil { // the disk was full from the start
		return nil
	}
	return errors.Join(err, s.close(ctx))
}

func (h *Historian) isEnding() bool {
	select {
	case <-h.ending:
		return true
	default:
		return false
	}
}

// Pauses between attempts to read the stream.
const (
	firstPause = 250 * time.Millisecond
	maxPause   = 10 * time.Second
)

// follow reads the stream until ctx ends; a source that fails is tried again.
func (h *Historian) follow(ctx context.Context) {
	pause, told := firstPause, false
	for {
		before := h.reached()
		err := h.opts.Source.Read(ctx, h.opts.Stream, before, h.take)
		if ctx.Err() != nil {
			return
		}
		if h.reached() != before {
			pause, told = firstPause, false
		}
		if !told {
			h.opts.Log.Warn("historian: reading stopped, trying again", "stream", h.opts.Stream, "after", before.String(), "error", err)
			told = true
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
}

func (h *Historian) reached() msg.Position {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.position
}

// tick commits in time and ends alarms until ctx ends.
func (h *Historian) tick(ctx context.Context) {
	tick := time.NewTicker(h.opts.CommitEvery)
	defer tick.Stop()
	told := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		h.ingest.Lock()
		err := h.commit()
		h.calmSeries()
		h.ingest.Unlock()
		if err != nil && !told {
			h.opts.Log.Warn("historian: commit", "error", err)
		}
		told = err != nil
		h.watchStore()
	}
}

// calmSeries ends the alarm about refused series after a while of quiet.
func (h *Historian) calmSeries() {
	if last := h.refused.last; !last.IsZero() && h.opts.Now().Sub(last) >= seriesAlarmFor {
		h.refused.last = time.Time{}
		h.opts.Alarms.Clear(alarmSeries)
	}
}

// watchStore raises the alarm for a store that cannot go on.
func (h *Historian) watchStore() {
	if h.store.hasFailed() {
		h.opts.Alarms.Raise(alarmFailed, 1, storeFailed.With(), nothingLost.With(*h.store.reason.Load()))
	}
}

// damaged counts a chunk that cannot be read.
func (h *Historian) damaged(id uint32) {
	if h.broken.Add(1) == 1 {
		h.opts.Alarms.Raise(alarmDamaged, 2, pointsDamaged.With(), chunkDamaged.With(int(id)))
	}
}

// Series lists the series by name, and how many match in all.
func (h *Historian) Series(ctx context.Context, p point.Page) ([]point.Series, int, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	h.mu.RLock()
	if h.store == nil {
		h.mu.RUnlock()
		return nil, 0, h.notRunning()
	}
	if len(h.catalogue.unsorted) > 0 {
		h.mu.RUnlock()
		h.mu.Lock()
		h.catalogue.sort()
		h.mu.Unlock()
		h.mu.RLock()
	}
	defer h.mu.RUnlock()
	list, total := h.catalogue.list(p)
	return list, total, nil
}

// Latest lists the newest point of each series by name, and how many match in all.
// It reads memory alone.
func (h *Historian) Latest(ctx context.Context, p point.Page) ([]point.Series, int, error) {
	return h.Series(ctx, p)
}
