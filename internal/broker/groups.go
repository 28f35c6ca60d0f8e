package broker

import (
	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/broker/cursor"
	"github.com/millrace/millrace/internal/broker/feed"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/broker/share"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// keptGroup is a shared subscription that this loop keeps: it takes the messages from the
// log, and gives each to a member on any loop (ADR 0007).
type keptGroup struct {
	group   *group
	core    *share.Group[*client]
	seats   map[*client]seat
	cursors []cursor.Cursor    // by stream number less one; the core knows their places
	surveys []*backlog.Inquiry // by stream: how much there is for it, while that is being found out
	touched bool
	listed  bool // in scribe.groups
}

// seat is how a member is reached.
type seat struct {
	member *subscription
	round  uint32
}

// keptGroups are those of one loop, and what it has to tell the keepers of others.
type keptGroups struct {
	kept    map[string]*keptGroup // by name
	touched []*keptGroup
	mail    []*groupMail // by loop
	rounds  uint32       // of this loop's members
}

// heldByGroup bounds what a group holds in memory of the messages that are not
// acknowledged; the rest waits in the log.
var heldByGroup = share.Limits{Messages: 16 << 10, Bytes: 4 << 20}

func (k *keptGroups) mailFor(loop, loops int) *groupMail {
	if k.mail == nil {
		k.mail = make([]*groupMail, loops)
	}
	if k.mail[loop] == nil {
		k.mail[loop] = new(groupMail)
	}
	return k.mail[loop]
}

func (k *keptGroups) touch(g *keptGroup) {
	if !g.touched {
		g.touched = true
		k.touched = append(k.touched, g)
	}
}

// touchAll has all groups written down.
func (k *keptGroups) touchAll(s *scribe) {
	for name, g := range k.kept {
		g.core.Touch()
		g.list(s, name)
	}
}

func (g *keptGroup) list(s *scribe, name string) {
	if !g.listed {
		g.listed = true
		s.groups = append(s.groups, name)
	}
}

// beginGroup has a loop keep the group, which gets what is behind those places.
type beginGroup struct {
	group  *group
	begins []msg.Position
}

func (v beginGroup) on(w *worker) { w.beginGroup(v) }

func (w *worker) beginGroup(v beginGroup) {
	w.keepGroup(v.group, newShare(v.begins))
	w.broker.post(announce{v.group})
	w.turnGroup(v.group)
}

func newShare(begins []msg.Position) *share.Group[*client] {
	var next []share.Place
	for i, at := range begins {
		next = append(next, share.Place{Stream: uint8(i + 1), At: msg.Position{Seq: at.Seq + 1}})
	}
	return share.New[*client](heldByGroup, next)
}

func (w *worker) keepGroup(g *group, core *share.Group[*client]) *keptGroup {
	k := &keptGroup{group: g, core: core, seats: map[*client]seat{}, cursors: make([]cursor.Cursor, len(w.broker.feeds.list()))}
	k.surveys = make([]*backlog.Inquiry, len(k.cursors))
	for i := range k.cursors {
		k.cursors[i] = cursor.Restored(msg.Position{})
	}
	if w.groups.kept == nil {
		w.groups.kept = map[string]*keptGroup{}
	}
	w.groups.kept[g.name] = k
	w.groups.touch(k)
	g.sums = w.ledger.Use(topic.Matching(g.name), false)
	w.broker.router.changed(g.entry)
	for i := range k.cursors {
		w.needs(uint8(i+1), core.Needed(uint8(i+1)))
	}
	return k
}

// hearMembers takes the news of members.
func (w *worker) hearMembers(mail *groupMail) {
	for i := range mail.news {
		n := &mail.news[i]
		if k := w.groups.kept[n.group.name]; k != nil && k.group == n.group {
			w.groups.touch(k)
			w.hear(k, n)
		}
	}
}

func (w *worker) hear(k *keptGroup, n *memberNews) {
	c := n.member.client
	switch n.what {
	case isHere:
		k.core.Away(c, n.places)
		k.core.Here(c, n.credit)
		k.seats[c] = seat{n.member, n.round}
	case isAway:
		k.core.Away(c, n.places)
		k.seats[c] = seat{n.member, 0}
	case isGone:
		if k.seats[c].member == n.member { // else it was replaced
			k.core.Gone(c, n.places)
			delete(k.seats, c)
		}
		if len(k.group.members.load()) == 0 {
			delete(w.groups.kept, k.group.name)
			w.ledger.Drop(k.group.sums)
			k.list(&w.scribe, k.group.name)
			return
		}
	case isDone:
		for _, p := range n.places {
			k.core.Ack(c, p)
		}
		return
	case hasNoRoom:
		for _, p := range n.places {
			k.core.Return(c, p)
		}
		return
	}
	k.lag()
	if !k.core.Present() {
		k.core.Shed(k.again)
	}
}

// lag takes the group from the tail of the streams from which it lacks messages that have
// passed.
func (k *keptGroup) lag() {
	for i := range k.cursors {
		if !k.core.Present() || k.core.Lacks(uint8(i+1)) {
			k.fallBehind(uint8(i + 1))
		}
	}
}

func (k *keptGroup) fallBehind(stream uint8) {
	k.cursors[stream-1].Fall(func() backlog.Tally { return backlog.Total(k.sums(), stream) })
}

// feedGroups gives a message of the tail to the groups on its route that this loop keeps.
func (w *worker) feedGroups(r *route, stream uint8, at msg.Position, m *msg.Message) {
	for _, g := range r.shared {
		if k := w.groups.kept[g.name]; k != nil && k.group == g && !w.groupCursor(k, stream).Behind() && !w.feedGroup(k, share.Place{Stream: stream, At: at}, m) {
			k.fallBehind(stream)
		}
	}
}

// groupCursor is the group's cursor in a stream, of which it takes all when it is new.
func (w *worker) groupCursor(k *keptGroup, stream uint8) *cursor.Cursor {
	for int(stream) > len(k.cursors) {
		c := cursor.From(msg.Position{})
		c.Fall(func() backlog.Tally { return backlog.Tally{} })
		k.cursors, k.surveys = append(k.cursors, c), append(k.surveys, nil)
		w.groups.touch(k)
	}
	return &k.cursors[stream-1]
}

// feedGroup gives the group a message; false says that it has no room.
func (w *worker) feedGroup(k *keptGroup, at share.Place, m *msg.Message) bool {
	if !k.core.Takes(at) {
		return true
	}
	if !k.core.Room() {
		return false
	}
	if c := &k.cursors[at.Stream-1]; c.Behind() && at.At.Compare(k.core.Reached(at.Stream)) >= 0 {
		c.Passed(backlog.Tally{Messages: 1, Bytes: int64(m.Bytes())})
	}
	k.core.Take(at, m)
	w.groups.touch(k)
	return true
}

// feedGroupRun gives the group its part of a run; false says that there was no room for
// all.
func (w *worker) feedGroupRun(k *keptGroup, stream uint8, p *feed.Run) (ok bool) {
	ok = true
	filter := topic.Matching(k.group.name)
	p.Each(func(at msg.Position, m *msg.Message) bool {
		if topic.Match(filter, string(m.Topic)) {
			ok = w.feedGroup(k, share.Place{Stream: stream, At: at}, m)
		}
		return ok
	})
	return ok
}

// takeCaughtGroup gives the group what was read for it; see takeCaught.
func (w *worker) takeCaughtGroup(k *keptGroup, a *feed.Answer) {
	stream := a.Stream
	c := &k.cursors[stream-1]
	if w.groups.kept[k.group.name] != k || !c.Answered(a.Round, false) {
		return
	}
	w.groups.touch(k)
	if !w.feedGroupRun(k, stream, &a.Run) {
		return
	}
	w.groupGaveUp(k, int64(k.core.Lose(stream, a.Next)))
	k.core.Pass(share.Place{Stream: stream, At: a.Next})
	t := w.tail(stream)
	if !a.End || !t.Reaches(a.Next) {
		return
	}
	for p := range t.From(a.Next) {
		if !w.feedGroupRun(k, stream, &p.Run) {
			return
		}
	}
	c.Follow()
	k.surveys[stream-1] = nil
}

// lookAtGroups lets members try again that had no room, now and then.
func (w *worker) lookAtGroups() {
	for _, k := range w.groups.kept {
		k.core.Unblock()
		w.groups.touch(k)
	}
}

// turnGroups gives away what the turn has brought, and tells the keepers.
func (w *worker) turnGroups() {
	for _, k := range w.groups.touched {
		k.touched = false
		w.distribute(k)
		w.askFor(k)
		if k.core.Changed() {
			k.list(&w.scribe, k.group.name)
		}
	}
	clear(w.groups.touched)
	w.groups.touched = w.groups.touched[:0]
	for to, mail := range w.groups.mail {
		if mail != nil {
			w.groups.mail[to] = nil
			w.broker.workers[to].loop.Post(mail)
		}
	}
}

// distribute gives what waits to the members that take more.
func (w *worker) distribute(k *keptGroup) {
	choose := func(free []*share.Member[*client], m *msg.Message) *share.Member[*client] {
		return w.chooseFree(k.group, free, m)
	}
	for {
		c, at, m, ok := k.core.Next(choose)
		if !ok {
			return
		}
		s := k.seats[c]
		o := offer{group: k.group, chosen: s.member, place: at, round: s.round, at: m.Time}
		if s.member.home != w.home {
			w.exchange.offer(s.member.home, o, m)
			continue
		}
		w.images.Reset()
		w.given(o, m)
	}
}

// chooseFree is choose among those who can take more.
func (w *worker) chooseFree(g *group, free []*share.Member[*client], m *msg.Message) *share.Member[*client] {
	n := uint64(len(free))
	if w.options.Shared != LeastInflight {
		return free[w.draw(g, m)%n]
	}
	turn := g.turn.Add(1)
	best := free[turn%n]
	for i := uint64(1); i < n; i++ {
		if k := free[(turn+i)%n]; k.Given < best.Given {
			best = k
		}
	}
	return best
}

// askFor asks for what the group has missed, when it has room for it.
func (w *worker) askFor(k *keptGroup) {
	if w.groups.kept[k.group.name] != k || !k.group.fed.Load() || !k.core.Room() || k.core.Waiting() > feed.ChunkMessages/2 {
		return
	}
	for i := range k.cursors {
		if round, ok := k.cursors[i].Ask(); ok {
			stream := uint8(i + 1)
			w.broker.feeds.catcher.Ask(feed.Question{
				Loop: w.home, For: k, Stream: stream, Round: round, From: k.core.From(stream), Most: feed.ChunkMessages,
				Filters: []string{topic.Matching(k.group.name)}, Whole: true,
			})
		}
	}
}

// writeGroups writes down how far the groups are of which more is to be written.
func (w *worker) writeGroups() {
	s := &w.scribe
	for _, name := range s.groups {
		k := w.groups.kept[name]
		if s.buf = s.buf[:0]; k != nil {
			k.listed = false
			s.buf = k.core.Append(s.buf)
		}
		w.record(kindGroup, name, s.buf)
	}
	clear(s.groups)
	s.groups = s.groups[:0]
}

// recoverGroups brings the shared subscriptions back that the recovered sessions have.
func (r *recovery) recoverGroups() {
	b := r.broker
	for name, g := range b.router.groups {
		w := b.homeOf(name)
		core, begins := r.readGroup(name), []msg.Position(nil)
		for _, s := range g.members.load() {
			if s.logged() {
				begins = earlier(begins, s.begins)
			}
		}
		if begins == nil {
			continue // all of them get QoS 0
		}
		if core == nil {
			core = newShare(begins)
		}
		b.router.keepGroup(g, w.home)
		g.fed.Store(true)
		k := w.keepGroup(g, core)
		for _, s := range g.members.load() {
			core.Away(s.client, nil)
			k.seats[s.client] = seat{s, 0}
		}
		delete(r.groups, name)
	}
	for name := range r.groups { // nobody is left
		w := b.homeOf(name)
		w.scribe.groups = append(w.scribe.groups, name)
	}
}

// readGroup is the group of a record; nil when there is none to read.
func (r *recovery) readGroup(name string) *share.Group[*client] {
	b := r.groups[name]
	if b == nil {
		return nil
	}
	g, err := share.Read[*client](heldByGroup, b)
	if err != nil {
		r.malformed++
		return nil
	}
	return g
}

// earlier is, by stream, the lower of two places.
func earlier(a, b []msg.Position) []msg.Position {
	if a == nil {
		return b
	}
	var low []msg.Position
	for i := range min(len(a), len(b)) {
		low = append(low, lower(a[i], b[i]))
	}
	return low
}

// keeps is the shared subscription by which a recovered session has an open message; nil
// when the message is its own, or has become so. done says that a group it may have come
// by is done with it. A group whose record is older than the session's has yet to take it.
func (w *worker) keeps(c *client, o session.Open, name string) (s *subscription, done bool) {
	if !o.Shared {
		return nil, false
	}
	var ahead []*subscription
	for _, s := range c.shares {
		if s == nil || !s.group.durable.Load() {
			continue
		}
		core := w.broker.workers[s.group.keeper].groups.kept[s.group.name].core
		if core.Keep(c, share.Place(o.Place)) {
			return s, false
		}
		done = done || core.Done(share.Place(o.Place))
		if o.Place.At.Compare(core.Reached(o.Place.Stream)) >= 0 && topic.Match(s.matches(), name) {
			ahead = append(ahead, s)
		}
	}
	if len(ahead) == 1 && !done { // of several it could be the wrong one's, who would lose it
		if s := ahead[0]; w.broker.workers[s.group.keeper].groups.kept[s.group.name].core.Claim(c, share.Place(o.Place)) {
			return s, false
		}
	}
	return nil, done
}
