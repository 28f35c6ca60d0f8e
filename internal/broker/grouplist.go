package broker

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// groupDrops are how many messages no member of a shared subscription got, by reason. Any
// loop adds to them; a group that loses nothing has none.
type groupDrops struct {
	p atomic.Pointer[[codes]atomic.Uint64]
}

func (d *groupDrops) add(code fault.Code, n uint64) {
	by := d.p.Load()
	if by == nil {
		d.p.CompareAndSwap(nil, new([codes]atomic.Uint64))
		by = d.p.Load()
	}
	by[code].Add(n)
}

func (d *groupDrops) of(code fault.Code) uint64 {
	if by := d.p.Load(); by != nil {
		return by[code].Load()
	}
	return 0
}

// list is what there is, most first.
func (d *groupDrops) list() (all []view.Drop) {
	by := d.p.Load()
	if by == nil {
		return nil
	}
	for code := range by {
		if n := by[code].Load(); n > 0 {
			all = append(all, view.Drop{Code: fault.Code(code), Count: n})
		}
	}
	slices.SortStableFunc(all, func(x, y view.Drop) int { return cmp.Compare(y.Count, x.Count) })
	return all
}

// Groups lists the shared subscriptions that match, sorted, and says how many match in all.
func (b *Broker) Groups(ctx context.Context, q view.GroupQuery) (page []view.Group, count int, err error) {
	kept := make([]map[*group]view.Group, len(b.workers))
	err = b.ask(ctx, b.workers, func(i int) func(*worker) bool {
		return func(w *worker) bool { kept[i] = w.keptInfo(); return false }
	})
	if err != nil {
		return nil, 0, err
	}
	var rows []*view.Group
	for _, g := range b.router.allGroups() {
		var i view.Group
		if g.durable.Load() {
			i = kept[g.keeper][g]
		}
		_, name, _ := strings.Cut(g.name, "/")
		i.Share, i.Filter, _ = strings.Cut(name, "/")
		i.Strategy = string(b.options.Shared)
		i.Members, i.Connected, i.Dropped = len(g.members.load()), len(g.present.load()), g.drops.list()
		i.Lost = g.drops.of(fault.Retention)
		if q.Matches(&i) {
			rows = append(rows, &i)
		}
	}
	page, count = q.Page(rows)
	return page, count, nil
}

// keptInfo is about the groups that the loop keeps, what it alone knows.
func (w *worker) keptInfo() map[*group]view.Group {
	all := make(map[*group]view.Group, len(w.groups.kept))
	for _, k := range w.groups.kept {
		all[k.group] = view.Group{Lasting: true, Waiting: k.waiting(), Unacknowledged: k.core.Given(), Oldest: k.core.Oldest(), Behind: w.groupBehind(k)}
	}
	return all
}

// groupBehind is from where on each stream has more for the group.
func (w *worker) groupBehind(k *keptGroup) map[string]msg.Position {
	at := map[string]msg.Position{}
	for i := range k.cursors {
		if all := w.broker.feeds.list(); k.cursors[i].Behind() && i < len(all) {
			at[all[i]] = k.core.From(uint8(i + 1))
		}
	}
	return at
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
