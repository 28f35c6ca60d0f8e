package app

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/stream"
)

var (
	_ api.StreamChanges = streamChangesAPI{}
	_ stream.KV         = (*bus.KV)(nil)
)

// openCatalog reads which streams there are beside those of the file.
func (a *App) openCatalog(ctx context.Context) (err error) {
	kv, err := a.bucket(ctx, "streams")
	if err != nil {
		return err
	}
	a.catalog, err = stream.OpenCatalog(ctx, stream.CatalogOptions{
		KV: kv, File: streamConfigs(a.cfg.Streams), BuiltIn: builtInStreams(), Room: a.cfg.Storage.Room().Int64(),
	})
	return err
}

// streamChangesAPI answers in the API's types.
type streamChangesAPI struct{ *App }

const (
	madeAge   = 30 * 24 * time.Hour
	madeBytes = 10 << 30
)

func (a streamChangesAPI) CreateStream(ctx context.Context, name string, s api.StreamSettings, by string) error {
	m := stream.Made{MaxAge: madeAge, MaxBytes: madeBytes, By: by}
	if room := a.cfg.Storage.Room().Int64(); room > 0 {
		m.MaxBytes = max(min(m.MaxBytes, room/8), 16<<20)
	}
	if err := setStream(&m, s); err != nil {
		return err
	}
	if a.streams.Followable(name) != nil { // a kill may have left groups of one that was deleted
		if err := a.groups.DeleteAll(ctx, name); err != nil {
			return err
		}
	}
	err := a.catalog.Create(ctx, name, m)
	if err == nil {
		a.trackStream(name)
	}
	return err
}

func (a streamChangesAPI) ChangeStream(ctx context.Context, name string, s api.StreamSettings) error {
	if err := setStream(new(stream.Made), s); err != nil {
		return err
	}
	return a.catalog.Change(ctx, name, func(m *stream.Made) { _ = setStream(m, s) })
}

// setStream sets what is set in s; it refuses what no stream may be.
func setStream(m *stream.Made, s api.StreamSettings) error {
	for _, f := range s.Filters {
		if strings.HasPrefix(f, "$") {
			return fault.New(fault.Invalid, "Topics that begin with $ are never kept: %s.", f)
		}
	}
	if s.Filters != nil {
		m.Filters = s.Filters
	}
	if s.MaxAge != nil {
		if *s.MaxAge > 0 && *s.MaxAge < 1 {
			return fault.New(fault.Invalid, "The shortest maxAge is one second.")
		}
		m.MaxAge = time.Duration(*s.MaxAge * float64(time.Second))
	}
	if s.MaxBytes != nil {
		if *s.MaxBytes > 0 && *s.MaxBytes < 16<<20 {
			return fault.New(fault.Invalid, "The least maxBytes is 16 MiB.")
		}
		m.MaxBytes = *s.MaxBytes
	}
	if s.Before != nil {
		m.Before = *s.Before
	}
	return nil
}

func (a streamChangesAPI) DeleteStream(ctx context.Context, name string, force bool) error {
	upTo := msg.Position{Seq: math.MaxUint64, Index: math.MaxUint32}
	if _, made := a.catalog.Origin(name); made && !force {
		if upTo = a.streams.Newest(name); a.held(ctx, name, upTo).Compare(upTo) < 0 {
			return fault.New(fault.Conflict, "Sessions have still to get messages of stream %s. Delete it with force, and they lose them.", name)
		}
	}
	if err := a.catalog.Delete(ctx, name, upTo); err != nil {
		return err
	}
	return a.groups.DeleteAll(ctx, name)
}

func (a streamChangesAPI) PurgeStream(ctx context.Context, name string, upTo msg.Position, force, dry bool) (out api.Purged, err error) {
	to := upTo
	if !force {
		to = a.held(ctx, name, upTo)
	}
	r, err := a.streams.Clear(ctx, name, to, dry)
	return api.Purged{UpTo: r.UpTo.String(), Entries: r.Entries, Of: r.Of, Bytes: r.Bytes, Held: to != upTo, DryRun: dry}, err
}

// patrolLimit is how long a change of a stream waits to hear what sessions need of it now.
const patrolLimit = 3 * time.Second

// held is upTo, or the last position before what a session has still to get. What is known
// of that may be older than what was published last: then it is found out anew.
func (a *App) held(ctx context.Context, name string, upTo msg.Position) msg.Position {
	if to := a.heldSoFar(name, upTo); to == upTo {
		return to
	}
	ctx, cancel := context.WithTimeout(ctx, patrolLimit)
	defer cancel()
	if err := a.broker.Patrol(ctx, name); err != nil {
		a.log.Debug("what sessions need of a stream is some seconds old", "stream", name, "error", err)
	}
	return a.heldSoFar(name, upTo)
}

func (a *App) heldSoFar(name string, upTo msg.Position) msg.Position {
	needed := a.broker.Needed(name)
	if needed == math.MaxUint64 || upTo.Seq < needed {
		return upTo
	}
	return msg.Position{Seq: needed, Index: 0}.Before()
}
