package broker

import (
	"cmp"
	"slices"
	"strings"

	"github.com/millrace/millrace/internal/mqtt/topic"
)

// ClientQuery asks for clients. Empty fields match everything.
type ClientQuery struct {
	Prefix string // what identifiers begin with
	Search string // what identifier, user or address contain, letter case ignored
	// State is connected, disconnected or all.
	State    string
	Listener string
	Protocol string // as packet.Version writes it
	User     string
	Address  string // what addresses begin with
	Reason   string // the last error's word; any for those with one
	// Sort is id, user, address, connectedAt, queued, queuedBytes, outputBytes, inflight,
	// dropped, lastError, inRate or outRate.
	Sort          string
	Desc          bool
	Offset, Limit int
}

func (q *ClientQuery) matches(i *ClientInfo) bool {
	return strings.HasPrefix(i.ID, q.Prefix) &&
		(q.State == "" || q.State == "all" || (q.State == "connected") == i.Connected) &&
		(q.Listener == "" || q.Listener == i.Listener) &&
		(q.User == "" || q.User == i.User) &&
		(q.Protocol == "" || q.Protocol == i.Protocol.String()) &&
		(q.Reason == "" || i.ErrorAt != 0 && (q.Reason == "any" || q.Reason == i.Error.String())) &&
		(q.Address == "" || strings.HasPrefix(i.Address(), q.Address)) &&
		(q.Search == "" || contains(i.ID, q.Search) || contains(i.User, q.Search) || contains(i.Address(), q.Search))
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// page sorts the rows and cuts the page out; rows of equal rank stand by identifier.
func (q *ClientQuery) page(rows []*ClientInfo) ([]ClientInfo, int) {
	return paged(rows, q.order(), q.Desc, func(x, y *ClientInfo) int { return strings.Compare(x.ID, y.ID) }, q.Offset, q.Limit)
}

func (q *ClientQuery) order() func(x, y *ClientInfo) int {
	switch q.Sort {
	case "user":
		return func(x, y *ClientInfo) int { return strings.Compare(x.User, y.User) }
	case "address":
		return func(x, y *ClientInfo) int { return strings.Compare(x.Address(), y.Address()) }
	case "connectedAt":
		return by(func(i *ClientInfo) int64 { return i.ConnectedAt })
	case "queued":
		return func(x, y *ClientInfo) int {
			return cmp.Or(cmp.Compare(x.Queued, y.Queued), cmp.Compare(x.QueuedBytes+x.OutputBytes, y.QueuedBytes+y.OutputBytes))
		}
	case "queuedBytes":
		return by(func(i *ClientInfo) int64 { return i.QueuedBytes })
	case "outputBytes":
		return by(func(i *ClientInfo) int64 { return i.OutputBytes })
	case "inflight":
		return by(func(i *ClientInfo) int { return i.Inflight })
	case "dropped":
		return by(func(i *ClientInfo) uint64 { return i.Dropped })
	case "lastError":
		return by(func(i *ClientInfo) int64 { return i.ErrorAt })
	case "inRate":
		return by(func(i *ClientInfo) float64 { return i.InRate })
	case "outRate":
		return by(func(i *ClientInfo) float64 { return i.OutRate })
	}
	return func(x, y *ClientInfo) int { return 0 }
}

func by[T any, K cmp.Ordered](key func(*T) K) func(x, y *T) int {
	return func(x, y *T) int { return cmp.Compare(key(x), key(y)) }
}

// paged sorts by order, then by rest, and returns the page and how many rows there
// are. Without an order desc turns rest around.
func paged[T any](rows []*T, order func(x, y *T) int, desc bool, rest func(x, y *T) int, offset, limit int) ([]T, int) {
	sign := 1
	if desc {
		sign = -1
	}
	slices.SortFunc(rows, func(x, y *T) int {
		if c := order(x, y); c != 0 {
			return sign * c
		}
		return sign * rest(x, y)
	})
	from := min(max(offset, 0), len(rows))
	to := len(rows)
	if limit > 0 {
		to = min(from+limit, to)
	}
	page := make([]T, 0, to-from)
	for _, r := range rows[from:to] {
		page = append(page, *r)
	}
	return page, len(rows)
}

// SubscriptionQuery asks for subscriptions. Empty fields match everything.
type SubscriptionQuery struct {
	Client string // exactly
	Prefix string // what filters begin with
	Search string // what filter or client contain, letter case ignored
	Topic  string // a topic name that they match
	Shared string // only, none or all
	// Sort is filter, client or qos.
	Sort          string
	Desc          bool
	Offset, Limit int
}

func (q *SubscriptionQuery) matches(i *SubscriptionInfo) bool {
	return strings.HasPrefix(i.Filter, q.Prefix) &&
		(q.Shared == "" || q.Shared == "all" || (q.Shared == "only") == (i.Share != "")) &&
		(q.Search == "" || contains(i.Filter, q.Search) || contains(i.Client, q.Search)) &&
		(q.Topic == "" || topic.Match(i.inner(), q.Topic))
}

// inner is the filter behind $share/NAME/.
func (i *SubscriptionInfo) inner() string {
	if i.Share == "" {
		return i.Filter
	}
	return i.Filter[len("$share/")+len(i.Share)+1:]
}

func (q *SubscriptionQuery) page(rows []*SubscriptionInfo) ([]SubscriptionInfo, int) {
	order := func(x, y *SubscriptionInfo) int { return strings.Compare(x.Filter, y.Filter) }
	switch q.Sort {
	case "client":
		order = func(x, y *SubscriptionInfo) int { return strings.Compare(x.Client, y.Client) }
	case "qos":
		order = by(func(i *SubscriptionInfo) byte { return i.QoS })
	}
	rest := func(x, y *SubscriptionInfo) int {
		return cmp.Or(strings.Compare(x.Filter, y.Filter), strings.Compare(x.Client, y.Client))
	}
	return paged(rows, order, q.Desc, rest, q.Offset, q.Limit)
}

// rows collects a list of unknown length without moving what it has.
type rows[T any] struct{ blocks [][]T }

const block = 256

func (r *rows[T]) add(row T) {
	last := len(r.blocks) - 1
	if last < 0 || len(r.blocks[last]) == block {
		r.blocks = append(r.blocks, make([]T, 0, block))
		last++
	}
	r.blocks[last] = append(r.blocks[last], row)
}

// together refers to the rows of all parts.
func together[T any](parts []rows[T]) (all []*T) {
	for _, p := range parts {
		for _, b := range p.blocks {
			for i := range b {
				all = append(all, &b[i])
			}
		}
	}
	return all
}
