package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// ConsumerGroups are readers outside the node that share a stream. What is not there is
// fault.NotFound.
type ConsumerGroups interface {
	Groups(ctx context.Context, stream string) ([]ConsumerGroup, error)
	Group(ctx context.Context, stream, name string) (ConsumerGroup, error)
	// CreateGroup makes one that begins behind a position.
	CreateGroup(ctx context.Context, stream, name string, s GroupSettings, after msg.Position, by string) (ConsumerGroup, error)
	// ChangeGroup sets what is set in s, and begins anew behind seek when it is not nil.
	ChangeGroup(ctx context.Context, stream, name string, s GroupSettings, seek *msg.Position) (ConsumerGroup, error)
	DeleteGroup(ctx context.Context, stream, name string) error
	// Pull hands out messages; it waits while there is nothing.
	Pull(ctx context.Context, stream, name string, most int, wait time.Duration) ([]Delivered, error)
	// Ack notes that messages are done, and returns how many were open.
	Ack(ctx context.Context, stream, name string, at []msg.Position, upTo *msg.Position) (int, error)
}

// Delivered is a message that was handed out, how often, and until when it is nobody else's.
type Delivered struct {
	msg.Placed
	Deliveries int
	Until      time.Time
}

// GroupSettings are what a user says of a consumer group; what is absent stays as it is, or
// has its default.
type GroupSettings struct {
	Filter        *string  `json:"filter,omitempty" maxLength:"65535" doc:"Only topics that this topic filter matches; empty, the default, is all"`
	AckWait       *float64 `json:"ackWait,omitempty" minimum:"0.1" maximum:"86400" doc:"Seconds until a message that was pulled and not acknowledged may be pulled again; default 30"`
	MaxDeliveries *int     `json:"maxDeliveries,omitempty" minimum:"0" maximum:"1000000" doc:"How often a message is handed out before the group gives it up and counts it; 0, the default, is without end"`
	MaxInFlight   *int     `json:"maxInFlight,omitempty" minimum:"1" maximum:"10000" doc:"Messages that may be handed out and not acknowledged; with so many nothing new is handed out; default 1000"`
	Hold          *bool    `json:"hold,omitempty" doc:"Retention of the stream waits for the group, within consumers.hold_age and consumers.hold_bytes; off by default"`
}

// NewGroup is a group to be made.
type NewGroup struct {
	Name string `json:"name" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9_.-]*$"`
	GroupSettings
	GroupStart
}

// ChangedGroup says what of a group is to be otherwise.
type ChangedGroup struct {
	GroupSettings
	GroupStart
}

// GroupStart says where a group begins.
type GroupStart struct {
	After string `json:"after,omitempty" maxLength:"40" doc:"Behind this position"`
	From  string `json:"from,omitempty" maxLength:"64" doc:"From the first message of this time on: RFC 3339, milliseconds since 1970, now, or relative such as -1h"`
}

// ConsumerGroup is a group at this moment.
type ConsumerGroup struct {
	Stream        string    `json:"stream"`
	Name          string    `json:"name"`
	Filter        string    `json:"filter" doc:"Empty is all"`
	AckWait       float64   `json:"ackWait" doc:"Seconds"`
	MaxDeliveries int       `json:"maxDeliveries" doc:"0 is without end"`
	MaxInFlight   int       `json:"maxInFlight"`
	Hold          bool      `json:"hold" doc:"Retention of the stream waits for the group, within bounds"`
	Created       time.Time `json:"created"`
	By            string    `json:"by,omitempty" doc:"Who made it"`
	Position      string    `json:"position" doc:"Up to here everything is done"`
	Cursor        string    `json:"cursor" doc:"Up to here everything was handed out, or passed over by the filter"`
	InFlight      int       `json:"inFlight" doc:"Messages handed out and not acknowledged"`
	Behind        uint64    `json:"behind" doc:"Entries of the log that are not done; one holds the messages of a moment"`
	Lag           float64   `json:"lag" doc:"Seconds: how far back the newest message lies that is done; 0 for a group that has all"`
	Acked         uint64    `json:"acked" doc:"Messages acknowledged"`
	Redelivered   uint64    `json:"redelivered" doc:"Deliveries beyond the first"`
	GivenUp       uint64    `json:"givenUp" doc:"Messages given up after maxDeliveries"`
	Lost          uint64    `json:"lost" doc:"Messages handed out that were removed from the stream before they were acknowledged"`
	LostEntries   uint64    `json:"lostEntries" doc:"Entries of the log that were removed before the group had looked at them"`
}

