package broker

import (
	"hash/maphash"
	"slices"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/broker/watch"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// route is everybody who gets the messages of one topic, as one loop sees it.
type route struct {
	topic   string
	shard   uint32
	seen    uint64 // the shard's generation
	wild    uint64
	local   []target // clients of this loop, those that get all of it at once first
	atOnce  int      // how many of them those are
	owed    int      // of the others, those that are granted something whoever publishes
	awake   awake    // of the others, those that follow the log's tail
	others  []int    // further loops with receivers
	tails   []int    // further loops with receivers that get QoS 1 and 2 from the log
	logged  bool     // there are such, on any loop
	groups  []*group // shared subscriptions, wherever their members are
	shared  []*group // those that get QoS 1 and 2 from the log
	keepers []int    // the loops that keep them
	watches []*watch.Watch
	meters  []*meter
	counts  []*backlog.Filter // of the durable sessions of this loop
	digest  uint64            // in which digest of the loop its messages have a line
	line    uint32
	mark    recorder.Mark // of the topic
}

// target is one receiving client with what its matching subscriptions grant
// together: it gets a message once however many of its filters match.
type target struct {
	client *client
	grant  grant
	// own is what counts for the client's own messages, when one of the
	// subscriptions says no local.
	own *grant
	// logged says that it gets messages of QoS 1 and 2 from the log, those behind begins.
	logged bool
	begins []msg.Position
	// matches is how many of its filters bring it messages from the log.
	matches int
}

// grant is the sum of a client's subscriptions that match a topic.
type grant struct {
	qos         byte
	asPublished bool
	none        bool     // nothing is granted
	ids         []uint32 // subscription identifiers
}

func (g *grant) add(s *subscription) {
	g.none = false
	g.qos = max(g.qos, s.qos)
	g.asPublished = g.asPublished || s.asPublished
	if s.id != 0 {
		g.ids = append(g.ids, s.id)
	}
}

// routes is one loop's cache of routes. A topic is kept from its second
// appearance on, so that topics that come once cost a walk of the tree and no
// memory. Only its loop touches it.
type routes struct {
	router *router
	home   int
	known  map[string]*route
	limit  int
	// targets is about how many the kept routes have together.
	targets int
	seen    []uint32 // by hash: fingerprint of a topic that came once
	seed    maphash.Seed

	scratch  route  // for topics that are not kept; valid until the next lookup
	building *route // what collect fills
	build    uint64
	collect  func(*subscription)
}

const (
	defaultRoutes = 1 << 16
	mostTargets   = 1 << 20 // of all kept routes, about 100 MB: 100 topics with 10,000 receivers each
	onceSeen      = 1 << 14
)

func newRoutes(r *router, home int) *routes {
	k := &routes{router: r, home: home, known: map[string]*route{}, limit: defaultRoutes, seen: make([]uint32, onceSeen), seed: maphash.MakeSeed()}
	k.collect = k.take
	return k
}

// valid says whether no filter that concerns r has changed since it was made.
func (k *routes) valid(r *route) bool {
	return r.seen == k.router.shards[r.shard].Load() && r.wild == k.router.wild.Load()
}

// find returns the topic's route. It is valid until the next find, except that a
// kept one (its topic is not empty) stays readable.
func (k *routes) find(topic []byte) *route {
	if r := k.known[string(topic)]; r != nil {
		if k.valid(r) {
			return r
		}
		fresh := &route{topic: r.topic}
		k.fill(fresh, topic)
		k.known[r.topic] = fresh
		return fresh
	}
	if !k.again(topic) {
		k.scratch.reset()
		k.fill(&k.scratch, topic)
		return &k.scratch
	}
	if len(k.known) >= k.limit || k.targets >= mostTargets {
		clear(k.known)
		k.targets = 0
	}
	r := &route{topic: string(topic)}
	k.fill(r, topic)
	k.known[r.topic] = r
	k.targets += len(r.local)
	return r
}

// again says whether the topic came before; two topics may be mistaken for one,
// which only keeps one too early.
func (k *routes) again(topic []byte) bool {
	h := maphash.Bytes(k.seed, topic)
	place, print := &k.seen[h%onceSeen], uint32(h>>32)|1
	if *place == print {
		return true
	}
	*place = print
	return false
}

func (r *route) reset() {
	clear(r.local)
	clear(r.watches)
	clear(r.meters)
	clear(r.groups)
	clear(r.counts)
	awake := awake{targets: r.awake.targets[:0]}
	clear(r.shared)
	*r = route{local: r.local[:0], counts: r.counts[:0], others: r.others[:0], tails: r.tails[:0], groups: r.groups[:0], shared: r.shared[:0], keepers: r.keepers[:0], watches: r.watches[:0], meters: r.meters[:0]}
	r.awake = awake
}

func (k *routes) fill(r *route, topic []byte) {
	r.shard = shardOf(topic)
	r.seen, r.wild = k.router.shards[r.shard].Load(), k.router.wild.Load()
	k.build++
	k.building = r
	k.router.tree.Match(topic, k.collect)
	k.building = nil
	r.arrange()
}

// take adds one matching subscription to the route that is being built.
func (k *routes) take(s *subscription) {
	r := k.building
	switch {
	case s.meter != nil:
		r.meters = append(r.meters, s.meter)
	case s.watch != nil:
		r.addWatch(s.watch)
	case s.group != nil:
		k.takeGroup(r, s.group)
	case s.home == k.home:
		r.logged = r.logged || s.logged() && !s.over()
		k.takeLocal(r, s)
	case s.logged():
		r.logged = true
		r.tails = addLoop(r.tails, s.home)
	default:
		r.others = addLoop(r.others, s.home)
	}
}

func (k *routes) takeLocal(r *route, s *subscription) {
	c := s.client
	if s.over() {
		return
	}
	if c.build != k.build {
		c.build, c.place = k.build, int32(len(r.local))
		r.local = append(r.local, target{client: c, grant: grant{none: true}})
	}
	t := &r.local[c.place]
	if s.noLocal && t.own == nil {
		before := t.grant
		before.ids = slices.Clone(before.ids)
		t.own = &before
	} else if !s.noLocal && t.own != nil {
		t.own.add(s)
	}
	t.grant.add(s)
	if s.logged() {
		t.begin(s)
		t.matches++
	}
	k.count(r, s.sums)
}

// count has messages of the route counted for the filter, once.
func (k *routes) count(r *route, f *backlog.Filter) {
	if f != nil && f.Seen != k.build {
		f.Seen = k.build
		r.counts = append(r.counts, f)
	}
}

// begin notes that the target gets what is behind the subscription's begin.
func (t *target) begin(s *subscription) {
	if !t.logged {
		t.logged, t.begins = true, s.begins
		return
	}
	t.begins = slices.Clone(t.begins[:min(len(t.begins), len(s.begins))])
	for i, p := range s.begins[:len(t.begins)] {
		if p.Compare(t.begins[i]) < 0 {
			t.begins[i] = p
		}
	}
}

// begun says whether a message at that place is for the target.
func (t *target) begun(stream uint8, at msg.Position) bool {
	i := int(stream) - 1
	return i >= len(t.begins) || at.Compare(t.begins[i]) > 0
}

func (k *routes) takeGroup(r *route, g *group) {
	if !g.fed.Load() {
		r.groups = append(r.groups, g)
		return
	}
	if g.keeper == k.home {
		k.count(r, g.sums)
	}
	r.logged = true
	r.shared = append(r.shared, g)
	r.keepers = addLoop(r.keepers, g.keeper)
}

func (r *route) addWatch(w *watch.Watch) {
	for _, have := range r.watches {
		if have == w {
			return
		}
	}
	r.watches = append(r.watches, w)
}

func addLoop(loops []int, home int) []int {
	if slices.Contains(loops, home) {
		return loops
	}
	return append(loops, home)
}

// grantOf is what the client's subscriptions grant for one topic, as far as they get it
// from the log.
func (k *routes) grantOf(c *client, topicName string) (t target, ok bool) {
	k.build++
	var r route
	for _, s := range c.filters.list() {
		if s.durable && s.number == 0 && topic.Match(s.matches(), topicName) {
			k.takeLocal(&r, s)
		}
	}
	if len(r.local) == 0 || !r.local[0].logged {
		return target{}, false
	}
	return r.local[0], true
}
