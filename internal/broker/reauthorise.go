package broker

import (
	"github.com/millrace/millrace/internal/broker/recorder"
	"slices"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// reauthorising is a round over the clients of a loop, some of them each turn.
type reauthorising struct{ left []*client }

// clientsPerTurn bounds how long a loop is kept from its messages.
const clientsPerTurn = 200

// Reauthorize asks anew about everybody who is connected: after users or rules have
// changed. Who is no longer known is disconnected, and subscriptions that are no longer
// allowed end. It returns at once.
func (b *Broker) Reauthorize() {
	if b.running() {
		b.post(reauthorising{})
	}
}

// reauthoriseSome takes the next clients of a round; a round of nobody begins one.
func (w *worker) reauthoriseSome(r reauthorising) {
	if r.left == nil {
		for _, c := range w.clients {
			r.left = append(r.left, c)
		}
	}
	n := min(clientsPerTurn, len(r.left))
	for _, c := range r.left[:n] {
		if w.clients[c.id] == c {
			w.recheck(c)
		}
	}
	if r.left = r.left[n:]; len(r.left) > 0 {
		w.loop.Post(r)
	}
}

// recheck looks whether the client is still who it was, and what it may do now. A
// session that waits for a client who is no longer known ends.
func (w *worker) recheck(c *client) {
	if a := w.options.Authenticator; a != nil && c.identity != nil {
		id, err := a.Recheck(c.identity)
		switch {
		case err != nil && c.session.Away() && fault.CodeOf(err) == fault.CredentialsChanged:
			return // who comes for it shows the new password
		case err != nil && c.session.Away():
			w.endSession(c)
			return
		case err != nil:
			w.end(c, err)
			return
		}
		c.identity = id
	}
	w.reauthorise(c)
}

// reauthorise takes the client's rights anew.
func (w *worker) reauthorise(c *client) {
	c.setAccess(c.identity, w.rightsOf(c, c.id, c.identity))
	w.dropDenied(c)
}

// dropDenied ends the subscriptions that are not allowed any more, and what waits for
// the client by them alone.
func (w *worker) dropDenied(c *client) {
	if c.rights == nil {
		return
	}
	w.dropFollowing(c)
	var denied topic.Tree[bool]
	for _, s := range slices.Clone(c.filters.list()) {
		if c.rights.MaySubscribe(plainFilter([]byte(s.filter)), s.qos) {
			continue
		}
		c.filters.remove(s.filter)
		w.noteFilter(c, s.filter)
		w.broker.router.remove(s)
		w.untrack(c, s)
		w.unshare(c, s)
		denied.Add(s.matches(), true)
		w.recordEvent(c, recorder.Unsubscribed, s.filter, fault.AccessRevoked)
		w.counts.access.revokedFilters++
		w.refusals.log("subscription ended by the access rules", about(c, "filter", shown(s.filter))...)
	}
	if denied.Len() > 0 {
		w.withhold(c, &denied)
	}
}

// withhold drops the messages that wait for the client, and only denied filters bring.
func (w *worker) withhold(c *client, denied *topic.Tree[bool]) {
	if c.session.Waiting() == 0 && len(c.retained) == 0 {
		return
	}
	var allowed topic.Tree[bool]
	for _, s := range c.filters.list() {
		allowed.Add(s.matches(), true)
	}
	gone := func(name []byte) bool { return matched(denied, name) && !matched(&allowed, name) }
	n := c.session.Withhold(gone)
	if lined := len(c.retained); lined > 0 {
		c.retained = slices.DeleteFunc(c.retained, func(p pendingRetained) bool { return gone(p.message.Topic) })
		if n += lined - len(c.retained); len(c.retained) == 0 {
			c.stopRetained()
		}
	}
	if n > 0 {
		w.lost(c, fault.AccessRevoked, n)
		c.weigh()
	}
}

func matched(t *topic.Tree[bool], name []byte) (is bool) {
	t.Match(name, func(bool) { is = true })
	return is
}
