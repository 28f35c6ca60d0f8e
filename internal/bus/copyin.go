package bus

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/millrace/millrace/internal/fault"
)

// CopyIn makes the logs and buckets again in a folder that holds none, every entry at
// its own sequence and with its own time. entries hands over those of one stream in
// their order; what lies before its First, and in a bucket all but the newest value of a
// key, is left out. It runs engines of its own, and compares in the end what they hold
// with what was asked for.
func CopyIn(ctx context.Context, o Options, all []CopyState, entries func(s CopyState, f func(*CopyEntry) error) error) error {
	o.Durability = Process // what a crash leaves is thrown away, and all is synced in the end
	if err := withEngine(ctx, o, func(e *engine) error { return e.makeEmpty(ctx, all) }); err != nil {
		return err
	}
	b, err := New(o)
	if err != nil {
		return err
	}
	for i := range all {
		if err := writeStream(ctx, filepath.Join(b.streamsDir(), all[i].Name, "msgs"), &all[i], entries); err != nil {
			return fault.Wrap(fault.CodeOf(err), "bus: copy in "+all[i].Name, err, "%s cannot be restored: %s", all[i].Name, fault.UserMessage(err))
		}
	}
	if err := withEngine(ctx, o, func(e *engine) error { return e.compare(ctx, all) }); err != nil {
		return err
	}
	return syncTree(o.Dir)
}

// withEngine runs f on one life of a bus.
func withEngine(ctx context.Context, o Options, f func(*engine) error) error {
	b, err := New(o)
	if err != nil {
		return err
	}
	if err := b.Start(ctx); err != nil {
		return err
	}
	defer b.Close()
	return f(b.now.Load())
}

// makeEmpty makes streams that keep whatever is put into them.
func (e *engine) makeEmpty(ctx context.Context, all []CopyState) error {
	for _, s := range all {
		var c jetstream.StreamConfig
		if err := json.Unmarshal(s.Config, &c); err != nil || c.Name != s.Name {
			return fault.Wrap(fault.Invalid, "bus: copy in", err, "The description of %s cannot be read.", s.Name)
		}
		c.MaxAge, c.MaxBytes, c.FirstSeq = 0, -1, 0
		if _, err := e.js.CreateStream(ctx, c); err != nil {
			return e.bus.openFault(s.Name, "bus: copy in "+s.Name, err)
		}
	}
	return nil
}

// compare fails when the engine does not hold what was written, and gives the streams
// their own limits.
func (e *engine) compare(ctx context.Context, all []CopyState) error {
	found, err := e.bus.CopyStates(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		i := slices.IndexFunc(found, func(f CopyState) bool { return f.Name == s.Name })
		if i < 0 || found[i].First != s.First || found[i].Last != s.Last || found[i].Entries != s.Entries {
			return fault.New(fault.Internal, "%s is not as it was after its restoration: this program cannot restore it.", s.Name)
		}
		var c jetstream.StreamConfig
		if err := json.Unmarshal(s.Config, &c); err != nil {
			return err
		}
		if _, err := e.js.UpdateStream(ctx, c); err != nil {
			return e.bus.openFault(s.Name, "bus: copy in "+s.Name, err)
		}
	}
	return nil
}

// writeStream writes the files that the engine keeps a stream's entries in. It sets what
// s holds to what was written.
func writeStream(ctx context.Context, dir string, s *CopyState, entries func(CopyState, func(*CopyEntry) error) error) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	newest, err := newestOf(*s, entries)
	if err != nil {
		return err
	}
	w := &blockWriter{dir: dir, name: s.Name}
	first, n := uint64(0), uint64(0)
	err = entries(*s, func(x *CopyEntry) error {
		if x.Seq < s.First || x.Seq > s.Last || newest != nil && newest[x.Subject] != x.Seq {
			return ctx.Err()
		}
		if first == 0 {
			first = x.Seq
			if err := w.skip(first - 1); err != nil {
				return err
			}
		}
		n++
		return w.write(x)
	})
	if err != nil {
		w.drop()
		return err
	}
	if w.last < s.Last {
		if err := w.skip(s.Last); err != nil {
			return err
		}
	}
	if s.First, s.Entries = first, n; n == 0 {
		s.First = s.Last + 1
	}
	return w.close()
}

// newestOf finds the newest sequence of each subject; nil where all are kept.
func newestOf(s CopyState, entries func(CopyState, func(*CopyEntry) error) error) (map[string]uint64, error) {
	if !s.Newest {
		return nil, nil
	}
	newest := map[string]uint64{}
	return newest, entries(s, func(x *CopyEntry) error {
		if x.Seq <= s.Last {
			newest[x.Subject] = x.Seq
		}
		return nil
	})
}

// syncTree brings all files below dir to the disk.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		return f.Sync()
	})
}
