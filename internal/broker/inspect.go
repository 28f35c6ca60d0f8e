package broker

import (
	"context"
	"strings"

	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/fault"
)

// inquiry is a question to a loop, which answers a slice at a time, so that its
// clients do not wait: next is called until it returns false.
type inquiry struct {
	next func(w *worker) (more bool)
	done chan<- struct{}
}

func (v *inquiry) on(w *worker) { w.inquire(v) }

// slice is how many clients or subscriptions a loop looks at in one turn.
const slice = 512

func (w *worker) inquire(q *inquiry) {
	if q.next(w) {
		w.loop.Post(q)
		return
	}
	q.done <- struct{}{}
}

// ask puts a question to each of the workers, of which begin makes one loop's part,
// and returns when all have answered.
func (b *Broker) ask(ctx context.Context, workers []*worker, begin func(i int) func(w *worker) bool) error {
	if !b.running() {
		return errStopped
	}
	done := make(chan struct{}, len(workers))
	for i, w := range workers {
		w.loop.Post(&inquiry{next: begin(i), done: done})
	}
	for range workers {
		select {
		case <-done:
		case <-b.stopped:
			return errStopped
		case <-ctx.Done():
			return fault.Wrap(fault.Timeout, "broker: inspect", ctx.Err(), "The broker did not answer in time.")
		}
	}
	return nil
}

// tell is ask for one worker and something that is done at once.
func (b *Broker) tell(ctx context.Context, w *worker, f func(w *worker)) error {
	return b.ask(ctx, []*worker{w}, func(int) func(w *worker) bool {
		return func(w *worker) bool { f(w); return false }
	})
}

// overClients visits every client of a loop, a slice in each turn; visit returns
// how much work that was.
func overClients(visit func(w *worker, c *client) int) func(w *worker) bool {
	var all []*client
	begun := false
	return func(w *worker) bool {
		if !begun {
			begun = true
			all = w.everybody()
		}
		for work := 0; work < slice && len(all) > 0; all = all[1:] {
			if c := all[0]; w.clients[c.id] == c { // it may have gone since
				work += 1 + visit(w, c)
			}
		}
		return len(all) > 0
	}
}

func (w *worker) everybody() []*client {
	all := make([]*client, 0, len(w.clients))
	for _, c := range w.clients {
		all = append(all, c)
	}
	return all
}

// info is the client's row.
func (w *worker) info(c *client) view.Client {
	t, s, bad := &c.tally, &c.session, &c.troubles
	_, bytes := s.Backlog()
	behind := w.waitingFor(c)
	i := view.Client{
		ID: c.id, User: c.user(), Listener: c.door.name, Transport: c.door.kind, Remote: c.remoteAddrPort(), Conn: c.connID(),
		Protocol: s.Version(), Connected: !s.Away(), ConnectedAt: c.since, CleanStart: c.clean, SessionExpiry: s.Expiry(),
		KeepAlive: s.KeepAlive(), Subscriptions: c.filters.len(), Inflight: s.Inflight(),
		Queued: s.Waiting() + int(behind.Messages), QueuedBytes: int64(bytes) + behind.Bytes,
		MessagesIn: t.messagesIn, MessagesOut: t.messagesOut, BytesIn: t.bytesIn, BytesOut: t.bytesOut,
		Dropped: bad.dropped, Limited: c.slowed,
	}
	if !s.Away() {
		i.OutputBytes = int64(c.conn.Buffered())
	}
	if s.Away() {
		i.DisconnectedAt, i.ExpiresAt = w.wall(c.leftAt), w.wall(c.endAt)
	}
	if bad.erred != 0 {
		i.Error, i.ErrorAt = bad.code, bad.erred
	}
	return i
}

// Clients lists the clients that match, sorted, and says how many match in all.
func (b *Broker) Clients(ctx context.Context, q view.ClientQuery) (page []view.Client, count int, err error) {
	parts := make([]view.Rows[view.Client], len(b.workers))
	err = b.ask(ctx, b.workers, func(i int) func(*worker) bool {
		return overClients(func(w *worker, c *client) int {
			if row := w.info(c); q.Matches(&row) {
				parts[i].Add(row)
			}
			return 0
		})
	})
	if err != nil {
		return nil, 0, err
	}
	all := view.Together(parts)
	b.looks.Fill(all, b.options.Now())
	page, count = q.Page(all)
	return page, count, nil
}

// Client is one client in detail.
func (b *Broker) Client(ctx context.Context, id string) (d ClientDetail, err error) {
	found, next := false, ahead{}
	err = b.tell(ctx, b.homeOf(id), func(w *worker) {
		if c := w.clients[id]; c != nil {
			found, d, next = true, w.detail(c), c.ahead()
		}
	})
	if err == nil && len(next.from) > 0 {
		d.Queue = next.list(ctx, b.feeds, d.Queue, mostPending)
	}
	if err == nil && !found {
		err = noClient(id)
	}
	b.looks.Fill([]*view.Client{&d.Client}, b.options.Now())
	return d, err
}

func noClient(id string) error {
	return fault.New(fault.NotFound, "There is no client %q.", shown(id))
}

// Kick closes the client's connection; with session its session ends as well.
func (b *Broker) Kick(ctx context.Context, id string, session bool) error {
	found, away := false, false
	err := b.tell(ctx, b.homeOf(id), func(w *worker) {
		c := w.clients[id]
		if found = c != nil; !found {
			return
		}
		away = c.session.Away()
		w.end(c, errKicked)
		if c = w.clients[id]; c != nil && session {
			w.endSession(c)
		}
	})
	switch {
	case err != nil:
		return err
	case !found:
		return noClient(id)
	case away && !session:
		return fault.New(fault.Conflict, "Client %q is not connected. Its session can be ended, too.", shown(id))
	}
	return nil
}

var (
	errStopped = fault.New(fault.Unavailable, "The broker has stopped.")
	errKicked  = fault.New(fault.Kicked, "An operator has closed the connection.")
)

func subscriptionInfo(c *client, s *subscription) view.Subscription {
	i := view.Subscription{Client: c.id, Filter: s.filter, QoS: s.qos, NoLocal: s.noLocal, RetainAsPublished: s.asPublished, RetainHandling: s.handling,
		ID: s.id, Connected: !c.session.Away()}
	if rest, ok := strings.CutPrefix(s.filter, "$share/"); ok {
		i.Share, _, _ = strings.Cut(rest, "/")
	}
	return i
}

// Subscriptions lists those that match, sorted, and says how many match in all.
func (b *Broker) Subscriptions(ctx context.Context, q view.SubscriptionQuery) (page []view.Subscription, count int, err error) {
	workers := b.workers
	if q.Client != "" {
		workers = []*worker{b.homeOf(q.Client)}
	}
	parts := make([]view.Rows[view.Subscription], len(workers))
	err = b.ask(ctx, workers, func(i int) func(*worker) bool {
		return overClients(func(w *worker, c *client) int {
			if q.Client != "" && c.id != q.Client {
				return 0
			}
			work := c.filters.len()
			for _, s := range c.filters.list() {
				if row := subscriptionInfo(c, s); q.Matches(&row) {
					if s.number != 0 {
						row.Sent, row.Queued = c.session.Shared(s.number)
						work += (c.session.Inflight() + c.session.Waiting()) / 64
					}
					parts[i].Add(row)
				}
			}
			return work
		})
	})
	if err != nil {
		return nil, 0, err
	}
	page, count = q.Page(view.Together(parts))
	return page, count, nil
}
