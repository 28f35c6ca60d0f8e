package broker

import (
	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/broker/share"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// This file is a member's side of a shared subscription over the log: its loop tells the
// loop that keeps the group (groups.go) what becomes of the member and of its messages.

// memberNews is about one member.
type memberNews struct {
	group  *group
	member *subscription
	what   whatNews
	round  uint32        // what is given to the member from now on bears it, with isHere
	credit int           // how many messages it takes at one time, with isHere
	places []share.Place // those that it keeps, with isHere, isAway and isGone, or the news is about
}

type whatNews uint8

const (
	isHere    whatNews = iota // its client is connected
	isAway                    // it is not
	isGone                    // the subscription has ended
	isDone                    // with the messages
	hasNoRoom                 // for the messages
)

// groupMail is the news of one turn for another loop, or the same.
type groupMail struct{ news []memberNews }

func (v *groupMail) on(w *worker) { w.hearMembers(v) }

// tellKeeper has the loop that keeps the group told at the turn's end.
func (w *worker) tellKeeper(n memberNews) {
	mail := w.groups.mailFor(n.group.keeper, len(w.broker.workers))
	if last := len(mail.news) - 1; last >= 0 && n.what >= isDone {
		if l := &mail.news[last]; l.member == n.member && l.what == n.what {
			l.places = append(l.places, n.places...)
			return
		}
	}
	mail.news = append(mail.news, n)
}

// joinLog makes the member's group one that the log feeds, when its session survives the
// process, and tells the keeper of it in any such group.
func (w *worker) joinLog(s *subscription) {
	g := s.group
	switch {
	case g.durable.Load():
		w.memberHere(s)
	case s.logged():
		home := w.broker.homeOf(g.name).home
		if w.broker.router.keepGroup(g, home) {
			w.broker.workers[home].loop.Post(beginGroup{g, s.begins})
		}
	}
	if s.logged() && !g.fed.Load() {
		w.joining(s.client, g)
	}
}

// keepGroup lets the group have its messages of QoS 1 and 2 from the log, by that loop,
// as soon as it has turned there. It stays so for as long as it has any members. false
// says that another member was first.
func (r *router) keepGroup(g *group, keeper int) bool {
	r.sharing.Lock()
	defer r.sharing.Unlock()
	if g.durable.Load() {
		return false
	}
	g.keeper = keeper
	g.durable.Store(true)
	return true
}

// announce has every loop tell the group's keeper of its members.
type announce struct{ group *group }

func (v announce) on(w *worker) { w.announce(v.group) }

func (w *worker) announce(g *group) {
	for _, s := range g.members.load() {
		if s.home != w.home || s.client.filters.get(s.filter) != s {
			continue
		}
		if s.client.session.Away() {
			w.memberAway(s)
		} else {
			w.memberHere(s)
		}
	}
}

// memberHere says that the member takes messages. What was meant for it before and has not
// come goes to others: it bears another round.
func (w *worker) memberHere(s *subscription) {
	if !s.group.durable.Load() {
		return
	}
	w.settleShared(s.client)
	w.groups.rounds++
	s.round = w.groups.rounds
	keeps := begunBy(s, true)
	s.client.session.Recall(s.number, false)
	w.tellKeeper(memberNews{s.group, s, isHere, s.round, w.creditOf(s.client), keeps})
}

// memberAway says that the member's client has left. It keeps what was begun: of QoS 1
// only while nobody else is there to get it.
func (w *worker) memberAway(s *subscription) {
	if !s.group.durable.Load() {
		return
	}
	w.settleShared(s.client)
	alone := len(s.group.present.load()) == 0
	s.round = 0
	w.tellKeeper(memberNews{s.group, s, isAway, 0, 0, begunBy(s, alone)})
	s.client.session.Recall(s.number, !alone)
}

// memberGone says that the subscription has ended. What was begun stays with the session.
func (w *worker) memberGone(s *subscription) {
	if !s.group.durable.Load() {
		return
	}
	w.settleShared(s.client)
	w.memberEnds(s, begunBy(s, true))
	s.client.session.Recall(s.number, false)
}

// memberEnds says that the subscription has ended, and what of the group stays its client's.
func (w *worker) memberEnds(s *subscription, begun []share.Place) {
	if s.group != nil && s.group.durable.Load() {
		s.round = 0
		w.tellKeeper(memberNews{s.group, s, isGone, 0, 0, begun})
	}
}

// begunShares is what a session that ends has begun with QoS 2, by the share's number: the
// rest goes to others [MQTT-4.8.2-5].
func begunShares(c *client) (begun map[uint32][]share.Place) {
	if len(c.shares) == 0 {
		return nil
	}
	c.session.EachBegun(func(number uint32, l session.Logged) {
		if begun == nil {
			begun = map[uint32][]share.Place{}
		}
		begun[number] = append(begun[number], share.Place(l))
	})
	return begun
}

func begunBy(s *subscription, once bool) (places []share.Place) {
	for _, l := range s.client.session.Begun(s.number, once) {
		places = append(places, share.Place(l))
	}
	return places
}

// creditOf is how many messages of a group the client gets before it acknowledges one.
// Where one publisher's or topic's messages stay with one member, more wait for it.
func (w *worker) creditOf(c *client) int {
	n := c.session.Window()
	switch w.options.Shared {
	case Sticky, HashClient, HashTopic:
		n += c.session.Limits().Queue / 2
	}
	return n
}

// settleShared tells the keepers which messages the client's session is done with.
func (w *worker) settleShared(c *client) {
	if len(c.shares) > 0 {
		w.tellSettled(c)
	}
}

func (w *worker) tellSettled(c *client) {
	for _, k := range c.session.Settled() {
		if s := c.shares[k.Share-1]; s != nil {
			w.tellKeeper(memberNews{group: s.group, member: s, what: isDone, places: []share.Place{share.Place(k.Place)}})
		}
	}
}

// given takes a message that the group's keeper has given to a member of this loop. Of one
// that bears an earlier round the keeper has heard, or will, that it did not come.
func (w *worker) given(o offer, m *msg.Message) {
	s := o.chosen
	c := s.client
	if s.over() || s.round != o.round {
		return
	}
	m.Time = o.at
	what := isDone
	if now, left := w.logged(m); !left {
		w.missed(c, c.session.Outlived())
		o.group.drops.add(fault.Expired, 1)
		w.recordDropped(c, recorder.Dropped|recorder.Shared, fault.Expired)
	} else {
		what = w.deliverShared(s, o.place, &now)
	}
	w.recordLogged(o.place.Stream, o.place.At, m, nil)
	if what == isHere {
		return
	}
	w.tellKeeper(memberNews{group: s.group, member: s, what: what, places: []share.Place{o.place}})
}

// deliverShared gives the message to the member: isHere says that it is under way.
func (w *worker) deliverShared(s *subscription, at share.Place, m *msg.Message) whatNews {
	c := s.client
	im := w.imageFor(c, s.alone, m)
	once := im.QoS == 0
	if !once {
		im.Logged = session.Logged(at)
	}
	outcome, code := w.try(c, im, s.number)
	w.settleShared(c)
	c.weigh()
	w.noteChanged(c)
	switch {
	case outcome == session.Behind:
		return hasNoRoom
	case outcome == session.Dropped && !c.conn.Open():
		return hasNoRoom
	case outcome == session.Dropped:
		w.missed(c, code)
		s.group.drops.add(code, 1)
		return isDone
	case once:
		return isDone
	}
	return isHere
}
