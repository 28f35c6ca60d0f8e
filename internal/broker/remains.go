package broker

// remains are the filters of a session that has ended with more of them than one turn may
// take. They stand in the tree until their turn comes, and bring their client nothing.
type remains struct{ filters []*subscription }

// endFilters ends the subscriptions of a session that has ended: the first at once.
func (w *worker) endFilters(c *client) {
	r := remains{c.filters.list()}
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
		w.broker.router.remove(s)
		w.uncount(s)
	}
	if n < len(r.filters) {
		w.loop.Post(remains{r.filters[n:]})
	}
}

// endMore goes on with them.
func (w *worker) endMore(r remains) {
	w.loop.Spend(min(len(r.filters), filtersMost) * filterWork)
	w.endSome(r)
}

// leaves lets a client have nothing more by its filters, before they are taken out: routes
// are made anew, and what it held alone is free.
func (r *router) leaves(c *client) {
	r.exclusive.leave(c)
	r.wild.Add(1)
}
