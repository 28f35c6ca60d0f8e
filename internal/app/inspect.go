package app

import (
	"context"
	"time"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/msg"
)

var (
	_ api.Clients          = clientsAPI{}
	_ api.RetainedMessages = clientsAPI{}
)

// clientsAPI shows the broker's clients in the API's words.
type clientsAPI struct {
	*broker.Broker
	log replayer // what sessions read
}

func (c clientsAPI) Clients(ctx context.Context, q api.ClientQuery) ([]api.Client, int, error) {
	list, count, err := c.Broker.Clients(ctx, view.ClientQuery{
		Prefix: q.Prefix, Search: q.Search, State: q.State, Listener: q.Listener, Protocol: q.Protocol, User: q.User,
		Address: q.Address, Reason: q.Reason, Sort: q.Sort, Desc: q.Order == "desc", Offset: offset(q.Paging), Limit: q.Limit,
	})
	return convert(list, clientRow), count, err
}

func offset(p api.Paging) int { return (p.Page - 1) * p.Limit }

func clientRow(i view.Client) api.Client {
	return api.Client{
		ID: i.ID, User: i.User, Address: i.Address(), Listener: i.Listener, Transport: i.Transport, Protocol: i.Protocol.String(),
		Connected: i.Connected, ConnectedAt: moment(i.ConnectedAt), DisconnectedAt: moment(i.DisconnectedAt),
		CleanStart: i.CleanStart, SessionExpiry: int64(i.SessionExpiry), ExpiresAt: moment(i.ExpiresAt), KeepAlive: i.KeepAlive,
		Subscriptions: i.Subscriptions, Inflight: i.Inflight, Queued: i.Queued, QueuedBytes: i.QueuedBytes, OutputBytes: i.OutputBytes,
		MessagesIn: i.MessagesIn, MessagesOut: i.MessagesOut, BytesIn: i.BytesIn, BytesOut: i.BytesOut,
		InRate: i.InRate, OutRate: i.OutRate, Dropped: i.Dropped, LastError: lastError(i), Limited: i.Limited,
	}
}

// moment is a time of ns since 1970; 0 is none.
func moment(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

func lastError(i view.Client) *api.LastError {
	if i.ErrorAt == 0 {
		return nil
	}
	return &api.LastError{Code: i.Error.Quote(), Reason: i.Error.String(), Text: i.Error.Title(), At: moment(i.ErrorAt)}
}

func (c clientsAPI) Client(ctx context.Context, id string) (api.ClientDetail, error) {
	d, err := c.Broker.Client(ctx, id)
	if err != nil {
		return api.ClientDetail{}, err
	}
	return detailRow(d), nil
}

func (c clientsAPI) Subscriptions(ctx context.Context, q api.SubscriptionQuery) ([]api.ClientSubscription, int, error) {
	list, count, err := c.Broker.Subscriptions(ctx, view.SubscriptionQuery{
		Client: q.Client, Filter: q.Filter, Prefix: q.Prefix, Search: q.Search, Topic: q.Topic, Shared: q.Shared,
		Sort: q.Sort, Desc: q.Order == "desc", Offset: offset(q.Paging), Limit: q.Limit,
	})
	return convert(list, subscriptionRow), count, err
}

func subscriptionRow(s view.Subscription) api.ClientSubscription {
	return api.ClientSubscription{
		Client: s.Client, Filter: s.Filter, QoS: int(s.QoS), NoLocal: s.NoLocal, RetainAsPublished: s.RetainAsPublished,
		RetainHandling: int(s.RetainHandling), ID: int(s.ID), Share: s.Share, Connected: s.Connected,
		InFlight: s.Sent, Queued: s.Queued,
	}
}

func (c clientsAPI) Retained(ctx context.Context, q api.RetainedQuery) ([]api.Retained, int, error) {
	list, count, err := c.Broker.Retained(ctx, view.RetainedQuery{
		Prefix: q.Prefix, Search: q.Search, Filter: q.Filter, Publisher: q.Publisher,
		Sort: q.Sort, Desc: q.Order == "desc", Offset: offset(q.Paging), Limit: q.Limit,
	})
	return convert(list, func(m *msg.Message) api.Retained { return api.RetainedOf(m) }), count, err
}

func (c clientsAPI) DeleteRetained(ctx context.Context, q api.RetainedChoice, dry bool) (int, error) {
	return c.Broker.DeleteRetained(ctx, view.RetainedQuery{Filter: q.Filter, Publisher: q.Publisher}, dry)
}
