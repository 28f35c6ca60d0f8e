package historian

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

const (
	memTableSize = 16 << 20
	cacheSize    = 16 << 20
	fullRetry    = 250 * time.Millisecond
)

// store is the Pebble database with what has to be around it: a file system that
// waits for space, and an end to work instead of an end to the process when Pebble
// cannot go on.
type store struct {
	db     *pebble.DB
	log    *slog.Logger
	full   atomic.Int64
	failed chan struct{} // closed when Pebble cannot go on
	once   sync.Once
	reason atomic.Pointer[string]
}

var errFailed = fault.New(fault.Unavailable, "The historian's store has failed. Start the node again.")

// openStore opens the store in dir, waiting for space on a full disk until ctx ends.
func openStore(ctx context.Context, dir string, fs vfs.FS, log *slog.Logger, waits func()) (*store, error) {
	s := &store{log: log, failed: make(chan struct{})}
	quit := make(chan struct{})
	opts := s.options(&patientFS{FS: fs, full: &s.full, waits: waits, every: fullRetry, quit: quit}, quit)
	done := make(chan error, 1)
	go func() { done <- s.open(dir, fs, opts) }() // ends with the opening
	select {
	case err := <-done:
		if err != nil {
			return nil, fault.Wrap(fault.Unavailable, "historian: open store", err, "The historian's store cannot be opened: %v. %s", err, advice(dir))
		}
		return s, nil
	case <-s.failed:
		return nil, s.gaveUp(dir)
	case <-ctx.Done():
		close(quit)
		select {
		case err := <-done: // opened in the last moment, or given up
			if err == nil {
				err = s.close(context.WithoutCancel(ctx))
			}
			return nil, errors.Join(fmt.Errorf("historian: open store: %w", ctx.Err()), err)
		case <-s.failed: // the rest is left to the end of the process
			return nil, fmt.Errorf("historian: open store: %w", ctx.Err())
		}
	}
}

// options are Pebble's.
func (s *store) options(fs vfs.FS, quit <-chan struct{}) *pebble.Options {
	o := &pebble.Options{
		FS:                 fs,
		FormatMajorVersion: pebble.FormatNewest,
		Logger:             s,
		MemTableSize:       memTableSize,
		CacheSize:          cacheSize,
		MaxOpenFiles:       200,
		EventListener:      &pebble.EventListener{BackgroundError: func(err error) { s.inBackground(err, quit) }},
	}
	for i := range o.Levels {
		o.Levels[i].BlockSize = 32 << 10
	}
	return o
}

// open takes as long as it has to; fs does not wait for room.
func (s *store) open(dir string, fs vfs.FS, o *pebble.Options) (err error) {
	if err := o.FS.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	o.ErrorIfNotExists = wasStore(fs, dir)
	if s.db, err = pebble.Open(dir, o); err != nil {
		return err
	}
	return s.checkFormat()
}

// wasStore says that a folder holds a store, whatever is missing of it: Pebble would begin
// an empty one beside its files.
func wasStore(fs vfs.FS, dir string) bool {
	names, err := fs.List(dir)
	return err == nil && slices.ContainsFunc(names, func(name string) bool {
		return strings.HasPrefix(name, "MANIFEST-") || strings.HasPrefix(name, "marker.manifest.") || strings.HasSuffix(name, ".sst")
	})
}

// advice is what helps with a damaged store.
func advice(dir string) string {
	return "Restore the folder " + dir + " from a back-up, or move it away: its points are then made anew from what the stream still holds."
}

// gaveUp is why Pebble cannot go on with what is stored.
func (s *store) gaveUp(dir string) error {
	why, _, _ := strings.Cut(*s.reason.Load(), "\n")
	return fault.New(fault.Unavailable, "The historian's store is damaged: %s. %s", why, advice(dir))
}

// inBackground is told of a flush or a compaction that failed. Pebble tries those again
// for ever and without a pause: when nobody waits for the store any longer, it keeps the
// goroutine of Pebble that called it.
func (s *store) inBackground(err error, quit <-chan struct{}) {
	select {
	case <-quit:
		s.Fatalf("the disk was full, and the store is not opened any more: %v", err)
	default:
		s.log.Warn("historian: store", "error", err)
	}
}

