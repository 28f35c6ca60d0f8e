package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/mqtt/topic"
)

// ClientSubscription is one topic filter of one client.
type ClientSubscription struct {
	Client            string `json:"client"`
	Filter            string `json:"filter" doc:"As subscribed, with $share/NAME/ before a shared one"`
	QoS               int    `json:"qos"`
	NoLocal           bool   `json:"noLocal"`
	RetainAsPublished bool   `json:"retainAsPublished"`
	RetainHandling    int    `json:"retainHandling"`
	ID                int    `json:"id,omitempty" doc:"Subscription identifier"`
	Share             string `json:"share,omitempty" doc:"Name of the group that shares it"`
	Connected         bool   `json:"connected" doc:"Whether the client is"`
	InFlight          int    `json:"inFlight,omitempty" doc:"Of a shared one: messages that the client was sent by it and has not acknowledged"`
	Queued            int    `json:"queued,omitempty" doc:"Of a shared one: messages by it that wait in the client's queue"`
}

// SubscriptionQuery asks for subscriptions.
type SubscriptionQuery struct {
	Paging
	Client string `query:"client" maxLength:"65535" doc:"Exactly this client"`
	Filter string `query:"filter" maxLength:"65535" doc:"Exactly this filter as subscribed, with $share/NAME/ before a shared one"`
	Prefix string `query:"prefix" maxLength:"65535" doc:"What filters begin with"`
	Search string `query:"search" maxLength:"256" doc:"What the filter or client contains, letter case ignored"`
	Topic  string `query:"topic" maxLength:"65535" doc:"Those that match this topic name: who gets its messages"`
	Shared string `query:"shared" enum:"all,only,none" default:"all"`
	Sort   string `query:"sort" enum:"filter,client,qos" default:"filter"`
	Order  string `query:"order" enum:"asc,desc" default:"asc"`
}

// SharedSubscription is a group of clients that share the messages of one filter.
type SharedSubscription struct {
	Share          string      `json:"share" doc:"NAME of $share/NAME/FILTER"`
	Filter         string      `json:"filter" doc:"FILTER of $share/NAME/FILTER"`
	Strategy       string      `json:"strategy" enum:"round_robin,random,sticky,hash_client,hash_topic,least_inflight" doc:"How the member that gets a message is chosen"`
	Members        int         `json:"members"`
	Connected      int         `json:"connected" doc:"How many members are"`
	Lasting        bool        `json:"lasting" doc:"Its messages of QoS 1 and 2 wait in the log, since it has or had a member whose session survives the process. The figures from here to unacknowledged are of such a one alone."`
	Waiting        int64       `json:"waiting" doc:"Messages that no member has, as far as they are counted; after a start that takes a moment"`
	WaitingBytes   int64       `json:"waitingBytes"`
	Oldest         time.Time   `json:"oldest,omitzero" doc:"When the first message of those that no member has came, where it was found soon enough"`
	Unacknowledged int         `json:"unacknowledged" doc:"Messages that members have and have not acknowledged"`
	Lost           uint64      `json:"lost" doc:"Messages that were given up since the start, because more waited than mqtt.session.backlog keeps"`
	Dropped        uint64      `json:"dropped" doc:"Messages that no member got since the start, whatever the reason, of one in memory, too"`
	DroppedBy      []DropCount `json:"droppedBy" nullable:"false" doc:"Of dropped, by reason, most first; retention is what is lost"`
}

// SharedQuery asks for shared subscriptions.
type SharedQuery struct {
	Paging
	Search string `query:"search" maxLength:"256" doc:"What share name or filter contains, letter case ignored"`
	Sort   string `query:"sort" enum:"filter,share,members,connected,waiting,lost" default:"filter"`
	Order  string `query:"order" enum:"asc,desc" default:"asc"`
}

func (a *API) subscriptionOperations() {
	register(a, huma.Operation{OperationID: "list-shared", Method: http.MethodGet, Path: "/subscriptions/shared", Tags: []string{"Clients"},
		Summary: "Shared subscriptions, and how much waits for each"}, a.listShared)
	register(a, huma.Operation{OperationID: "list-subscriptions", Method: http.MethodGet, Path: "/subscriptions", Tags: []string{"Clients"},
		Summary: "Who is subscribed to what"}, a.listSubscriptions)
}

func (a *API) listSubscriptions(ctx context.Context, in *SubscriptionQuery) (*answer[Page[ClientSubscription]], error) {
	if in.Topic != "" {
		if err := topic.ValidName([]byte(in.Topic)); err != nil {
			return nil, err
		}
	}
	c, err := a.clients()
	if err != nil {
		return nil, err
	}
	list, count, err := c.Subscriptions(ctx, *in)
	return reply(pageOf(list, in.Paging, count), err)
}

func (a *API) listShared(ctx context.Context, in *SharedQuery) (*answer[Page[SharedSubscription]], error) {
	c, err := a.clients()
	if err != nil {
		return nil, err
	}
	list, count, err := c.SharedSubscriptions(ctx, *in)
	return reply(pageOf(list, in.Paging, count), err)
}
