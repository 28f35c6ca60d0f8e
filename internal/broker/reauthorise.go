package broker

import (
	"github.com/millrace/millrace/internal/broker/recorder"
	"slices"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// reauthorising is a round over the clients of a loop, some of them each turn.
type reauthorising struct{ left []*client }

func (v reauthorising) on(w *worker) { w.reauthoriseSome(v) }

// The two bound how long a loop is kept from its messages: clients that are looked at in one
// turn, and filters of theirs, nearly.
const (
	clientsPerTurn = 200
	filtersAsked   = 1000
)

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
	n := 0
	for asked := 0; n < min(clientsPerTurn, len(r.left)) && asked < filtersAsked; n++ {
		if c := r.left[n]; w.clients[c.id] == c {
			asked += c.filters.len()
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
	denied := c.filters.takeOut(func(s *subscription) bool {
		return !c.rights.MaySubscribe(plainFilter([]byte(s.filter)), s.qos)
	})
	if len(denied) == 0 {
		return
	}
	var later []*subscription
	for _, s := range denied {
		w.noteFilter(c, s.filter)
		w.untrack(c, s)
		if s.group == nil {
			later = append(later, s)
			continue
		}
		w.broker.router.remove(s)
		w.unshare(c, s)
		w.tellRevoked(s)
	}
	w.withhold(c, denied)
	w.revoke(later)
}

// tellRevoked says that the access rules have ended a subscription.
func (w *worker) tellRevoked(s *subscription) {
	w.recordEvent(s.client, recorder.Unsubscribed, s.filter, fault.AccessRevoked)
	w.counts.access.revokedFilters++
	w.refusals.log("subscription ended by the access rules", about(s.client, "filter", shown(s.filter))...)
}

// withhold drops the messages that wait for the client, and only denied filters bring.
func (w *worker) withhold(c *client, denied []*subscription) {
	if c.session.Waiting() == 0 && len(c.retained) == 0 {
		return
	}
	without, allowed := treeOf(denied), treeOf(c.filters.list())
	gone := func(name []byte) bool { return matched(without, name) && !matched(allowed, name) }
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

func treeOf(filters []*subscription) *topic.Tree[bool] {
	t := new(topic.Tree[bool])
	for _, s := range filters {
		t.Add(s.matches(), true)
	}
	return t
}

func matched(t *topic.Tree[bool], name []byte) (is bool) {
	t.Match(name, func(bool) { is = true })
	return is
}
