package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// DelayedMessages are those that wait for their time: they were published to
// $delayed/SECONDS/TOPIC.
type DelayedMessages interface {
	// Delayed are those that wait, the first that is due first.
	Delayed() []Delayed
	// RemoveDelayed takes one away, so that it is never published; fault.NotFound
	// when it does not wait.
	RemoveDelayed(id string) error
}

// Delayed is a message that waits for its time.
type Delayed struct {
	ID        string    `json:"id"`
	Topic     string    `json:"topic" doc:"Where it will be published"`
	Publisher string    `json:"publisher,omitempty"`
	QoS       int       `json:"qos"`
	Retain    bool      `json:"retain"`
	Size      int       `json:"size" doc:"Bytes of the payload"`
	At        time.Time `json:"at" doc:"When it came"`
	DueAt     time.Time `json:"dueAt" doc:"When it will be published"`
}

type delayedInput struct {
	Paging
	Search string `query:"search" maxLength:"256" doc:"Part of the topic or of the publisher, letter case ignored"`
}

type delayedPath struct {
	ID string `path:"id" maxLength:"20" doc:"As in the list"`
}

func (a *API) delayedOperations() {
	register(a, huma.Operation{OperationID: "list-delayed", Method: http.MethodGet, Path: "/delayed", Tags: []string{"Topics"},
		Summary: "The messages that wait for their time", Description: "The first that is due first."}, a.listDelayed)
	register(a, huma.Operation{OperationID: "delete-delayed", Method: http.MethodDelete, Path: "/delayed/{id}", Tags: []string{"Topics"},
		Summary: "Remove a message before its time"}, a.deleteDelayed)
}

func (a *API) delayed() (DelayedMessages, error) {
	if a.Delayed == nil {
		return nil, unavailable("list of delayed messages")
	}
	return a.Delayed, nil
}

func (a *API) listDelayed(_ context.Context, in *delayedInput) (*answer[Page[Delayed]], error) {
	d, err := a.delayed()
	if err != nil {
		return nil, err
	}
	var found []Delayed
	text := strings.ToLower(in.Search)
	for _, m := range d.Delayed() {
		if text == "" || strings.Contains(strings.ToLower(m.Topic), text) || strings.Contains(strings.ToLower(m.Publisher), text) {
			found = append(found, m)
		}
	}
	return reply(cut(found, in.Paging), nil)
}

func (a *API) deleteDelayed(_ context.Context, in *delayedPath) (*none, error) {
	d, err := a.delayed()
	if err != nil {
		return nil, err
	}
	return nil, d.RemoveDelayed(in.ID)
}
