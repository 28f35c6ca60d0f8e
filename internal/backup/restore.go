package backup

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/files"
)

// marker is the file of a data folder that is not whole yet.
const marker = "restore-unfinished"

// CheckWhole fails for a data folder whose restoration was interrupted.
func CheckWhole(data string) error {
	if _, err := os.Stat(filepath.Join(data, marker)); err == nil {
		return fault.New(fault.Conflict, "The data folder %s is not whole: its restoration from a back-up was interrupted. Run millrace restore again.", data)
	}
	return nil
}

// CheckNotBackup fails for a folder that holds back-ups: a node that began there, empty,
// would look as if all were lost.
func CheckNotBackup(data string) error {
	names, _ := folder{dir: data}.names() // what cannot be read is told by who needs it
	if len(names) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "%s holds back-ups, and is no data folder. Run millrace restore %s --data DIR, and start the node on DIR.", data, data)
}

// Target is where a back-up is restored to.
type Target struct {
	// Data is the data folder; it must be empty, or not there.
	Data string
	// Import makes the logs and buckets again. entries hands over those of a stream.
	Import func(ctx context.Context, all []StreamState, entries func(s StreamState, f func(*Entry) error) error) error
	// DryRun verifies and changes nothing.
	DryRun bool
}

// Restored is what a restoration did.
type Restored struct {
	Verified
	Generation *Generation `json:"generation"`
}

// Restore makes a data folder of the generation of that name, the newest where it is
// empty. It verifies it first.
func Restore(ctx context.Context, dir, name string, to Target, progress func(Progress)) (Restored, error) {
	f := folder{dir: dir}
	g, err := f.find(name)
	if err != nil {
		return Restored{}, err
	}
	if err := checkEmpty(to.Data); err != nil {
		return Restored{}, err
	}
	v, err := f.verify(ctx, []*Generation{g}, progress)
	if err != nil || to.DryRun {
		return Restored{v, g}, err
	}
	if err := f.restore(ctx, g, to, progress); err != nil {
		return Restored{}, err
	}
	return Restored{v, g}, nil
}

// checkEmpty fails when somebody may have something in the folder.
func checkEmpty(data string) error {
	entries, err := os.ReadDir(data)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, "restore", err, "The data folder %s cannot be read: %v.", data, plain(err))
	}
	if len(entries) > 0 && CheckWhole(data) == nil {
		return fault.New(fault.Conflict, "The data folder %s is not empty. Restore to an empty one, or move away what is in it.", data)
	}
	return nil
}

func (f folder) restore(ctx context.Context, g *Generation, to Target, progress func(Progress)) error {
	if err := begin(to.Data); err != nil {
		return fault.Wrap(fault.Unavailable, "restore", err, "The data folder %s cannot be written: %v.", to.Data, plain(err))
	}
	r := restoring{folder: f, data: to.Data, progress: progress, of: g.Size()}
	for _, p := range g.Points {
		if err := r.file(ctx, p, pointsDir); err != nil {
			return err
		}
	}
	for _, p := range g.Files {
		if err := r.file(ctx, p, ""); err != nil {
			return err
		}
	}
	if err := r.streams(ctx, g, to.Import); err != nil {
		return err
	}
	return finish(to.Data)
}

// begin empties the folder of an interrupted restoration and marks it.
func begin(data string) error {
	if err := files.Private(data); err != nil {
		return err
	}
	if err := writeWhole(filepath.Join(data, marker), []byte("This data folder is not whole yet.\n")); err != nil {
		return err
	}
	entries, err := os.ReadDir(data)
	for _, e := range entries {
		if e.Name() != marker {
			err = errors.Join(err, os.RemoveAll(filepath.Join(data, e.Name())))
		}
	}
	return err
}

// finish takes the mark away.
func finish(data string) error {
	if err := errors.Join(syncDir(data), os.Remove(filepath.Join(data, marker)), syncDir(data)); err != nil {
		return fault.Wrap(fault.Unavailable, "restore", err, "The data folder %s cannot be written: %v.", data, plain(err))
	}
	return nil
}

// restoring is a restoration under way.
type restoring struct {
	folder
	data     string
	progress func(Progress)
	done, of int64
}

func (r *restoring) tell(doing string, n int64) {
	r.done += n
	if r.progress != nil {
		r.progress(Progress{Doing: doing, Done: r.done, Of: r.of})
	}
}

// file writes one file below the folder of that name.
func (r *restoring) file(ctx context.Context, f File, below string) error {
	path := filepath.FromSlash(f.Path)
	if !filepath.IsLocal(path) {
		return fault.New(fault.Malformed, "The back-up names a file outside of the data folder: %s.", f.Path)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	path = filepath.Join(r.data, below, path)
	err := r.read(f.Object, "the file "+f.Path, func(in io.Reader) error { return writeFile(path, in) })
	r.tell(f.Path, f.Size)
	return err
}

func writeFile(path string, in io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return fault.Wrap(fault.Unavailable, "restore", err, "The file %s cannot be written: %v.", path, plain(err))
	}
	return syncDir(filepath.Dir(path))
}

// streams makes the logs and buckets again.
func (r *restoring) streams(ctx context.Context, g *Generation, to func(context.Context, []StreamState, func(StreamState, func(*Entry) error) error) error) error {
	segments := map[string][]Segment{}
	var all []StreamState
	for _, s := range g.Streams {
		segments[s.Name] = s.Segments
		all = append(all, StreamState{Name: s.Name, Config: s.Config, Created: s.Created, Newest: s.Newest, First: s.First, Last: s.Last, Entries: s.Entries})
	}
	return to(ctx, all, func(s StreamState, f func(*Entry) error) error {
		last := uint64(0)
		for _, seg := range segments[s.Name] {
			err := r.read(seg.Object, seg.what(s.Name), func(in io.Reader) error {
				return readSegment(in, func(x *Entry) error {
					if x.Seq <= last {
						return errSegment
					}
					last = x.Seq
					return f(x)
				})
			})
			if err != nil {
				return err
			}
			r.tell(s.Name, seg.Size)
		}
		return nil
	})
}