// GroupMessage is a message that was handed out.
type GroupMessage struct {
	StreamMessage
	Deliveries int       `json:"deliveries" doc:"How often it was handed out, with this time"`
	AckUntil   time.Time `json:"ackUntil" doc:"Until when it is nobody else's"`
}

// GroupMessages are what a pull brings.
type GroupMessages struct {
	Messages []GroupMessage `json:"messages" nullable:"false"`
}

// GroupAck says what is done.
type GroupAck struct {
	Positions []string `json:"positions,omitempty" maxItems:"10000" doc:"Positions of messages"`
	UpTo      string   `json:"upTo,omitempty" maxLength:"40" doc:"All that was handed out up to this position"`
}

// GroupAcked says how many messages an acknowledgement met.
type GroupAcked struct {
	Acked int `json:"acked" doc:"Messages that were in flight and are done now; those that are done already, or were never handed out, do not count"`
}

// GroupPath names a consumer group.
type GroupPath struct {
	StreamPath
	Group string `path:"group" maxLength:"64"`
}

type newGroupInput struct {
	StreamPath
	Body NewGroup
}

type changeGroupInput struct {
	GroupPath
	Body ChangedGroup
}

type pullInput struct {
	GroupPath
	Max  int `query:"max" minimum:"1" maximum:"1000" default:"100" doc:"Messages at most; about 4 MiB of them in any case"`
	Wait int `query:"wait" minimum:"0" maximum:"20" default:"0" doc:"Seconds to wait while there is nothing"`
}

type ackInput struct {
	GroupPath
	Body GroupAck
}

func (a *API) groupOperations() {
	const all, one = "/streams/{name}/groups", "/streams/{name}/groups/{group}"
	tags := []string{"Streams"}
	register(a, huma.Operation{OperationID: "list-groups", Method: http.MethodGet, Path: all, Tags: tags,
		Summary: "The consumer groups of a stream"}, a.listGroups)
	register(a, huma.Operation{OperationID: "create-group", Method: http.MethodPost, Path: all, DefaultStatus: http.StatusCreated, Tags: tags,
		Summary:     "Make a consumer group",
		Description: "Without after and from it begins with the oldest message that is stored."}, a.createGroup)
	register(a, huma.Operation{OperationID: "get-group", Method: http.MethodGet, Path: one, Tags: tags,
		Summary: "A consumer group, and how far it is"}, a.getGroup)
	register(a, huma.Operation{OperationID: "change-group", Method: http.MethodPatch, Path: one, Tags: tags,
		Summary:     "Change a consumer group",
		Description: "What is absent stays as it is. With after or from the group begins anew there, and what is in flight is forgotten."}, a.changeGroup)
	register(a, huma.Operation{OperationID: "delete-group", Method: http.MethodDelete, Path: one, Tags: tags,
		Summary: "End a consumer group"}, a.deleteGroup)
	register(a, huma.Operation{OperationID: "pull", Method: http.MethodPost, Path: one + "/pull", Tags: tags,
		Summary:     "Messages for one consumer of the group",
		Description: "First those that come again because nobody acknowledged them in time, then new ones. Acknowledge each before ackUntil."}, a.pull)
	register(a, huma.Operation{OperationID: "ack", Method: http.MethodPost, Path: one + "/ack", Tags: tags,
		Summary:     "Acknowledge messages of the group",
		Description: "What is answered is kept: the messages are not handed out again, also when the node is killed then."}, a.ack)
}

func (a *API) groups() (ConsumerGroups, error) {
	if a.Groups == nil {
		return nil, unavailable("list of consumer groups")
	}
	return a.Groups, nil
}

