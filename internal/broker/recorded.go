package broker

import (
	"github.com/millrace/millrace/internal/broker/record"
)

// kindGroup is the record of a shared subscription, beside those of the sessions (record)
// and of preserve.
const kindGroup = 'g'

// recorded is the client's session as it is written down; leftAt is when it left by the
// machine's clock.
func (c *client) recorded(leftAt int64) record.Session {
	s := &c.session
	will, delay := s.KeptWill()
	if e := c.enduring; will == nil && e.firing != nil {
		will, delay = e.firing, 0
	}
	return record.Session{
		Version: s.Version(), Expiry: s.Expiry(), Clean: c.clean, Since: c.since, Left: leftAt, User: c.enduring.user,
		Will: will, WillDelay: delay,
	}
}

func (s *subscription) recorded() record.Filter {
	return record.Filter{
		Name: s.filter, ID: s.id, QoS: s.qos, NoLocal: s.noLocal, AsPublished: s.asPublished, Handling: s.handling,
		Durable: s.durable, Begins: s.begins, Owes: s.owes, Since: s.since,
	}
}

// recalled is the subscription of a record; it has no client yet.
func recalled(f *record.Filter) *subscription {
	return &subscription{
		filter: f.Name, id: f.ID, qos: f.QoS, noLocal: f.NoLocal, asPublished: f.AsPublished, handling: f.Handling,
		durable: f.Durable, begins: f.Begins, owes: f.Owes, since: f.Since,
	}
}

var _ record.Filters = (*filterSet)(nil)

// Len is record.Filters'.
func (f *filterSet) Len() int { return f.len() }

// At is record.Filters'.
func (f *filterSet) At(i int) record.Filter { return f.sorted[i].recorded() }

// Filter is record.Filters'.
func (f *filterSet) Filter(name string) (r record.Filter, ok bool) {
	s := f.get(name)
	if s == nil {
		return r, false
	}
	return s.recorded(), true
}

// noteFilter has the change of a filter written down.
func (w *worker) noteFilter(c *client, filter string) {
	e := c.enduring
	if e == nil {
		return
	}
	if e.filters == nil {
		e.filters = new(record.Changes)
	}
	e.filters.Note(filter, c.filters.len())
	w.noteChanged(c)
}
