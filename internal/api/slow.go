package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// SlowSubscribers ranks the clients that acknowledge late or never, or do not read.
type SlowSubscribers interface {
	// Slow lists them, the slowest first.
	Slow() []SlowSubscriber
	// Clear forgets them.
	Clear()
}

// SlowSubscriber is one client and topic, and the longest that a message of it took.
type SlowSubscriber struct {
	Client  string    `json:"client"`
	Topic   string    `json:"topic" doc:"Empty for a client that does not read, and for one whose session ends with its connection: nothing is kept of what it was sent"`
	Latency float64   `json:"latency" doc:"Milliseconds, the longest: from a message's arrival to its acknowledgement, or until now while there is none; of a client that does not read, for how long its messages have been dropped"`
	Count   uint64    `json:"count" doc:"Messages that took too long, or were dropped because it did not read"`
	At      time.Time `json:"at" doc:"When the last one did"`
}

func (a *API) slowOperations() {
	register(a, huma.Operation{OperationID: "list-slow-subscribers", Method: http.MethodGet, Path: "/slow-subscribers", Tags: []string{"Clients"},
		Summary: "The slow subscribers, the slowest first", Description: "Clients that acknowledge messages later than observe.slow_threshold or not at all, and clients whose messages are dropped because they do not read. They are looked for every few seconds."}, a.listSlow)
	register(a, huma.Operation{OperationID: "clear-slow-subscribers", Method: http.MethodDelete, Path: "/slow-subscribers", Tags: []string{"Clients"},
		Summary: "Begin the ranking afresh"}, a.clearSlow)
}

func (a *API) listSlow(context.Context, *none) (*answer[Page[SlowSubscriber]], error) {
	if a.Slow == nil {
		return nil, unavailable("ranking of slow subscribers")
	}
	return reply(whole(a.Slow.Slow()), nil)
}

func (a *API) clearSlow(context.Context, *none) (*none, error) {
	if a.Slow == nil {
		return nil, unavailable("ranking of slow subscribers")
	}
	a.Slow.Clear()
	return nil, nil
}
