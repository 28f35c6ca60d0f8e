package view

import (
	"cmp"
	"strings"

	"github.com/millrace/millrace/internal/mqtt/topic"
)

// Subscription is one topic filter of one client.
type Subscription struct {
	Client, Filter    string
	QoS               byte
	NoLocal           bool
	RetainAsPublished bool
	RetainHandling    byte
	ID                uint32
	Share             string // name of the group that shares it
	Connected         bool
	// Sent are messages by a shared one that the client has and has not acknowledged,
	// Queued those that wait in its queue.
	Sent, Queued int
}

// SubscriptionQuery asks for subscriptions. Empty fields match everything.
type SubscriptionQuery struct {
	Client string // exactly
	Filter string // exactly, as its client wrote it
	Prefix string // what filters begin with
	Search string // what filter or client contain, letter case ignored
	Topic  string // a topic name that they match
	Shared string // only, none or all
	// Sort is filter, client or qos.
	Sort          string
	Desc          bool
	Offset, Limit int
}

// Matches says whether the subscription is asked for.
func (q *SubscriptionQuery) Matches(i *Subscription) bool {
	return strings.HasPrefix(i.Filter, q.Prefix) &&
		(q.Filter == "" || q.Filter == i.Filter) &&
		(q.Shared == "" || q.Shared == "all" || (q.Shared == "only") == (i.Share != "")) &&
		(q.Search == "" || contains(i.Filter, q.Search) || contains(i.Client, q.Search)) &&
		(q.Topic == "" || topic.Match(topic.Matching(i.Filter), q.Topic))
}

// Page sorts the rows and cuts the page out.
func (q *SubscriptionQuery) Page(rows []*Subscription) (page []Subscription, count int) {
	order := func(x, y *Subscription) int { return strings.Compare(x.Filter, y.Filter) }
	switch q.Sort {
	case "client":
		order = func(x, y *Subscription) int { return strings.Compare(x.Client, y.Client) }
	case "qos":
		order = by(func(i *Subscription) byte { return i.QoS })
	}
	rest := func(x, y *Subscription) int {
		return cmp.Or(strings.Compare(x.Filter, y.Filter), strings.Compare(x.Client, y.Client))
	}
	return paged(rows, order, q.Desc, rest, q.Offset, q.Limit)
}