func (s *store) checkFormat() error {
	v, done, err := s.get([]byte{keyFormat})
	if err == nil && v == nil {
		return s.db.Set([]byte{keyFormat}, []byte{formatVersion}, pebble.Sync)
	}
	if err == nil && (len(v) != 1 || v[0] != formatVersion) {
		err = fault.New(fault.Unavailable, "The historian's store was written by another version of the program.")
	}
	if done != nil {
		done()
	}
	if err != nil {
		return errors.Join(err, s.db.Close())
	}
	return nil
}

// get returns a key's value, nil when there is none. The value is borrowed until
// done is called.
func (s *store) get(key []byte) (v []byte, done func(), err error) {
	v, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return v, func() { closer.Close() }, nil
}

// load fills the catalogue and returns where the stream was left.
func (s *store) load(stream string, c *catalogue) (msg.Position, uint64, error) {
	err := s.each(keySeries, func(id uint32, v []byte) error {
		topic, metric, err := readSeriesRow(v)
		if err == nil && c.add(topic, metric) != id {
			err = errRow
		}
		return err
	})
	if err == nil {
		err = s.each(keyNewest, func(id uint32, v []byte) error {
			if id >= c.count {
				return errRow
			}
			return readNewestRow(v, c.at(id))
		})
	}
	if err != nil {
		return msg.Position{}, 0, err
	}
	v, done, err := s.get(positionKey(stream))
	if err != nil || v == nil {
		return msg.Position{}, 0, err
	}
	defer done()
	return readPosition(v)
}

// each calls f with every row of a kind that is kept by series, in their order.
func (s *store) each(kind byte, f func(id uint32, v []byte) error) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{kind}, UpperBound: []byte{kind + 1}})
	if err != nil {
		return err
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		r := row{b: it.Key()[1:]}
		id := r.take(4)
		if id == nil {
			err = errRow
			break
		}
		err = f(uint32(id[0])<<24|uint32(id[1])<<16|uint32(id[2])<<8|uint32(id[3]), it.Value())
	}
	return errors.Join(err, it.Close())
}

// chunks returns an iterator over all chunks.
func (s *store) chunks() (*pebble.Iterator, error) {
	if s.hasFailed() {
		return nil, errFailed
	}
	return s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{keyChunk}, UpperBound: []byte{keyChunk + 1}})
}

func (s *store) hasFailed() bool {
	select {
	case <-s.failed:
		return true
	default:
		return false
	}
}

// commit makes the batch durable, or ends early when the store has failed.
func (s *store) commit(b *pebble.Batch) error {
	done := make(chan error, 1)
	go func() { done <- b.Commit(pebble.Sync) }() // ends with the commit; a failed store keeps it
	select {
	case err := <-done:
		return err
	case <-s.failed:
		return errFailed
	}
}

// close ends the store. A failed store, or one that waits for space when ctx ends,
// is left to the end of the process: nothing committed is lost by that.
func (s *store) close(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- s.db.Close() }() // ends with the close; a store without space keeps it
	select {
	case err := <-done:
		return err
	case <-s.failed:
		return errFailed
	case <-ctx.Done():
		return fmt.Errorf("historian: close store: %w", ctx.Err())
	}
}

// Infof, Errorf and Fatalf are Pebble's logger.
func (s *store) Infof(format string, args ...any) { s.log.Debug(fmt.Sprintf(format, args...)) }

// Errorf is part of Pebble's logger.
func (s *store) Errorf(format string, args ...any) {
	s.log.Warn("historian: store", "error", fmt.Sprintf(format, args...))
}

// Fatalf must not return and must not end the node: it marks the store as failed
// and keeps the goroutine of Pebble that called it.
func (s *store) Fatalf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.once.Do(func() {
		s.reason.Store(&text)
		s.log.Error("historian: store has failed", "error", text)
		close(s.failed)
	})
	select {}
}
