package broker

import (
	"slices"

	"github.com/millrace/millrace/internal/broker/record"
	"github.com/millrace/millrace/internal/broker/session"
)

// This file is what a start does with sessions of which the journal has lost something: it
// ends them. Their clients are told so (Session Present 0), and subscribe again; a session
// without one of its subscriptions would tell them nothing.

// readProgress is how far the session was; nothing when there is no record of it.
func readProgress(h *record.History) (p session.Progress, err error) {
	if b := h.Progress(); len(b) > 0 {
		p, err = session.ReadProgress(b)
	}
	return p, err
}

func (r *recovery) whole(h *record.History, p *session.Progress) bool {
	return len(p.Next) <= len(r.names) && h.Whole(record.SumOfNames(r.names[:len(p.Next)]))
}

// end has it written down that the session is no more. Its will goes with it: it may be one
// that its client had taken back.
func (r *recovery) end(id string, h *record.History) {
	r.lost = append(r.lost, id)
	r.broker.homeOf(id).scribe.ends(id, h.Turn())
}

// lostNamed is how many of them a line of the log names.
const lostNamed = 20

// tellLost says which sessions have ended so.
func (r *recovery) tellLost() {
	unknown := 0
	if r.damaged {
		unknown = r.book.Strays()
	}
	if len(r.lost)+unknown == 0 {
		return
	}
	slices.Sort(r.lost)
	b, named := r.broker, make([]string, min(len(r.lost), lostNamed))
	for i := range named {
		named[i] = shown(r.lost[i])
	}
	b.sessionsLost = uint64(len(r.lost) + unknown)
	b.options.Log.Error("sessions have ended because stored state of them is lost; their clients have to subscribe again",
		"sessions", b.sessionsLost, "clients", named)
	if tell := b.options.Durable.Lost; tell != nil {
		tell(named, int(b.sessionsLost)-len(named))
	}
}
