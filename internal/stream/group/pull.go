package group

import (
	"context"
	"slices"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// Delivery is one message handed out.
type Delivery struct {
	msg.Placed
	// Count is how often it has been handed out, with this time.
	Count int
	// Until is when it may be handed out again.
	Until time.Time
}

// Pull hands out messages, at most most: first those that come again, then new ones. It
// waits for up to wait while there is nothing, and returns as soon as there is something.
// One pull of a group reads at a time; the others stand in line.
func (g *Groups) Pull(ctx context.Context, stream, name string, most int, wait time.Duration) ([]Delivery, error) {
	k, err := g.find(stream, name)
	if err != nil {
		return nil, err
	}
	p := pull{groups: g, group: k, most: most, deadline: g.opt.Now().Add(wait)}
	if first, err := k.lineUp(ctx, wait); !first {
		return nil, err
	}
	defer func() { <-k.reading }()
	return p.run(ctx)
}

// lineUp waits until nobody else pulls; false says that it did not come to that.
func (k *group) lineUp(ctx context.Context, wait time.Duration) (first bool, err error) {
	select {
	case k.reading <- struct{}{}:
		return true, nil
	default:
	}
	patience := time.NewTimer(wait)
	defer patience.Stop()
	select {
	case k.reading <- struct{}{}:
		return true, nil
	case <-patience.C:
		return false, nil
	case <-k.gone:
		return false, noGroup(k.stream, k.name)
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

// pull is one of them under way.
type pull struct {
	groups   *Groups
	group    *group
	most     int
	deadline time.Time
	crowded  bool // as much is in flight as may be
	got      []Delivery
}

func (p *pull) run(ctx context.Context) ([]Delivery, error) {
	for {
		err := p.again(ctx)
		if err == nil {
			err = p.fresh(ctx)
		}
		switch {
		case len(p.got) > 0: // it is handed out whatever came behind
			return p.got, nil
		case err != nil || !p.groups.opt.Now().Before(p.deadline):
			return nil, err
		case p.group.ended():
			return nil, noGroup(p.group.stream, p.group.name)
		case p.crowded:
			err = p.idle(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
}

// ended says that the group is no more.
func (k *group) ended() bool {
	select {
	case <-k.gone:
		return true
	default:
		return false
	}
}

// again hands out once more what was not acknowledged in time.
func (p *pull) again(ctx context.Context) error {
	k, now := p.group, p.groups.opt.Now()
	var due []Open
	k.note(func() bool {
		before := k.state.GivenUp
		due = k.state.Due(now.UnixNano(), k.settings.limits(), p.most)
		return len(due) > 0 || k.state.GivenUp != before
	})
	if len(due) == 0 {
		return nil
	}
	at := make([]msg.Position, len(due))
	for i, o := range due {
		at[i] = o.At
	}
	found, looked, err := p.groups.opt.Source.Fetch(ctx, k.stream, at)
	k.note(func() bool { k.state.Return(at[looked:], now.UnixNano()); return true })
	for _, o := range due[:looked] {
		if len(found) > 0 && found[0].At == o.At {
			p.got = append(p.got, Delivery{found[0], o.Deliveries, time.Unix(0, o.Until).UTC()})
			found = found[1:]
		}
	}
	if err == nil && len(p.got) < looked {
		err = p.forget(ctx)
	}
	return err
}

// forget counts what the stream has removed.
func (p *pull) forget(ctx context.Context) error {
	first, purged, err := p.groups.opt.Source.First(ctx, p.group.stream)
	if err == nil {
		p.group.note(func() bool { p.group.state.Forget(first, purged); return true })
	}
	return err
}

// fresh hands out new messages. It waits for them when nothing comes again.
func (p *pull) fresh(ctx context.Context) error {
	k := p.group
	want := p.look()
	if p.crowded = want.room == 0; p.crowded {
		return nil
	}
	page, err := p.groups.opt.Source.Page(ctx, k.stream, want.after, want.filter, want.room, want.wait)
	if err == nil && page.Removed {
		err = p.forget(ctx)
	}
	if err == nil {
		p.take(want.round, page)
	}
	return err
}

// want is what a pull asks the stream for.
type want struct {
	room   int // messages
	after  msg.Position
	filter string
	wait   time.Duration
	round  uint64 // of the group
}

// glance is how often who waits for new messages sees whether the group was changed.
const glance = 2 * time.Second

func (p *pull) look() want {
	k := p.group
	k.mu.Lock()
	defer k.mu.Unlock()
	w := want{room: min(k.state.Room(k.settings.limits()), p.most-len(p.got)), after: k.state.Cursor, filter: k.settings.Filter, round: k.round}
	if len(p.got) == 0 {
		w.wait = max(p.untilDue(), 0)
	}
	return w
}

// untilDue is how long may be waited before something has to be looked at. The group is
// locked.
func (p *pull) untilDue() time.Duration {
	now := p.groups.opt.Now()
	wait := min(p.deadline.Sub(now), glance)
	if at, ok := p.group.state.Next(); ok {
		wait = min(wait, time.Unix(0, at).Sub(now))
	}
	return wait
}

// take hands the page out, unless somebody has changed the group meanwhile: of it what lies
// behind the cursor, since what was removed meanwhile counts as lost.
func (p *pull) take(round uint64, page Page) {
	k, now := p.group, p.groups.opt.Now()
	k.note(func() bool {
		if k.round != round {
			return false
		}
		before := k.state.Cursor
		news := slices.DeleteFunc(page.Messages, func(m msg.Placed) bool { return m.At.Compare(before) <= 0 })
		found, until := make([]Found, len(news)), now.Add(k.settings.AckWait).UTC()
		for i := range news {
			found[i] = Found{news[i].At, news[i].Time}
			p.got = append(p.got, Delivery{news[i], 1, until})
		}
		k.state.Take(now.UnixNano(), k.settings.limits(), found, page.Next)
		return k.state.Cursor != before
	})
}

// idle waits while as much is in flight as may be.
func (p *pull) idle(ctx context.Context) error {
	p.group.mu.Lock()
	wait := p.untilDue()
	p.group.mu.Unlock()
	t := time.NewTimer(max(wait, time.Millisecond))
	defer t.Stop()
	select {
	case <-p.group.changed:
	case <-t.C:
	case <-p.group.gone:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// Ack notes that messages are done: those at the positions, and all up to one. It returns
// how many were open, when that is written down.
func (g *Groups) Ack(ctx context.Context, stream, name string, at []msg.Position, upTo *msg.Position) (acked int, err error) {
	k, err := g.find(stream, name)
	if err != nil {
		return 0, err
	}
	written := k.update(func() {
		acked = k.state.Ack(at)
		if upTo != nil {
			acked += k.state.AckUpTo(*upTo)
		}
	})
	k.tell()
	return acked, g.keeper.wait(ctx, k, written)
}
