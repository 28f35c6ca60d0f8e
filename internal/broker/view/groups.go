package view

import (
	"strings"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// Group is one shared subscription, of any number of members.
type Group struct {
	Share, Filter string // $share/SHARE/FILTER
	Members       int
	Connected     int // of them are
	// Lasting says that its messages of QoS 1 and 2 come from the log: a member's session
	// outlives the process, or has. The rest is of such a group alone.
	Lasting bool
	// Waiting has no member, as far as that is known; Unacknowledged have the members.
	Waiting        backlog.Tally
	Unacknowledged int
	// Strategy is how a member is chosen.
	Strategy string
	// Oldest is when the first of what waits in memory came, ns since 1970; 0 is not known.
	// Behind says from where on more waits in the log, by stream.
	Oldest int64
	Behind map[string]msg.Position
	// Lost are messages that it did not get because more waited than sessions may keep.
	Lost uint64
	// Dropped are all that no member got, since the start, by reason, most first.
	Dropped []Drop
}

// Drops is how many messages no member got.
func (g *Group) Drops() (n uint64) {
	for _, by := range g.Dropped {
		n += by.Count
	}
	return n
}

// Drop is how many messages were dropped for one reason.
type Drop struct {
	Code  fault.Code
	Count uint64
}

// GroupQuery asks for shared subscriptions. Empty fields match everything.
type GroupQuery struct {
	Search string // what share name or filter contain, letter case ignored
	// Sort is filter, share, members, connected, waiting or lost.
	Sort          string
	Desc          bool
	Offset, Limit int
}

// Matches says whether the shared subscription is asked for.
func (q *GroupQuery) Matches(i *Group) bool {
	return q.Search == "" || contains(i.Share, q.Search) || contains(i.Filter, q.Search)
}

func (q *GroupQuery) order() func(x, y *Group) int {
	switch q.Sort {
	case "share":
		return func(x, y *Group) int { return strings.Compare(x.Share, y.Share) }
	case "members":
		return by(func(i *Group) int { return i.Members })
	case "connected":
		return by(func(i *Group) int { return i.Connected })
	case "waiting":
		return by(func(i *Group) int64 { return i.Waiting.Messages })
	case "lost":
		return by(func(i *Group) uint64 { return i.Drops() })
	}
	return func(x, y *Group) int { return strings.Compare(x.Filter, y.Filter) }
}

// Page sorts the rows and cuts the page out.
func (q *GroupQuery) Page(rows []*Group) (page []Group, count int) {
	rest := func(x, y *Group) int { return strings.Compare(x.Share+"/"+x.Filter, y.Share+"/"+y.Filter) }
	return paged(rows, q.order(), q.Desc, rest, q.Offset, q.Limit)
}
