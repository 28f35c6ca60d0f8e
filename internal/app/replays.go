package app

import (
	"context"
	"errors"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/stream"
	"github.com/millrace/millrace/internal/stream/replay"
)

var (
	_ api.Replays      = replaysAPI{}
	_ replay.Source    = (*stream.Streams)(nil)
	_ replay.Publisher = (*broker.Broker)(nil)
	_ replay.KV        = (*bus.KV)(nil)
)

func (a *App) startReplays(ctx context.Context) (stop, error) {
	kv, err := a.bucket(ctx, "replays")
	if err != nil {
		return nil, err
	}
	a.replays = replay.New(replay.Options{Source: a.streams, Publisher: a.broker, KV: kv, Log: a.log})
	if err := a.replays.Start(ctx); err != nil {
		return nil, errors.Join(a.needsSpace(err), a.replays.Close())
	}
	return simple(a.replays.Close), nil
}

// replaysAPI answers in the API's types.
type replaysAPI struct{ room *replay.Replays }

func (r replaysAPI) Replays() []api.Replay { return convert(r.room.List(), replayRow) }

func (r replaysAPI) Replay(id string) (api.Replay, error) {
	s, err := r.room.Get(id)
	return replayRow(s), err
}

func (r replaysAPI) BeginReplay(name string, after, upTo msg.Position, n api.NewReplay, by string) (api.Replay, error) {
	s, err := r.room.Begin(replayOrder(name, after, upTo, n, by))
	return replayRow(s), err
}

func (r replaysAPI) CountReplay(ctx context.Context, name string, after, upTo msg.Position, n api.NewReplay) (api.ReplayExtent, error) {
	e, err := r.room.Count(ctx, replayOrder(name, after, upTo, n, ""))
	return api.ReplayExtent{Messages: e.Messages, Bytes: e.Bytes, First: e.First, Last: e.Last, Seconds: e.Takes.Seconds(), AtLeast: e.AtLeast}, err
}

func (r replaysAPI) SetReplay(id, state string) (api.Replay, error) {
	s, err := r.room.Set(id, replay.State(state))
	return replayRow(s), err
}

func replayOrder(name string, after, upTo msg.Position, n api.NewReplay, by string) replay.Order {
	return replay.Order{Stream: name, After: after, UpTo: upTo, Filter: n.Filter, Prefix: n.Prefix, Speed: n.Speed, Rate: n.Rate, Capture: n.Capture, Resume: n.Resume, By: by}
}

func replayRow(s replay.Status) api.Replay {
	out := api.Replay{
		ID: s.ID, Stream: s.Stream, State: string(s.State), After: s.After.String(), UpTo: s.UpTo.String(), Position: s.At.String(),
		Filter: s.Filter, Prefix: s.Prefix, Speed: s.Speed, Rate: s.Rate, Capture: s.Capture, Resume: s.Resume,
		Published: s.Published, Refused: s.Refused, Bytes: s.Bytes, Arrived: s.Arrived, Begun: s.Begun, Ended: s.Ended, By: s.By, Error: s.Error,
	}
	switch all := float64(s.UpTo.Seq) - float64(s.After.Seq); {
	case s.State == replay.Done:
		out.Done = 1
	case all > 0:
		out.Done = min(max((float64(s.At.Seq)-float64(s.After.Seq))/all, 0), 1)
	}
	return out
}
