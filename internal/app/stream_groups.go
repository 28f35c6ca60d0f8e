package app

import (
	"context"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/stream"
	"github.com/millrace/millrace/internal/stream/group"
)

var (
	_ api.ConsumerGroups = groupsAPI{}
	_ group.Source       = (*stream.Streams)(nil)
	_ group.KV           = (*bus.KV)(nil)
	_ group.Retention    = (*stream.Streams)(nil)
)

// startGroups begins to keep the consumer groups.
func (a *App) startGroups(ctx context.Context) (stop, error) {
	kv, err := a.bucket(ctx, "consumers")
	if err != nil {
		return nil, err
	}
	g := group.New(group.Options{Source: a.streams, KV: kv, Max: a.cfg.Consumers.MaxGroups, Log: a.log,
		Retention: a.streams, HoldAge: a.cfg.Consumers.HoldAge, HoldBytes: a.cfg.Consumers.HoldBytes.Int64()})
	if err := g.Start(ctx); err != nil {
		return nil, a.needsSpace(err)
	}
	a.groups = g
	for _, name := range a.catalog.Gone() {
		if err := g.DeleteAll(ctx, name); err != nil { // a full disk: they go at another start
			a.log.Warn("consumer groups of a stream that was deleted cannot be removed", "stream", name, "error", err)
		}
	}
	looking, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.watchLags(looking) })
	return func(ctx context.Context) error {
		cancel()
		running.Wait()
		return g.Close(ctx)
	}, nil
}

// groupReaders are the consumer groups of a stream.
func (a *App) groupReaders(s stream.Stats) []api.StreamReader {
	return convert(a.groups.List(s.Name), func(i group.Info) api.StreamReader {
		r := groupRow(s, i)
		return api.StreamReader{Name: i.Name, Kind: "consumers", Position: r.Position, Behind: r.Behind, Lag: r.Lag}
	})
}

// groupsAPI answers in the API's types.
type groupsAPI struct{ *App }

func (a groupsAPI) Groups(ctx context.Context, name string) ([]api.ConsumerGroup, error) {
	if err := a.streams.Readable(ctx, name, msg.Position{}); err != nil {
		return nil, err
	}
	return convert(a.groups.List(name), a.row), nil
}

func (a groupsAPI) Group(_ context.Context, name, g string) (api.ConsumerGroup, error) {
	i, err := a.groups.Get(name, g)
	return a.row(i), err
}

func (a groupsAPI) CreateGroup(ctx context.Context, name, g string, s api.GroupSettings, after msg.Position, by string) (api.ConsumerGroup, error) {
	set := group.Settings{AckWait: 30 * time.Second, MaxOpen: 1000}
	setGroup(&set, s)
	i, err := a.groups.Create(ctx, name, g, set, after, by)
	return a.row(i), err
}

func (a groupsAPI) ChangeGroup(ctx context.Context, name, g string, s api.GroupSettings, seek *msg.Position) (api.ConsumerGroup, error) {
	i, err := a.groups.Change(ctx, name, g, func(set *group.Settings) { setGroup(set, s) }, seek)
	return a.row(i), err
}

func setGroup(to *group.Settings, s api.GroupSettings) {
	if s.Filter != nil {
		to.Filter = *s.Filter
	}
	if s.AckWait != nil {
		to.AckWait = time.Duration(*s.AckWait * float64(time.Second))
	}
	if s.MaxDeliveries != nil {
		to.MaxDeliveries = *s.MaxDeliveries
	}
	if s.MaxInFlight != nil {
		to.MaxOpen = *s.MaxInFlight
	}
	if s.Hold != nil {
		to.Hold = *s.Hold
	}
}

func (a groupsAPI) DeleteGroup(ctx context.Context, name, g string) error {
	return a.groups.Delete(ctx, name, g)
}

func (a groupsAPI) Pull(ctx context.Context, name, g string, most int, wait time.Duration) ([]api.Delivered, error) {
	got, err := a.groups.Pull(ctx, name, g, most, wait)
	return convert(got, func(d group.Delivery) api.Delivered {
		return api.Delivered{Placed: d.Placed, Deliveries: d.Count, Until: d.Until}
	}), err
}

func (a groupsAPI) Ack(ctx context.Context, name, g string, at []msg.Position, upTo *msg.Position) (int, error) {
	return a.groups.Ack(ctx, name, g, at, upTo)
}

func (a groupsAPI) row(i group.Info) api.ConsumerGroup {
	for _, s := range a.streams.Stats() {
		if s.Name == i.Stream {
			return groupRow(s, i)
		}
	}
	return groupRow(stream.Stats{}, i)
}

func groupRow(s stream.Stats, i group.Info) api.ConsumerGroup {
	return api.ConsumerGroup{
		Stream: i.Stream, Name: i.Name, Filter: i.Filter, AckWait: i.AckWait.Seconds(), MaxDeliveries: i.MaxDeliveries, MaxInFlight: i.MaxOpen, Hold: i.Hold,
		Created: i.Created, By: i.By, Position: i.Floor.String(), Cursor: i.Cursor.String(), InFlight: i.InFlight,
		Behind: behind(s, i.Floor), Lag: groupLag(s, i).Seconds(), Acked: i.Acked, Redelivered: i.Again, GivenUp: i.GivenUp, Lost: i.Lost, LostEntries: i.Unread,
	}
}

// groupLag is how far back the newest message lies that is done. What was done before the
// group has none to show for: then the oldest message counts, or the group's beginning.
func groupLag(s stream.Stats, i group.Info) time.Duration {
	from := i.Done
	switch {
	case behind(s, i.Floor) == 0:
		return 0
	case from.IsZero() && i.Floor.Compare(s.First) < 0:
		from = s.FirstTime
	case from.IsZero():
		from = i.Created
	}
	return max(time.Since(from), 0)
}
