package broker

import "github.com/millrace/millrace/internal/broker/share"

// remains are the filters of a session that has ended, or those of a client that rules have
// revoked, when they are more than one turn may take. They stand in the tree until their turn
// comes, and bring their client nothing.
type remains struct {
	filters []*subscription
	revoked bool
	begun   map[uint32][]share.Place // by the share's number, what of a session that has ended stays its own
}

func (v remains) on(w *worker) { w.endMore(v) }

// over says whether the subscription is one of them.
func (s *subscription) over() bool { return s.ended || s.client.ended }

// endFilters ends the subscriptions of a session that has ended: the first at once.
func (w *worker) endFilters(c *client) {
	w.settleShared(c)
	r := remains{filters: c.filters.list(), begun: begunShares(c)}
	c.filters = nil
	if len(r.filters) > filtersMost {
		c.ended = true
		w.broker.router.leaves(c)
	}
	w.endSome(r)
}

// endSome ends the next of them.
func (w *worker) endSome(r remains) {
	n := min(len(r.filters), filtersMost)
	for _, s := range r.filters[:n] {
		if !r.revoked {
			w.memberEnds(s, r.begun[s.number])
		}
		w.broker.router.remove(s)
		w.uncount(s)
		if r.revoked {
			w.tellRevoked(s)
		}
	}
	if n < len(r.filters) {
		r.filters = r.filters[n:]
		w.loop.Post(r)
	}
}

// endMore goes on with them.
func (w *worker) endMore(r remains) {
	w.loop.Spend(min(len(r.filters), filtersMost) * filterWork)
	w.endSome(r)
}

// revoke ends subscriptions that their client, who stays, has lost: the first at once.
func (w *worker) revoke(filters []*subscription) {
	if len(filters) > filtersMost {
		for _, s := range filters {
			s.ended = true
			w.broker.router.exclusive.release(s)
		}
		w.broker.router.wild.Add(1)
	}
	w.endSome(remains{filters: filters, revoked: true})
}

// leaves lets a client have nothing more by its filters, before they are taken out: routes
// are made anew, and what it held alone is free.
func (r *router) leaves(c *client) {
	r.exclusive.leave(c)
	r.wild.Add(1)
}
