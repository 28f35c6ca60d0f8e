package backup

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// StreamState describes a stream of the node; an alias as [Entry] is.
type StreamState = struct {
	Name                 string
	Config               json.RawMessage
	Created              time.Time
	Newest               bool
	First, Last, Entries uint64
}

// Store is where the node keeps its logs and buckets.
type Store interface {
	CopyStates(ctx context.Context) ([]StreamState, error)
	// CopyOut calls f with the entries from sequence from to sequence to, 0 for the end.
	CopyOut(ctx context.Context, name string, from, to uint64, f func(*Entry) error) error
	// HoldPurges lets nobody remove entries on purpose until release is called.
	HoldPurges(ctx context.Context) (release func(), err error)
}

// Source is a running node.
type Source struct {
	Node, Version string
	Store         Store
	// Together are the streams that name positions of others (first of all) and those
	// that are emptied because of what they hold: they are copied as of one moment.
	Together []string
	// Checkpoint copies the historian's store to a folder; nil where there is none.
	Checkpoint func(ctx context.Context, dir string) error
	// Data is the data folder, Skip names in it that are not copied as files.
	Data string
	Skip []string
	// Named are files that the configuration names elsewhere, LeftOut those of them that
	// are not to be copied.
	Named, LeftOut []string
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Progress is how far a back-up, a verification or a restoration is.
type Progress struct {
	Doing string `json:"doing"`
	Done  int64  `json:"done"` // bytes that were read
	Of    int64  `json:"of"`   // in all, 0 where that is not known
}

// Result is what a back-up did.
type Result struct {
	Name    string        `json:"name"`
	Took    time.Duration `json:"took"`
	Size    int64         `json:"size"`    // of all that the generation holds, bytes
	Written int64         `json:"written"` // of what was new, bytes
	Entries uint64        `json:"entries"` // that were new
	LeftOut []string      `json:"leftOut,omitempty"`
}

const (
	// segmentBytes is where a segment ends.
	segmentBytes = 32 << 20
	// A run of so many segments below smallSegment is written again as one.
	mergeRun     = 16
	smallSegment = 8 << 20
	// slackEntries is how many entries of a bucket may be out of date whatever its size.
	slackEntries = 1000
	// nameFormat is how a generation is named by its time; names sort by it.
	nameFormat = "20060102T150405.000Z"
	scratchDir = "backup-scratch"
	pointsDir  = "warm"
	// restoredDir holds the files that were elsewhere.
	restoredDir = "restored"
)

// taking is a back-up that is being made.
type taking struct {
	folder
	src      Source
	progress func(Progress)
	g        Generation
	last     *Generation // the newest one that is whole; may be nil
	broken   *Generation // what an interrupted one has got; may be nil
	written  int64
	read     int64
	entries  uint64
}

// Take makes one more generation in dir. progress is called now and then.
func Take(ctx context.Context, dir string, src Source, progress func(Progress)) (Result, error) {
	if src.Now == nil {
		src.Now = time.Now
	}
	t := &taking{folder: folder{dir, map[string]bool{}}, src: src, progress: progress}
	t.g = Generation{Format: formatVersion, Node: src.Node, Version: src.Version, Began: src.Now().UTC(), LeftOut: src.LeftOut}
	t.g.Name = t.g.Began.Format(nameFormat)
	if err := t.open(); err != nil {
		return Result{}, err
	}
	if err := t.make(); err != nil {
		return Result{}, t.fault("made", err)
	}
	if err := t.copy(ctx); err != nil {
		return Result{}, err
	}
	if err := t.whole(); err != nil {
		return Result{}, err
	}
	t.g.Ended = src.Now().UTC()
	if err := t.writeManifest(t.path(t.g.Name), &t.g); err != nil {
		return Result{}, err
	}
	if err := os.Remove(t.unfinished()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return Result{}, t.fault("written", err)
	}
	return Result{Name: t.g.Name, Took: t.g.Ended.Sub(t.g.Began), Size: t.g.Size(), Written: t.written, Entries: t.entries, LeftOut: t.g.LeftOut}, nil
}

// Plan tells what Take would copy of the streams, and changes nothing.
func Plan(ctx context.Context, dir string, src Source) (Result, error) {
	if src.Now == nil {
		src.Now = time.Now
	}
	t := &taking{folder: folder{dir: dir}, src: src}
	t.g = Generation{Node: src.Node, Began: src.Now().UTC()}
	t.g.Name = t.g.Began.Format(nameFormat)
	if err := t.open(); err != nil {
		return Result{}, err
	}
	states, err := src.Store.CopyStates(ctx)
	if err != nil {
		return Result{}, err
	}
	r := Result{Name: t.g.Name, LeftOut: src.LeftOut}
	for _, s := range states {
		segments, err := t.base(ctx, s)
		if err != nil {
			return Result{}, err
		}
		from := s.First
		for _, seg := range segments {
			from, r.Size = max(from, seg.To+1), r.Size+seg.Size
		}
		r.Entries += min(s.Entries, s.Last+1-min(from, s.Last+1))
	}
	return r, nil
}

// open looks at what is there.
func (t *taking) open() error {
	if within(t.dir, t.src.Data) || within(t.src.Data, t.dir) {
		return fault.New(fault.Invalid, "The back-up folder %s and the data folder %s lie in each other.", t.dir, t.src.Data)
	}
	names, err := t.names()
	if err != nil {
		return err
	}
	for i := len(names) - 1; i >= 0 && t.last == nil; i-- {
		t.last, _ = t.readManifest(t.path(names[i])) // a damaged one only makes more to write
	}
	t.broken, _ = t.readManifest(t.unfinished())
	for _, g := range []*Generation{t.last, t.broken} {
		if g != nil && g.Node != t.g.Node {
			return fault.New(fault.Conflict, "%s holds back-ups of the node %s: this one, %s, needs a folder of its own.", t.dir, g.Node, t.g.Node)
		}
	}
	if len(names) > 0 && t.g.Name <= names[len(names)-1] {
		return fault.New(fault.Conflict, "The newest back-up in %s is of %s, which is not in the past: does the clock go wrong?", t.dir, names[len(names)-1])
	}
	return nil
}

// whole fails when something that the generation needs has left the folder meanwhile.
func (t *taking) whole() (err error) {
	t.g.objects(func(o Object, what string) {
		if err == nil && !t.has(o) {
			err = fault.New(fault.Unavailable, "The back-up folder %s has lost %s while the back-up was made. Is its disk there?", t.dir, what)
		}
	})
	return err
}

// within says whether path is dir or lies in it.
func within(path, dir string) bool {
	p, err1 := filepath.Abs(path)
	d, err2 := filepath.Abs(dir)
	rel, err3 := filepath.Rel(d, p)
	return errors.Join(err1, err2, err3) == nil && filepath.IsLocal(rel)
}

// copy fills the generation. The historian's store comes first, then the streams in whose
// positions it speaks, so that none speaks of what is not there.
func (t *taking) copy(ctx context.Context) error {
	release, err := t.src.Store.HoldPurges(ctx)
	if err != nil {
		return err
	}
	defer func() { release() }()
	scratch := filepath.Join(t.src.Data, scratchDir)
	defer os.RemoveAll(scratch)
	if t.src.Checkpoint != nil {
		t.tell("the historian's store")
		if err := t.src.Checkpoint(ctx, scratch); err != nil {
			return err
		}
	}
	rest, err := t.copyTogether(ctx)
	if err != nil {
		return err
	}
	release()
	release = func() {}
	for _, s := range rest {
		if err := t.stream(ctx, s); err != nil {
			return err
		}
	}
	if t.src.Checkpoint != nil {
		if err := t.points(ctx, scratch); err != nil {
			return err
		}
	}
	return t.files(ctx)
}

// copyTogether copies what belongs together and returns the other streams. Whoever names
// positions comes before what it names: the first of Together, the buckets, the streams.
func (t *taking) copyTogether(ctx context.Context) (rest []StreamState, err error) {
	together := t.src.Together
	names := func(s StreamState) bool { return s.Newest || len(together) > 0 && s.Name == together[0] }
	states, err := t.src.Store.CopyStates(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range states {
		if names(s) {
			if err := t.stream(ctx, s); err != nil {
				return nil, err
			}
		}
	}
	if states, err = t.src.Store.CopyStates(ctx); err != nil {
		return nil, err
	}
	for _, s := range states {
		switch {
		case names(s):
		case !slices.Contains(together, s.Name):
			rest = append(rest, s)
		default:
			if err := t.stream(ctx, s); err != nil {
				return nil, err
			}
		}
	}
	return rest, nil
}

func (t *taking) tell(doing string) {
	if t.progress != nil {
		t.progress(Progress{Doing: doing, Done: t.read})
	}
}
