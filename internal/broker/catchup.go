package broker

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// catchers is how many passes over the logs are made at one time.
const catchers = 4

// A chunk that is read for one client ends with so many messages, or their bytes, or when
// its pass has looked at so many; that of a crowd goes further, since to answer all and to
// take their next questions costs as much as reading on. Every chunk reads its first entry
// from the begin, so they are not small; passBytes bounds the chunks of a pass together.
const (
	chunkMessages = 1000
	chunkBytes    = 256 << 10
	chunkLooks    = 200_000
	crowdLooks    = 2_000_000
	passBytes     = 32 << 20
)

// partEvery is how often a long pass hands out what it has found so far, if it does not
// hold as much as it may before.
const partEvery = 500 * time.Millisecond

// catchUp asks for what a client that is behind missed in a stream, from a place on.
type catchUp struct {
	worker  *worker
	client  *client    // or else
	group   *keptGroup // a shared subscription
	stream  uint8
	round   uint32 // of the cursor when it was asked
	from    msg.Position
	most    int // messages
	filters []string
	comes   bool // the client has just come back
}

// caught is the answer: the next messages, and whether the log ended with them.
type caught struct {
	catchUp
	fed
	end  bool
	full bool   // it holds as much as it may
	mark int    // the look in which it was found to want a topic
	part *parts // more comes without being asked for
}

// parts are the answers of a pass that loops have not taken yet.
type parts struct {
	open  atomic.Int64
	taken chan struct{} // told when there are none
}

func (p *parts) took() {
	if p.open.Add(-1) == 0 {
		select {
		case p.taken <- struct{}{}:
		default:
		}
	}
}

// catcher holds the questions, and answers them on goroutines of its own.
type catcher struct {
	feeds     *feeds
	mu        sync.Mutex // guards all below
	wake      *sync.Cond
	asked     []catchUp
	stretches []*stretch // that are being read, or are about to be
	// standing are the passes that wait for those who go on from where they are.
	standing []*stand
}

func (k *catcher) ask(q catchUp) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.standing {
		if s.take(q) {
			return
		}
	}
	k.asked = append(k.asked, q)
	k.wake.Signal()
}

// passMembers is how many questions one pass over the log answers at most.
const passMembers = 16 << 10

// next waits for questions, and takes those about one stretch of a stream: they share a
// pass. nil comes when the feeds stop.
func (k *catcher) next() (s *stretch, members []*caught) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		for s = k.claim(); s == nil && k.feeds.ctx.Err() == nil; s = k.claim() {
			k.wake.Wait()
		}
		if s != nil {
			k.gather(s)
		}
		if k.feeds.ctx.Err() != nil {
			return nil, nil
		}
		if members = k.take(s); len(members) > 0 {
			return s, members
		}
		k.disclaim(s) // another pass has taken them meanwhile
	}
}

// take takes the questions about the stretch. k.mu is held.
func (k *catcher) take(s *stretch) (members []*caught) {
	rest := k.asked[:0]
	for i := range k.asked {
		if q := &k.asked[i]; s.near(q) && len(members) < passMembers {
			members = append(members, &caught{catchUp: *q})
		} else {
			rest = append(rest, *q)
		}
	}
	clear(k.asked[len(rest):])
	k.asked, s.members = rest, len(members)
	return members
}

func (k *catcher) run() {
	for s, members := k.next(); members != nil; s, members = k.next() {
		for {
			left, err := k.read(s, members)
			if err == nil || len(left) == 0 || k.feeds.ctx.Err() != nil {
				answerAll(left)
				break
			}
			members = left
			k.feeds.pause(time.Second)
		}
		k.mu.Lock()
		k.disclaim(s)
		k.mu.Unlock()
	}
}

func answerOne(a *caught) { a.worker.loop.Post(a) }

func answerAll(members []*caught) {
	for _, a := range members {
		answerOne(a)
	}
}

// read fills the answers in one pass over the log, from the lowest place that one of the
// members asks for; each gets its own in order. It returns the members that are not
// answered yet.
func (k *catcher) read(s *stretch, members []*caught) ([]*caught, error) {
	stream := members[0].catchUp.stream
	name := k.feeds.list()[stream-1]
	newest := k.feeds.log.Newest(name)
	p := newPass(members)
	p.parted = time.Now()
	err := k.feeds.log.Replay(k.feeds.ctx, name, before(p.from), func(at msg.Position, ms []msg.Message) error {
		p.rest()
		s.at.Store(at.Seq)
		if err := p.mayPart(k.feeds.ctx, time.Now()); err != nil {
			return err
		}
		for i := range ms {
			if !p.take(msg.Position{Seq: at.Seq, Index: at.Index + uint32(i)}, &ms[i]) && !k.goOn(p) {
				return errFed
			}
		}
		return nil
	})
	switch {
	case errors.Is(err, errFed):
		return nil, nil
	case err != nil && !notThere(err):
		return p.members, err
	}
	p.end(msg.Position{Seq: newest.Seq + 1})
	return p.members, nil
}

