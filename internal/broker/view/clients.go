package view

import (
	"cmp"
	"net/netip"
	"strings"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Client is one client and its session as its loop saw it.
type Client struct {
	ID, User, Listener, Transport string

	Protocol       packet.Version
	Connected      bool
	ConnectedAt    int64 // ns since 1970, as the other times; 0 is never
	DisconnectedAt int64
	CleanStart     bool
	SessionExpiry  uint32 // seconds
	ExpiresAt      int64
	KeepAlive      int // seconds
	Subscriptions  int
	Inflight       int
	// Queued messages wait for it: in its queue, and of a durable session in the log, as
	// far as that is known. Of the latter a message that two of its filters match counts
	// twice.
	Queued int
	// QueuedBytes are those of both, messages in flight that are kept to be sent again
	// included; OutputBytes wait in its connection until its socket takes them.
	QueuedBytes int64
	OutputBytes int64
	MessagesIn  uint64
	MessagesOut uint64
	BytesIn     uint64
	BytesOut    uint64
	InRate      float64 // messages a second
	OutRate     float64
	Dropped     uint64
	// Error and ErrorAt are what it was last refused or last missed; ErrorAt is 0
	// when there was nothing.
	Error   fault.Code
	ErrorAt int64
	// Limited says that it is read no further because of a limit.
	Limited bool

	Conn   uint64         // the connection's number
	Remote netip.AddrPort // not valid for a Unix socket
}

// Address is where it connects from, of a disconnected client the last one known.
// It is empty for a Unix socket.
func (i *Client) Address() string {
	if !i.Remote.IsValid() {
		return ""
	}
	return i.Remote.String()
}

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

// Matches says whether the client is asked for.
func (q *ClientQuery) Matches(i *Client) bool {
	return strings.HasPrefix(i.ID, q.Prefix) &&
		(q.State == "" || q.State == "all" || (q.State == "connected") == i.Connected) &&
		(q.Listener == "" || q.Listener == i.Listener) &&
		(q.User == "" || q.User == i.User) &&
		(q.Protocol == "" || q.Protocol == i.Protocol.String()) &&
		(q.Reason == "" || i.ErrorAt != 0 && (q.Reason == "any" || q.Reason == i.Error.String())) &&
		(q.Address == "" || strings.HasPrefix(i.Address(), q.Address)) &&
		(q.Search == "" || contains(i.ID, q.Search) || contains(i.User, q.Search) || contains(i.Address(), q.Search))
}

// Page sorts the rows and cuts the page out; rows of equal rank stand by identifier.
func (q *ClientQuery) Page(rows []*Client) (page []Client, count int) {
	return paged(rows, q.order(), q.Desc, func(x, y *Client) int { return strings.Compare(x.ID, y.ID) }, q.Offset, q.Limit)
}

func (q *ClientQuery) order() func(x, y *Client) int {
	switch q.Sort {
	case "user":
		return func(x, y *Client) int { return strings.Compare(x.User, y.User) }
	case "address":
		return func(x, y *Client) int { return strings.Compare(x.Address(), y.Address()) }
	case "connectedAt":
		return by(func(i *Client) int64 { return i.ConnectedAt })
	case "queued":
		return func(x, y *Client) int {
			return cmp.Or(cmp.Compare(x.Queued, y.Queued), cmp.Compare(x.QueuedBytes+x.OutputBytes, y.QueuedBytes+y.OutputBytes))
		}
	case "queuedBytes":
		return by(func(i *Client) int64 { return i.QueuedBytes })
	case "outputBytes":
		return by(func(i *Client) int64 { return i.OutputBytes })
	case "inflight":
		return by(func(i *Client) int { return i.Inflight })
	case "dropped":
		return by(func(i *Client) uint64 { return i.Dropped })
	case "lastError":
		return by(func(i *Client) int64 { return i.ErrorAt })
	case "inRate":
		return by(func(i *Client) float64 { return i.InRate })
	case "outRate":
		return by(func(i *Client) float64 { return i.OutRate })
	}
	return func(x, y *Client) int { return 0 }
}
