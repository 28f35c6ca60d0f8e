package session

// folded is what a durable session has in the place of a flow with nothing in it: many
// clients are away that have nothing under way, and their flows would be a fifth of them.
type folded struct {
	lastID  uint16 // window.last
	durable bool
	changed bool // durable.changed
}

// Fold lets go of the flow of a durable session whose client is away, when nothing is in it.
// What needs one later makes it from what was folded (flows).
func (s *Session) Fold() {
	f := s.flow
	if s.state != away || f == nil || !f.idle() {
		return
	}
	f.queue.release(0)
	s.folded = folded{lastID: f.window.last, durable: true, changed: f.durable.changed}
	s.flow = nil
}

// idle says whether folded can stand for the flow.
func (f *flow) idle() bool {
	d := f.durable
	return d != nil && !d.urgent && d.done == nil && len(d.pending) == 0 && d.newest == 0 && d.floor == 0 &&
		f.window.count == 0 && len(f.queue.run) == 0 && len(f.queue.settled) == 0 && f.exact.count == 0 && f.dropped == 0
}

// unfold is Fold's inverse, for a flow that has just been made.
func (f *flow) unfold(k folded) {
	f.window.last = k.lastID
	if k.durable {
		f.durable = &durable{changed: k.changed}
	}
}