// pass is one reading of the log for several clients.
type pass struct {
	members  []*caught
	filters  topic.Tree[*caught]
	topics   map[string][]*caught // who wants a topic, for those that came
	from     msg.Position         // the lowest place that a member asks for
	next     msg.Position         // behind what was looked at
	open     int                  // members that want more
	looked   int
	looks    int // there may be
	given    int // bytes, in all chunks
	unrested int // messages looked at since the last rest
	parted   time.Time
	parts    parts
}

// restEvery is how many messages a pass looks at before it lets others come first: about
// as long as a full entry takes.
const restEvery = 1000

// rest gives the processor to whoever waits for it, when it is time to.
func (p *pass) rest() {
	if p.unrested >= restEvery {
		p.unrested = 0
		runtime.Gosched()
	}
}

func newPass(members []*caught) *pass {
	p := &pass{parts: parts{taken: make(chan struct{}, 1)}}
	p.join(members)
	p.next = p.from
	return p
}

// join begins a part of the pass, for other members.
func (p *pass) join(members []*caught) {
	p.members, p.filters, p.topics = members, topic.Tree[*caught]{}, map[string][]*caught{}
	p.from, p.open, p.looked, p.given = members[0].from, len(members), 0, 0
	if p.looks = chunkLooks; len(members) >= crowdFrom {
		p.looks = crowdLooks
	}
	for _, a := range members {
		a.fed, a.end, a.full, a.mark = fed{stream: a.catchUp.stream, next: a.from}, false, false, 0
		for _, f := range a.filters {
			p.filters.Add(f, a)
		}
		if a.from.Compare(p.from) < 0 {
			p.from = a.from
		}
	}
}

// take gives a message to those who want it; false says that the pass is over.
func (p *pass) take(here msg.Position, m *msg.Message) bool {
	p.next = behindOf(here)
	if m.QoS > 0 {
		for _, a := range p.wanting(m.Topic) {
			if !a.full && here.Compare(a.from) >= 0 {
				p.give(a, here, m)
			}
		}
	}
	p.looked++
	p.unrested++
	return p.open > 0 && p.looked < p.looks && p.given < 2*passBytes
}

func (p *pass) give(a *caught, here msg.Position, m *msg.Message) {
	if len(a.places) == 0 {
		a.base = m.Time
	}
	p.given -= len(a.records)
	a.add(here, m)
	p.given += len(a.records)
	if a.next = p.next; len(a.places) >= a.most || len(a.records) >= chunkBytes {
		a.full = true
		p.open--
	}
}

