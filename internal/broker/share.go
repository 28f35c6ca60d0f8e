package broker

import (
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/broker/share"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// Strategy is how a shared subscription chooses the member that gets a message. A
// member that has gone or can take no more is passed over.
type Strategy string

// The strategies.
const (
	RoundRobin    Strategy = "round_robin" // each in turn
	Random        Strategy = "random"
	Sticky        Strategy = "sticky"         // the member of longest standing
	HashClient    Strategy = "hash_client"    // the same one for a publisher, while the members stay
	HashTopic     Strategy = "hash_topic"     // the same one for a topic, while the members stay
	LeastInflight Strategy = "least_inflight" // the one with the fewest messages under way
)

func (s Strategy) check() error {
	switch s {
	case RoundRobin, Random, Sticky, HashClient, HashTopic, LeastInflight:
		return nil
	}
	return fault.New(fault.Invalid, "No strategy of shared subscriptions is called %q: use %s, %s, %s, %s, %s or %s.",
		string(s), RoundRobin, Random, Sticky, HashClient, HashTopic, LeastInflight)
}

// group is one shared subscription: a share name and a filter. In the tree of
// filters one entry stands for it, so that members come and go without making
// routes out of date.
type group struct {
	name    string // $share/NAME/FILTER
	entry   *subscription
	members list // oldest first
	present list // of them whose clients are connected
	turn    atomic.Uint64
	// durable says that it has, or had, a member whose session survives the process: the
	// loop of that number keeps it. fed says that its messages of QoS 1 and 2 come from the
	// log, by that loop, which is so from a moment later on (turning.go).
	durable atomic.Bool
	fed     atomic.Bool
	keeper  int
	drops   groupDrops
	sums    *backlog.Filter // of the loop that keeps it, which alone reads this
}

// list is subscriptions that any loop may read; it is copied on change.
type list struct {
	p atomic.Pointer[[]*subscription]
}

func (l *list) load() []*subscription {
	if p := l.p.Load(); p != nil {
		return *p
	}
	return nil
}

func (l *list) add(s *subscription) {
	all := append(slices.Clone(l.load()), s)
	l.p.Store(&all)
}

func (l *list) remove(s *subscription) {
	rest := slices.DeleteFunc(slices.Clone(l.load()), func(m *subscription) bool { return m == s })
	l.p.Store(&rest)
}

// candidates are who may get a message: those who are connected or, while nobody
// is, all.
func (g *group) candidates() []*subscription {
	if present := g.present.load(); len(present) > 0 {
		return present
	}
	return g.members.load()
}

// shareFilter is the filter behind $share/NAME/ or $queue/; ok is false for any other.
func shareFilter(filter string) (rest string, ok bool) {
	return topic.Matching(filter), topic.Group(filter) != ""
}

// join makes s a member of its group, the first one makes the group.
func (r *router) join(s *subscription, filter string) {
	g := grant{none: true}
	g.add(s)
	s.alone = &g
	r.sharing.Lock()
	defer r.sharing.Unlock()
	name := topic.Group(s.filter)
	s.group = r.groups[name]
	if s.group != nil {
		s.group.members.add(s)
		s.group.present.add(s)
		return
	}
	s.group = &group{name: name}
	s.group.entry = &subscription{group: s.group, filter: filter}
	s.group.members.add(s)
	s.group.present.add(s)
	if r.groups == nil {
		r.groups = map[string]*group{}
	}
	r.groups[name] = s.group
	r.tree.Add(filter, s.group.entry)
	r.changed(s.group.entry)
}

// quit ends a membership; the last one ends the group.
func (r *router) quit(s *subscription) {
	r.sharing.Lock()
	defer r.sharing.Unlock()
	g := s.group
	g.members.remove(s)
	g.present.remove(s)
	if len(g.members.load()) == 0 {
		delete(r.groups, topic.Group(s.filter))
		r.tree.Remove(g.entry.filter, g.entry)
		r.changed(g.entry)
	}
}

// setPresent says whether a member's client is connected.
func (r *router) setPresent(s *subscription, present bool) {
	r.sharing.Lock()
	defer r.sharing.Unlock()
	s.group.present.remove(s)
	if present {
		s.group.present.add(s)
	}
}

// offer is a message on its way to one member of a group. The choice falls on a
// member; when that one cannot take it, the message makes one round of the loops
// and goes to the first member that can.
type offer struct {
	group  *group
	chosen *subscription // nil on the round
	origin int           // the loop on which the round began

	// of one that the log has: where, in which round of the member, and when it came
	place share.Place
	round uint32
	at    int64
}

// share gives the message to one member of the group; false says that there is
// none [MQTT-4.8.2-4].
func (w *worker) share(g *group, m *msg.Message) bool {
	members := g.candidates()
	if len(members) == 0 {
		return false
	}
	o := offer{group: g, chosen: w.choose(g, members, m)}
	if o.chosen.home == w.home {
		w.offered(o, m)
	} else {
		w.exchange.offer(o.chosen.home, o, m)
	}
	return true
}

// choose returns one of the members.
func (w *worker) choose(g *group, members []*subscription, m *msg.Message) *subscription {
	if w.options.Shared == LeastInflight {
		return leastInflight(members, g.turn.Add(1))
	}
	return members[w.draw(g, m)%uint64(len(members))]
}

// draw is the number by which one of the members is chosen.
func (w *worker) draw(g *group, m *msg.Message) uint64 {
	switch w.options.Shared {
	case Sticky:
		return 0
	case Random:
		return rand.Uint64()
	case HashClient:
		return maphash.Bytes(w.broker.seed, m.Publisher)
	case HashTopic:
		return maphash.Bytes(w.broker.seed, m.Topic)
	}
	return g.turn.Add(1)
}

// leastInflight is the member with the fewest messages under way, from the turn's
// on. The message counts from now on: its own loop may be another.
func leastInflight(members []*subscription, turn uint64) *subscription {
	n := uint64(len(members))
	best := members[turn%n]
	for i := uint64(1); i < n; i++ {
		if s := members[(turn+i)%n]; s.load.Load() < best.load.Load() {
			best = s
		}
	}
	best.load.Add(1)
	return best
}

// offered gives the message to the chosen member, else to another of this loop,
// else sends it on to the next loop of its round.
func (w *worker) offered(o offer, m *msg.Message) {
	if o.place.Stream != 0 {
		w.given(o, m)
		return
	}
	code := fault.NoSubscriber
	if o.chosen != nil {
		var taken bool
		if code, taken = w.offerTo(o.chosen, m); taken {
			return
		}
		o.origin = w.home
	}
	members := o.group.candidates()
	first := int(o.group.turn.Load() % uint64(max(len(members), 1)))
	for i := range members {
		s := members[(first+i)%len(members)]
		if s.home != w.home || s == o.chosen {
			continue
		}
		why, taken := w.offerTo(s, m)
		if taken {
			return
		}
		code = why
	}
	o.chosen = nil
	if to, ok := w.onwards(members, o.origin); ok {
		w.exchange.offer(to, o, m)
		return
	}
	w.counts.dropped[code]++
	o.group.drops.add(code, 1)
	w.recordDropped(nil, recorder.Dropped|recorder.Shared, code)
}

// onwards is the next loop with members before the round is back at its origin.
func (w *worker) onwards(members []*subscription, origin int) (to int, ok bool) {
	n := len(w.exchange.peers)
	best := (origin - w.home + n) % n // how far the origin is ahead
	if best == 0 {
		best = n
	}
	for _, s := range members {
		if ahead := (s.home - w.home + n) % n; ahead > 0 && ahead < best {
			best, to, ok = ahead, s.home, true
		}
	}
	return to, ok
}

// offerTo gives the message to a member of this loop. false says that it has gone
// or can take no more; the code says why.
func (w *worker) offerTo(s *subscription, m *msg.Message) (fault.Code, bool) {
	c := s.client
	if c.filters.get(s.filter) != s {
		return fault.NoSubscriber, false
	}
	outcome, code := w.try(c, w.imageFor(c, s.alone, m), s.number)
	c.weigh()
	return code, outcome != session.Dropped
}
