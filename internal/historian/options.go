package historian

import (
	"context"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/payload"
	"github.com/millrace/millrace/internal/say"
)

// Source is the log the historian reads.
type Source interface {
	// Read hands over every message of the stream behind after, entry by entry in
	// log order, and follows the stream until ctx ends or f fails. at is the
	// position of ms[0]; ms are borrowed until f returns.
	Read(ctx context.Context, stream string, after msg.Position, f func(at msg.Position, ms []msg.Message) error) error
}

// Alarms is told of conditions that want somebody's attention. Its methods are
// called with locks held: they must not ask the Historian.
type Alarms interface {
	Raise(id string, priority int, title, detail say.Said)
	Clear(id string)
}

// Options of a Historian. Zero values mean the defaults.
type Options struct {
	// Dir is the folder of the warm store. It is made, or made so, that only its owner
	// may enter.
	Dir string
	// Source is where messages come from, and Stream the name of what to read there.
	// Without a Stream the historian answers from what it has.
	Source Source
	Stream string
	// Payload says how messages are decoded.
	Payload payload.Options

	// CommitEvery is the longest time points stay uncommitted. Default 5 s.
	CommitEvery time.Duration
	// CommitPoints is how many points are kept uncommitted at most. Default 200,000.
	CommitPoints int
	// MaxAge is how long points are kept by their own time; 0 is for ever.
	MaxAge time.Duration

	// MaxSeries is how many series there may be. Default 1,000,000.
	MaxSeries int
	// NewSeries bounds new series from all publishers. Default 1,000 a second,
	// 10,000 at once.
	NewSeries Rate
	// NewSeriesEach bounds new series from one publisher. Default 200 a second,
	// 2,000 at once.
	NewSeriesEach Rate

	// Reserve is how many bytes of disk stay free. Default 128 MiB.
	Reserve int64
	// FreeSpace reads the free bytes where Dir lies. Default: asks the system.
	FreeSpace func() (int64, error)

	// Alarms may be nil.
	Alarms Alarms
	// Log may be nil.
	Log *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time

	fs vfs.FS // tests put a failing or crashing disk here
}

// Rate is a token bucket: so many a second, and so many at once.
type Rate struct {
	PerSecond float64
	Burst     float64
}

func (o Options) withDefaults() Options {
	o.CommitEvery = orDefault(o.CommitEvery, 5*time.Second)
	o.CommitPoints = orDefault(o.CommitPoints, 200_000)
	o.MaxSeries = orDefault(o.MaxSeries, 1_000_000)
	o.NewSeries = o.NewSeries.orDefault(Rate{1000, 10_000})
	o.NewSeriesEach = o.NewSeriesEach.orDefault(Rate{200, 2000})
	o.Reserve = orDefault(o.Reserve, 128<<20)
	if o.fs == nil {
		o.fs = privateFS{vfs.Default}
	}
	if o.Alarms == nil {
		o.Alarms = noAlarms{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FreeSpace == nil {
		o.FreeSpace = func() (int64, error) { return freeSpace(o.fs, o.Dir) }
	}
	return o
}

func freeSpace(fs vfs.FS, dir string) (int64, error) {
	usage, err := fs.GetDiskUsage(dir)
	return int64(min(usage.AvailBytes, 1<<62)), err
}

func (r Rate) orDefault(d Rate) Rate {
	if r.PerSecond <= 0 || r.Burst <= 0 {
		return d
	}
	return r
}

func orDefault[T int | int64 | time.Duration](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}

type noAlarms struct{}

func (noAlarms) Raise(string, int, say.Said, say.Said) {}
func (noAlarms) Clear(string)                          {}