func (a *API) listGroups(ctx context.Context, in *StreamPath) (*answer[Page[ConsumerGroup]], error) {
	g, err := a.groups()
	if err != nil {
		return nil, err
	}
	all, err := g.Groups(ctx, in.Name)
	return reply(whole(all), err)
}

func (a *API) getGroup(ctx context.Context, in *GroupPath) (*answer[ConsumerGroup], error) {
	g, err := a.groups()
	if err != nil {
		return nil, err
	}
	return reply(g.Group(ctx, in.Name, in.Group))
}

func (a *API) createGroup(ctx context.Context, in *newGroupInput) (*answer[ConsumerGroup], error) {
	g, err := a.groups()
	if err != nil {
		return nil, err
	}
	after, err := a.groupStart(ctx, in.Name, in.Body.GroupSettings, in.Body.GroupStart)
	if err != nil {
		return nil, err
	}
	return reply(g.CreateGroup(ctx, in.Name, in.Body.Name, in.Body.GroupSettings, after, callerOf(ctx).User))
}

// groupStart is where a group begins; it refuses what cannot be.
func (a *API) groupStart(ctx context.Context, stream string, set GroupSettings, in GroupStart) (after msg.Position, err error) {
	s, err := a.streams()
	if err != nil {
		return after, err
	}
	if set.Filter != nil && *set.Filter != "" {
		if err := topic.ValidFilter([]byte(*set.Filter)); err != nil {
			return after, err
		}
	}
	if after, err = a.begin(ctx, s, stream, StreamFrom{After: in.After, From: in.From}, ""); err != nil {
		return after, err
	}
	return after, s.Readable(ctx, stream, after)
}

func (a *API) changeGroup(ctx context.Context, in *changeGroupInput) (*answer[ConsumerGroup], error) {
	g, err := a.groups()
	if err != nil {
		return nil, err
	}
	after, err := a.groupStart(ctx, in.Name, in.Body.GroupSettings, in.Body.GroupStart)
	if err != nil {
		return nil, err
	}
	seek := &after
	if in.Body.After == "" && in.Body.From == "" {
		seek = nil
	}
	return reply(g.ChangeGroup(ctx, in.Name, in.Group, in.Body.GroupSettings, seek))
}

func (a *API) deleteGroup(ctx context.Context, in *GroupPath) (*none, error) {
	g, err := a.groups()
	if err != nil {
		return nil, err
	}
	return nil, g.DeleteGroup(ctx, in.Name, in.Group)
}

func (a *API) pull(ctx context.Context, in *pullInput) (*answer[GroupMessages], error) {
	g, err := a.groups()
	if err != nil {
		return nil, err
	}
	leave, err := a.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := a.untilClosed(ctx)
	defer cancel()
	got, err := g.Pull(ctx, in.Name, in.Group, in.Max, time.Duration(in.Wait)*time.Second)
	return reply(GroupMessages{convert(got, func(d Delivered) GroupMessage {
		return GroupMessage{streamMessage(d.Placed), d.Deliveries, d.Until}
	})}, err)
}

func (a *API) ack(ctx context.Context, in *ackInput) (*answer[GroupAcked], error) {
	g, err := a.groups()
	if err != nil {
		return nil, err
	}
	at, upTo, err := in.Body.positions()
	if err != nil {
		return nil, err
	}
	n, err := g.Ack(ctx, in.Name, in.Group, at, upTo)
	return reply(GroupAcked{n}, err)
}

func (k *GroupAck) positions() (at []msg.Position, upTo *msg.Position, err error) {
	if len(k.Positions) == 0 && k.UpTo == "" {
		return nil, nil, fault.New(fault.Invalid, "Say what is done, by positions or by upTo.")
	}
	for _, s := range k.Positions {
		p, ok := msg.ParsePosition(s)
		if !ok {
			return nil, nil, fault.New(fault.Invalid, "%q is no position such as 17:3.", s)
		}
		at = append(at, p)
	}
	if k.UpTo != "" {
		p, ok := msg.ParsePosition(k.UpTo)
		if !ok {
			return nil, nil, fault.New(fault.Invalid, "%q is no position such as 17:3.", k.UpTo)
		}
		upTo = &p
	}
	return at, upTo, nil
}
