package api

import (
	"context"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// Replays publish stored messages once more. One that is not there is fault.NotFound.
type Replays interface {
	Replays() []Replay
	Replay(id string) (Replay, error)
	// BeginReplay starts one; after and upTo are the range.
	BeginReplay(stream string, after, upTo msg.Position, r NewReplay, by string) (Replay, error)
	// CountReplay tells what it would publish.
	CountReplay(ctx context.Context, stream string, after, upTo msg.Position, r NewReplay) (ReplayExtent, error)
	SetReplay(id, state string) (Replay, error)
}

// NewReplay says what is to be published again, and how.
type NewReplay struct {
	After   string  `json:"after,omitempty" maxLength:"40" doc:"Behind this position"`
	From    string  `json:"from,omitempty" maxLength:"64" doc:"From the first message of this time on: RFC 3339, milliseconds since 1970, now, or relative such as -1h"`
	UpTo    string  `json:"upTo,omitempty" maxLength:"40" doc:"Up to this position; by default what is stored now"`
	To      string  `json:"to,omitempty" maxLength:"64" doc:"What arrived before this time"`
	Filter  string  `json:"filter,omitempty" maxLength:"65535" doc:"Only topics that this topic filter matches"`
	Prefix  string  `json:"prefix,omitempty" maxLength:"1024" doc:"Goes before each topic, such as replay/; empty: the topics are as they were"`
	Speed   float64 `json:"speed,omitempty" minimum:"0" maximum:"1000000" doc:"How many times as fast as they came; 0, the default, is as fast as it goes"`
	Rate    float64 `json:"rate,omitempty" minimum:"0" maximum:"10000000" doc:"Messages a second, whenever they came; not together with speed"`
	Capture bool    `json:"capture,omitempty" doc:"Let streams take the messages again"`
	Resume  bool    `json:"resume,omitempty" doc:"Go on by itself when the node is started again"`
}

// ReplayOrder is NewReplay, or the question what it would be.
type ReplayOrder struct {
	NewReplay
	DryRun bool `json:"dryRun,omitempty" doc:"Count, and publish nothing"`
}

// ReplayExtent is what a replay would publish.
type ReplayExtent struct {
	Messages uint64    `json:"messages"`
	Bytes    int64     `json:"bytes" doc:"Of the payloads"`
	First    time.Time `json:"first,omitzero" doc:"When the first of them arrived"`
	Last     time.Time `json:"last,omitzero" doc:"When the last of them arrived"`
	Seconds  float64   `json:"seconds" doc:"How long it would take; 0 when it goes as fast as it can"`
	AtLeast  bool      `json:"atLeast" doc:"True when counting took too long: there are more"`
}

// Replay is one that runs or has ended.
type Replay struct {
	ID        string    `json:"id"`
	Stream    string    `json:"stream"`
	State     string    `json:"state" enum:"running,paused,done,stopped,failed,interrupted" doc:"interrupted has ended with the node; set to running it goes on from its position"`
	After     string    `json:"after" doc:"It began behind this position"`
	UpTo      string    `json:"upTo" doc:"It ends with this position"`
	Position  string    `json:"position" doc:"Newest position that is done; give it as after to go on"`
	Filter    string    `json:"filter,omitempty"`
	Prefix    string    `json:"prefix,omitempty"`
	Speed     float64   `json:"speed,omitempty"`
	Rate      float64   `json:"rate,omitempty"`
	Capture   bool      `json:"capture,omitempty"`
	Resume    bool      `json:"resume,omitempty" doc:"It goes on by itself when the node is started again"`
	Published uint64    `json:"published" doc:"Messages that went out"`
	Refused   uint64    `json:"refused" doc:"Messages that the broker refused, a topic that is too long with its prefix for example"`
	Bytes     int64     `json:"bytes" doc:"Of the payloads that went out"`
	Arrived   time.Time `json:"arrived,omitzero" doc:"When the newest that went out had arrived first"`
	Begun     time.Time `json:"begun"`
	Ended     time.Time `json:"ended,omitzero"`
	Done      float64   `json:"done" doc:"Part of the range that is done, 0 to 1, by entries of the log"`
	By        string    `json:"by,omitempty"`
	Error     string    `json:"error,omitempty"`
}

// ReplayAnswer is the replay that was begun, or what it would be.
type ReplayAnswer struct {
	Replay *Replay       `json:"replay,omitempty"`
	Would  *ReplayExtent `json:"would,omitempty" doc:"With dryRun"`
}

type replayInput struct {
	StreamPath
	Body ReplayOrder
}

// ReplayPath names a replay.
type ReplayPath struct {
	ID string `path:"id" maxLength:"20"`
}

type setReplayInput struct {
	ReplayPath
	Body ReplayState
}

// ReplayState is what a replay is to do.
type ReplayState struct {
	State string `json:"state" enum:"running,paused,stopped"`
}

func (a *API) replayOperations() {
	tags := []string{"Streams"}
	register(a, huma.Operation{OperationID: "begin-replay", Method: http.MethodPost, Path: "/streams/{name}/replay", Tags: tags,
		Summary: "Publish stored messages once more",
		Description: "To MQTT clients, with the user properties millrace-replay (stream/position) and millrace-time. No stream takes them unless capture is set. " +
			"Without after and from it begins with the oldest message. With dryRun it counts."}, a.beginReplay)
	register(a, huma.Operation{OperationID: "list-replays", Method: http.MethodGet, Path: "/replays", Tags: tags,
		Summary: "Replays that run or have ended, newest first"}, a.listReplays)
	register(a, huma.Operation{OperationID: "get-replay", Method: http.MethodGet, Path: "/replays/{id}", Tags: tags,
		Summary: "How a replay is going"}, a.getReplay)
	register(a, huma.Operation{OperationID: "set-replay", Method: http.MethodPatch, Path: "/replays/{id}", Tags: tags,
		Summary: "Pause, resume or stop a replay"}, a.setReplay)
}

func (a *API) replays() (Replays, error) {
	if a.Replays == nil {
		return nil, unavailable("list of replays")
	}
	return a.Replays, nil
}

func (a *API) beginReplay(ctx context.Context, in *replayInput) (*answer[ReplayAnswer], error) {
	r, err := a.replays()
	if err != nil {
		return nil, err
	}
	after, upTo, err := a.replayRange(ctx, in.Name, &in.Body.NewReplay)
	if err != nil {
		return nil, err
	}
	if in.Body.DryRun {
		would, err := r.CountReplay(ctx, in.Name, after, upTo, in.Body.NewReplay)
		return reply(ReplayAnswer{Would: &would}, err)
	}
	begun, err := r.BeginReplay(in.Name, after, upTo, in.Body.NewReplay, callerOf(ctx).User)
	return reply(ReplayAnswer{Replay: &begun}, err)
}

func (a *API) replayRange(ctx context.Context, name string, in *NewReplay) (after, upTo msg.Position, err error) {
	s, err := a.streams()
	if err != nil {
		return after, upTo, err
	}
	if err := checkReplay(in); err != nil {
		return after, upTo, err
	}
	if after, err = a.begin(ctx, s, name, StreamFrom{After: in.After, From: in.From, Filter: in.Filter}, ""); err != nil {
		return after, upTo, err
	}
	if err := s.Readable(ctx, name, after); err != nil {
		return after, upTo, err
	}
	if in.UpTo == "" && in.To == "" {
		upTo, err = s.Find(ctx, name, time.Unix(0, math.MaxInt64))
		return after, upTo, err
	}
	upTo, err = a.begin(ctx, s, name, StreamFrom{After: in.UpTo, From: in.To}, "")
	return after, upTo, err
}

func checkReplay(in *NewReplay) error {
	switch {
	case in.Speed > 0 && in.Rate > 0:
		return fault.New(fault.Invalid, "Give speed or rate, not both.")
	case strings.HasPrefix(in.Prefix, "$"):
		return fault.New(fault.Forbidden, "Topics that begin with $ are the server's own: choose another prefix.")
	case in.Prefix != "":
		return topic.ValidName([]byte(in.Prefix))
	}
	return nil
}

func (a *API) listReplays(context.Context, *none) (*answer[Page[Replay]], error) {
	r, err := a.replays()
	if err != nil {
		return nil, err
	}
	return reply(whole(r.Replays()), nil)
}

func (a *API) getReplay(_ context.Context, in *ReplayPath) (*answer[Replay], error) {
	r, err := a.replays()
	if err != nil {
		return nil, err
	}
	return reply(r.Replay(in.ID))
}

func (a *API) setReplay(_ context.Context, in *setReplayInput) (*answer[Replay], error) {
	r, err := a.replays()
	if err != nil {
		return nil, err
	}
	return reply(r.SetReplay(in.ID, in.Body.State))
}
