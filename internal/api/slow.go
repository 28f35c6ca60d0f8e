package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// SlowSubscribers ranks the clients that take their messages late.
type SlowSubscribers interface {
	// Slow lists them, the slowest first.
	Slow() []SlowSubscriber
	// Clear forgets them.
	Clear()
}

// SlowSubscriber is one client and topic, and the longest that a message of it took.
type SlowSubscriber struct {
	Client  string    `json:"client"`
	Topic   string    `json:"topic" doc:"Empty for a client whose session ends with its connection: nothing is kept of what it was sent"`
	Latency float64   `json:"latency" doc:"Milliseconds from the message's arrival to its acknowledgement; the longest"`
	Count   uint64    `json:"count" doc:"Messages that took too long"`
	At      time.Time `json:"at" doc:"When the last one did"`
}

func (a *API) slowOperations() {
	register(a, huma.Operation{OperationID: "list-slow-subscribers", Method: http.MethodGet, Path: "/slow-subscribers", Tags: []string{"Clients"},
		Summary: "The clients that acknowledge their messages late, the slowest first", Description: "Those above the threshold of mqtt.slow, for as long as it says."}, a.listSlow)
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
