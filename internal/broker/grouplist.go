package broker

import (
	"context"
	"strings"

	"github.com/millrace/millrace/internal/broker/backlog"
)

// GroupInfo is one shared subscription, of any number of members.
type GroupInfo struct {
	Share, Filter string // $share/SHARE/FILTER
	Members       int
	Connected     int // of them are
	// Lasting says that its messages of QoS 1 and 2 come from the log: a member's session
	// outlives the process, or has. The rest is of such a group alone.
	Lasting bool
	// Waiting has no member, as far as that is known; Unacknowledged have the members.
	Waiting        backlog.Tally
	Unacknowledged int
	// Lost are messages that it did not get because more waited than sessions may keep.
	Lost uint64
}

// GroupQuery asks for shared subscriptions. Empty fields match everything.
type GroupQuery struct {
	Search string // what share name or filter contain, letter case ignored
	// Sort is filter, share, members, connected, waiting or lost.
	Sort          string
	Desc          bool
	Offset, Limit int
}

func (q *GroupQuery) matches(i *GroupInfo) bool {
	return q.Search == "" || contains(i.Share, q.Search) || contains(i.Filter, q.Search)
}

func (q *GroupQuery) order() func(x, y *GroupInfo) int {
	switch q.Sort {
	case "share":
		return func(x, y *GroupInfo) int { return strings.Compare(x.Share, y.Share) }
	case "members":
		return by(func(i *GroupInfo) int { return i.Members })
	case "connected":
		return by(func(i *GroupInfo) int { return i.Connected })
	case "waiting":
		return by(func(i *GroupInfo) int64 { return i.Waiting.Messages })
	case "lost":
		return by(func(i *GroupInfo) uint64 { return i.Lost })
	}
	return func(x, y *GroupInfo) int { return strings.Compare(x.Filter, y.Filter) }
}

// Groups lists the shared subscriptions that match, sorted, and says how many match in all.
func (b *Broker) Groups(ctx context.Context, q GroupQuery) (page []GroupInfo, count int, err error) {
	kept := make([]map[*group]GroupInfo, len(b.workers))
	err = b.ask(ctx, b.workers, func(i int) func(*worker) bool {
		return func(w *worker) bool { kept[i] = w.keptInfo(); return false }
	})
	if err != nil {
		return nil, 0, err
	}
	var rows []*GroupInfo
	for _, g := range b.router.allGroups() {
		var i GroupInfo
		if g.durable.Load() {
			i = kept[g.keeper][g]
		}
		_, name, _ := strings.Cut(g.name, "/")
		i.Share, i.Filter, _ = strings.Cut(name, "/")
		i.Members, i.Connected = len(g.members.load()), len(g.present.load())
		if q.matches(&i) {
			rows = append(rows, &i)
		}
	}
	page, count = paged(rows, q.order(), q.Desc, func(x, y *GroupInfo) int { return strings.Compare(x.Share+"/"+x.Filter, y.Share+"/"+y.Filter) }, q.Offset, q.Limit)
	return page, count, nil
}

// keptInfo is about the groups that the loop keeps, what it alone knows.
func (w *worker) keptInfo() map[*group]GroupInfo {
	all := make(map[*group]GroupInfo, len(w.groups.kept))
	for _, k := range w.groups.kept {
		waiting := k.waiting()
		all[k.group] = GroupInfo{Lasting: true, Waiting: waiting, Unacknowledged: k.core.Given(), Lost: k.lost}
	}
	return all
}

// allGroups are the shared subscriptions there are.
func (r *router) allGroups() (all []*group) {
	r.sharing.Lock()
	defer r.sharing.Unlock()
	for _, g := range r.groups {
		all = append(all, g)
	}
	return all
}
