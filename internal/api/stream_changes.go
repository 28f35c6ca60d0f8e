package api

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// StreamChanges makes streams and changes those that users have made. What is in the
// configuration file, or the node's own, is fault.Forbidden.
type StreamChanges interface {
	CreateStream(ctx context.Context, name string, s StreamSettings, by string) error
	// ChangeStream sets what is set in s.
	ChangeStream(ctx context.Context, name string, s StreamSettings) error
	// DeleteStream ends a stream with its consumer groups and removes what it holds.
	// Without force it refuses, fault.Conflict, while sessions need something of it.
	DeleteStream(ctx context.Context, name string, force bool) error
	// PurgeStream removes the entries up to a position, and without force none that a
	// session has still to get; with dry it tells what would go.
	PurgeStream(ctx context.Context, name string, upTo msg.Position, force, dry bool) (Purged, error)
}

// StreamSettings are what a user says of a stream; what is absent stays as it is, or has
// its default.
type StreamSettings struct {
	Filters  []string `json:"filters,omitempty" maxItems:"1000" nullable:"false" doc:"Topic filters of what it takes; none may begin with $"`
	MaxAge   *float64 `json:"maxAge,omitempty" minimum:"0" maximum:"3155760000" doc:"Seconds that a message is kept; 0 is for ever; default 30 days"`
	MaxBytes *int64   `json:"maxBytes,omitempty" minimum:"0" doc:"Bytes that are kept, the oldest go first; 0 is no bound, else 16 MiB at least; default 10 GiB"`
	Before   *string  `json:"before,omitempty" maxLength:"64" doc:"The stream that takes messages after this one; empty, the default, is the first one that takes every topic"`
}

// NewStream is a stream to be made.
type NewStream struct {
	Name string `json:"name" maxLength:"64" pattern:"^[a-z0-9][a-z0-9_-]*$"`
	StreamSettings
}

// StreamPurge says what is to be removed.
type StreamPurge struct {
	UpTo   string `json:"upTo,omitempty" maxLength:"40" doc:"Up to this position"`
	Before string `json:"before,omitempty" maxLength:"64" doc:"What arrived before this time: RFC 3339, milliseconds since 1970, now, or relative such as -1h"`
	All    bool   `json:"all,omitempty" doc:"Everything that is stored"`
	Force  bool   `json:"force,omitempty" doc:"Also what sessions have still to get"`
	DryRun bool   `json:"dryRun,omitempty" doc:"Tell what would be removed, and remove nothing"`
}

// Purged is what a purge has removed, or would.
type Purged struct {
	UpTo    string `json:"upTo" doc:"Newest position that is removed; 0:0 when nothing is"`
	Entries uint64 `json:"entries" doc:"Entries of the log; one holds the messages of a moment, and goes as a whole"`
	Of      uint64 `json:"of" doc:"Entries that were stored"`
	Bytes   int64  `json:"bytes" doc:"Bytes on disk, about"`
	Held    bool   `json:"held" doc:"True when less goes than was asked for, since sessions have still to get the rest"`
	DryRun  bool   `json:"dryRun"`
}

type newStreamInput struct{ Body NewStream }

type changeStreamInput struct {
	StreamPath
	Body StreamSettings
}

type deleteStreamInput struct {
	StreamPath
	Force bool `query:"force" doc:"Also when sessions have still to get something of it"`
}

type purgeStreamInput struct {
	StreamPath
	Body StreamPurge
}

func (a *API) streamChangeOperations() {
	tags := []string{"Streams"}
	register(a, huma.Operation{OperationID: "create-stream", Method: http.MethodPost, Path: "/streams", DefaultStatus: http.StatusCreated, Tags: tags,
		Summary:     "Make a stream",
		Description: "It takes the messages of its filters from now on, before the streams that stand behind it; those no longer get them."}, a.createStream)
	register(a, huma.Operation{OperationID: "change-stream", Method: http.MethodPatch, Path: "/streams/{name}", Tags: tags,
		Summary: "Change a stream that was made by this API", Description: "What is absent stays as it is."}, a.changeStream)
	register(a, huma.Operation{OperationID: "delete-stream", Method: http.MethodDelete, Path: "/streams/{name}", Tags: tags,
		Summary: "Delete a stream that was made by this API, with what it holds"}, a.deleteStream)
	register(a, huma.Operation{OperationID: "purge-stream", Method: http.MethodPost, Path: "/streams/{name}/purge", Tags: tags,
		Summary:     "Remove messages of a stream",
		Description: "What sessions have still to get stays, unless force is set. Consumer groups do not hold it: what they lose is counted on them."}, a.purgeStream)
}

func (a *API) streamChanges() (StreamChanges, error) {
	if a.StreamChanges == nil {
		return nil, unavailable("list of streams")
	}
	return a.StreamChanges, nil
}

func (a *API) createStream(ctx context.Context, in *newStreamInput) (*answer[StreamStatus], error) {
	s, err := a.streamChanges()
	if err != nil {
		return nil, err
	}
	if err := s.CreateStream(ctx, in.Body.Name, in.Body.StreamSettings, callerOf(ctx).User); err != nil {
		return nil, err
	}
	return a.getStream(ctx, &StreamPath{in.Body.Name})
}

func (a *API) changeStream(ctx context.Context, in *changeStreamInput) (*answer[StreamStatus], error) {
	s, err := a.streamChanges()
	if err != nil {
		return nil, err
	}
	if err := s.ChangeStream(ctx, in.Name, in.Body); err != nil {
		return nil, err
	}
	return a.getStream(ctx, &in.StreamPath)
}

func (a *API) deleteStream(ctx context.Context, in *deleteStreamInput) (*none, error) {
	s, err := a.streamChanges()
	if err != nil {
		return nil, err
	}
	return nil, s.DeleteStream(ctx, in.Name, in.Force)
}

func (a *API) purgeStream(ctx context.Context, in *purgeStreamInput) (*answer[Purged], error) {
	s, err := a.streamChanges()
	if err != nil {
		return nil, err
	}
	upTo, err := a.purgeEnd(ctx, in.Name, &in.Body)
	if err != nil {
		return nil, err
	}
	return reply(s.PurgeStream(ctx, in.Name, upTo, in.Body.Force, in.Body.DryRun))
}

// purgeEnd is the position up to which is removed.
func (a *API) purgeEnd(ctx context.Context, name string, in *StreamPurge) (msg.Position, error) {
	given := 0
	for _, is := range []bool{in.UpTo != "", in.Before != "", in.All} {
		if is {
			given++
		}
	}
	if given != 1 {
		return msg.Position{}, fault.New(fault.Invalid, "Say what is to be removed, by one of upTo, before and all.")
	}
	s, err := a.streams()
	switch {
	case err != nil:
		return msg.Position{}, err
	case in.All:
		return s.Find(ctx, name, time.Unix(0, math.MaxInt64))
	}
	return a.begin(ctx, s, name, StreamFrom{After: in.UpTo, From: in.Before}, "")
}