// mayPart hands out what was found so far, when that is due and the loops have taken the
// last: clients need not wait for the end of a long pass. When the pass holds as much as it
// may, it waits for the loops.
func (p *pass) mayPart(ctx context.Context, now time.Time) error {
	for p.parts.open.Load() > 0 {
		if p.given < passBytes {
			return nil
		}
		select {
		case <-p.parts.taken:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if now.Sub(p.parted) >= partEvery || p.given >= passBytes {
		p.parted, p.given = now, 0
		p.handOut(answerOne)
	}
	return nil
}

// handOut answers the members, and goes on with those who take more.
func (p *pass) handOut(answer func(*caught)) {
	still := p.members[:0]
	for _, a := range p.members {
		switch {
		case a.full:
			answer(a)
			continue
		case a.group != nil:
			p.given += len(a.records)
		case len(a.places) > 0:
			p.parts.open.Add(1)
			answer(&caught{catchUp: a.catchUp, fed: a.fed, part: &p.parts})
			a.most, a.from = a.most-len(a.places), a.next
			a.fed = fed{stream: a.catchUp.stream, next: a.next}
		}
		still = append(still, a)
	}
	clear(p.members[len(still):])
	p.members = still
}

// passTopics is of how many topics a pass remembers who wants them.
const passTopics = 1 << 16

func (p *pass) wanting(name []byte) []*caught {
	who, known := p.topics[string(name)]
	if known {
		return who
	}
	p.filters.Match(name, func(a *caught) {
		if a.mark != p.looked+1 { // not by another of its filters
			a.mark = p.looked + 1
			who = append(who, a)
		}
	})
	if len(p.topics) >= passTopics {
		clear(p.topics)
	}
	p.topics[string(name)] = who
	return who
}

// stop ends the pass in the middle of the log: who is not full has seen what was looked at.
func (p *pass) stop() {
	for _, a := range p.members {
		if !a.full && a.next.Compare(p.next) < 0 {
			a.next = p.next
		}
	}
}

// end ends the pass at the end of the log.
func (p *pass) end(newest msg.Position) {
	p.stop()
	for _, a := range p.members {
		if a.full {
			continue
		}
		if a.end = true; a.next.Compare(newest) < 0 {
			a.next = newest
		}
	}
}

// behindOf is the place that follows, before the one that is passed to a reader so that it
// begins there.
func behindOf(p msg.Position) msg.Position { return msg.Position{Seq: p.Seq, Index: p.Index + 1} }

func before(p msg.Position) msg.Position {
	switch {
	case p.Index > 0:
		return msg.Position{Seq: p.Seq, Index: p.Index - 1}
	case p.Seq > 0:
		return msg.Position{Seq: p.Seq - 1, Index: ^uint32(0)}
	}
	return p
}

// cursor is where a durable session is in one stream: it has taken all before next, or
// follows the tail from there on; behind says that it does not.
type cursor struct {
	next msg.Position
	// base is the sum of the client's filters at next, while it is behind; uncounted says
	// that it is not known, surveying that it is being found out.
	base      backlog.Tally
	round     uint32 // answers to an earlier one are of no use
	behind    bool
	asked     bool
	uncounted bool
	surveying bool
}

func (e *enduring) cursor(stream uint8) *cursor {
	for int(stream) > len(e.cursors) {
		e.cursors = append(e.cursors, cursor{})
	}
	return &e.cursors[stream-1]
}

// fallBehind says that the client gets the stream from that place on later.
func (w *worker) fallBehind(c *client, stream uint8, at msg.Position) {
	k := c.enduring.cursor(stream)
	if !k.behind {
		k.base, k.uncounted = backlog.Total(w.filtersOf(c), stream), false
	}
	k.behind, k.next, k.asked = true, at, false
	k.round++
	if c.session.Away() {
		return
	}
	if w.behind == nil {
		w.behind = map[*client]struct{}{}
	}
	w.behind[c] = struct{}{}
}

// catchUp asks for what the client has missed, when there is room for it.
func (w *worker) catchUp(c *client) { w.askAgain(c, false) }

// askAgain is catchUp; comes says that the client has just come back.
func (w *worker) askAgain(c *client, comes bool) {
	e := c.enduring
	if e == nil || c.session.Away() || !c.conn.Open() {
		return
	}
	l := c.session.Limits()
	messages, bytes := c.session.Backlog()
	if messages > l.Queue/2 || bytes > l.QueueBytes/2 {
		return
	}
	most := min(max(l.Queue-messages, 1), chunkMessages)
	for i := range e.cursors {
		if k := &e.cursors[i]; k.behind && !k.asked {
			k.asked = true
			w.broker.feeds.catcher.ask(catchUp{w, c, nil, uint8(i + 1), k.round, k.next, most, c.loggedFilters(), comes})
		}
	}
}

// askAnew lets answers that are under way go nowhere: they were asked for without a filter
// that the client has now.
func (w *worker) askAnew(c *client) {
	for i := range c.enduring.cursors {
		if k := &c.enduring.cursors[i]; k.asked {
			k.asked = false
			k.round++
		}
	}
}

func (c *client) loggedFilters() (filters []string) {
	for _, s := range c.filters.list() {
		if s.durable && s.number == 0 {
			filters = append(filters, s.matches())
		}
	}
	return filters
}

// takeCaught gives the client what was read for it. It follows the tail from the log's
// end on, or from what the loop remembers of the tail.
func (w *worker) takeCaught(a *caught) {
	if a.part != nil {
		a.part.took()
	}
	if a.group != nil {
		w.takeCaughtGroup(a)
		return
	}
	c := a.client
	if w.clients[c.id] != c || c.enduring == nil {
		return
	}
	k := c.enduring.cursor(a.catchUp.stream)
	if k.round != a.round || !k.behind {
		return
	}
	k.asked = a.part != nil
	if c.session.Away() || !w.feedRun(c, &a.fed) {
		return
	}
	if a.part != nil {
		k.next = a.next
		return
	}
	t := w.tail(a.catchUp.stream)
	if k.next = a.next; a.end && k.next.Compare(t.since) >= 0 {
		for _, p := range t.recent {
			if p.next.Compare(k.next) > 0 && !w.feedRun(c, p) {
				return
			}
		}
		k.behind, k.uncounted, k.surveying = false, false, false
		w.wakes++
	}
	w.settleBehind(c)
	w.catchUp(c)
}

// feedRun gives the client its part of a run, from its cursor on; false says that there
// was no room for all.
func (w *worker) feedRun(c *client, p *fed) (ok bool) {
	ok = true
	k := c.enduring.cursor(p.stream)
	var (
		name   string // the last topic, which is mostly that of the next message
		t      target
		wanted bool
	)
	p.each(func(at msg.Position, m *msg.Message) bool {
		if at.Compare(k.next) < 0 {
			return true
		}
		if name == "" || name != string(m.Topic) {
			name = string(m.Topic)
			t, wanted = w.routes.grantOf(c, name)
		}
		if !wanted {
			return true
		}
		w.images.reset()
		if !w.feed(&t, p.stream, at, m) {
			w.fallBehind(c, p.stream, at)
			ok = false
			return false
		}
		w.recordLogged(p.stream, at, m, nil)
		k.passed(m, t.matches)
		return true
	})
	return ok
}

// settleBehind forgets a client that is behind nowhere.
func (w *worker) settleBehind(c *client) {
	for i := range c.enduring.cursors {
		if c.enduring.cursors[i].behind {
			return
		}
	}
	delete(w.behind, c)
}

// lookBehind asks for those who had no room: it may have come by the end of others.
func (w *worker) lookBehind() {
	for c := range w.behind {
		if w.clients[c.id] != c || c.session.Away() {
			delete(w.behind, c)
			continue
		}
		w.catchUp(c)
	}
}
