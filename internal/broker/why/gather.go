package why

import (
	"cmp"
	"slices"
	"strings"

	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// Names are how streams are called: by the number that the broker gives them when it hands
// a message over, and by that of those that bring what the log has.
type Names struct {
	Kept   func(number uint8) string
	Logged func(number uint8) string
}

// Gather finds the messages that are asked about, and what became of them for the client.
// home is the client's loop, conn its connection now, 0 when it is not there.
func Gather(q Question, loops []Loop, home int, conn uint32, names Names) *Facts {
	f := &Facts{Question: q, Loops: loops, home: home, conns: map[uint32]bool{}, names: make([]map[uint32]string, len(loops))}
	f.name(conn)
	if q.Topic == "" && q.ID != (ID{}) {
		f.named()
	}
	g := gatherer{Facts: f, names: names, at: map[int64][]*Message{}, ordinals: map[ordinal]int{}, similar: map[string]bool{}}
	g.topic = recorder.Cut(f.Topic)
	for i := range loops { // publishers first: what others have had refers to them
		g.published(i)
	}
	g.followed(home)
	for i := range loops {
		if i != home {
			g.elsewhere(i)
		}
	}
	g.finish()
	return f
}

// name learns which connections were whose.
func (f *Facts) name(conn uint32) {
	if conn != 0 {
		f.conns[conn] = true
	}
	for i := range f.Loops {
		names := map[uint32]string{}
		recorder.Read(f.Loops[i].Segments, &recorder.Visitor{Event: func(_ int64, conn uint32, what recorder.What, text []byte, _ fault.Code) {
			switch what {
			case recorder.Connected, recorder.Resumed, recorder.Named, recorder.Ended:
			default:
				return
			}
			if names[conn] = string(text); i == f.home && names[conn] == recorder.Cut(f.Client) {
				f.conns[conn] = true
			}
		}})
		f.names[i] = names
	}
}

// named finds the topic of the message that is asked about.
func (f *Facts) named() {
	if f.ID.Loop >= len(f.Loops) {
		return
	}
	recorder.Read(f.Loops[f.ID.Loop].Segments, &recorder.Visitor{Message: func(_ int64, m *recorder.Recorded) {
		if m.Number == f.ID.Number {
			f.Topic, f.Time = string(m.Topic), m.Time
		}
	}})
}

// ordinal tells messages of one topic that came in the same turn apart: they keep their
// order wherever they go.
type ordinal struct {
	loop int
	from recorder.From
	time int64
	qos  byte
}

type gatherer struct {
	*Facts
	names    Names
	topic    string
	at       map[int64][]*Message // by arrival
	ordinals map[ordinal]int
	similar  map[string]bool
}

// published takes the messages as their publishers' loop saw them.
func (g *gatherer) published(loop int) {
	recorder.Read(g.Loops[loop].Segments, &recorder.Visitor{Message: func(_ int64, r *recorder.Recorded) {
		if r.From > recorder.Delayed {
			return
		}
		if string(r.Topic) != g.topic {
			g.near(r.Topic)
			return
		}
		m := &Message{ID: ID{loop, r.Number}, From: r.From, Time: r.Time, Conn: r.Conn, By: string(r.Publisher), Was: *r, QoS: r.QoS, Topic: g.Topic,
			Retain: r.Retain, Receivers: r.Receivers, Routed: r.Receivers > 0 || r.Stream == 0}
		if m.By == "" {
			m.By = g.Facts.names[loop][r.Conn]
		}
		if r.Stream > 0 {
			m.Stream = g.names.Kept(r.Stream - 1)
		}
		m.Was.Publisher, m.Was.Topic, m.Was.Outcomes = nil, nil, nil
		g.others(m, loop, r)
		g.at[m.Time] = append(g.at[m.Time], m)
		g.Messages = append(g.Messages, m)
	}})
}

// of is the message that a loop speaks of: the first with its arrival that the loop has not
// spoken of in this way. One whose publication is forgotten is made.
func (g *gatherer) of(loop int, r *recorder.Recorded) *Message {
	var same []*Message
	for _, m := range g.at[r.Time] {
		if m.ID == (ID{loop, r.Number}) {
			return m
		}
		if m.QoS == r.QoS {
			same = append(same, m)
		}
	}
	k := ordinal{loop, r.From, r.Time, r.QoS}
	i := g.ordinals[k]
	g.ordinals[k]++
	if i < len(same) {
		return same[i]
	}
	if n := len(same); n > 0 && (r.From == recorder.Offered || r.From == recorder.Later || r.From == recorder.Retained) {
		return same[n-1]
	}
	m := &Message{ID: ID{loop, r.Number}, From: r.From, Time: r.Time, QoS: r.QoS, Topic: g.Topic, Retain: r.Retain, Routed: true, By: string(r.Publisher)}
	g.at[r.Time] = append(g.at[r.Time], m)
	g.Messages = append(g.Messages, m)
	return m
}

// followed goes through the client's own loop, in order: what it was given, sent, and is
// done with.
func (g *gatherer) followed(loop int) {
	if loop >= len(g.Loops) {
		return
	}
	a := &account{gatherer: g, loop: loop}
	recorder.Read(g.Loops[loop].Segments, &recorder.Visitor{
		Message: a.message, Lost: a.lost, Event: a.event,
		Acked: func(at int64, conn uint32, id uint16) {
			if g.conns[conn] {
				a.course.acked(at, id)
			}
		},
		Sent: func(at int64, conn uint32, id uint16, since int64) {
			if g.conns[conn] {
				a.course.sent(at, id, since)
			}
		},
	})
}

// account is what the client's own loop says, as far as it was read.
type account struct {
	*gatherer
	loop, place int
	course      course
}

func (a *account) message(at int64, r *recorder.Recorded) {
	a.place++
	var m *Message
	if string(r.Topic) == a.topic && (!r.From.Again() || a.mine(r)) {
		m = a.of(a.loop, r)
		a.also(m, a.loop, r)
		if r.Routed() {
			m.Unlisted, m.routedAt, m.place = r.Unlisted(), at, a.place
		}
	}
	for _, o := range r.Outcomes {
		if !a.conns[o.Conn] {
			continue
		}
		d := a.course.given(at, r, &o)
		if m != nil {
			m.Deliveries = append(m.Deliveries, d)
		}
	}
}

func (a *account) lost(at int64, conn uint32, code fault.Code, n int, name []byte, since int64) {
	if !a.conns[conn] || len(name) > 0 && (a.course.lost(at, code, string(name), since) || string(name) != a.topic) {
		return
	}
	a.Losses = append(a.Losses, Loss{at, code, n, string(name), since})
}

func (a *account) event(at int64, conn uint32, what recorder.What, text []byte, code fault.Code) {
	if a.place++; a.conns[conn] && what != recorder.Named {
		a.Events = append(a.Events, Event{at, what, string(text), code, a.place})
	}
}

// mine says whether something became of it for the client.
func (g *gatherer) mine(r *recorder.Recorded) bool {
	return slices.ContainsFunc(r.Outcomes, func(o recorder.Result) bool { return g.conns[o.Conn] })
}

// elsewhere takes what other loops say of the messages: the log's refusals, and members of
// groups.
func (g *gatherer) elsewhere(loop int) {
	recorder.Read(g.Loops[loop].Segments, &recorder.Visitor{Message: func(_ int64, r *recorder.Recorded) {
		if r.From > recorder.Delayed && string(r.Topic) == g.topic && !r.From.Again() {
			g.also(g.of(loop, r), loop, r)
		}
	}})
}

// also adds what a loop says of a message beside its publication.
func (g *gatherer) also(m *Message, loop int, r *recorder.Recorded) {
	switch {
	case r.From <= recorder.Delayed:
		return // published has it
	case r.From == recorder.Unkept:
		code := r.Code
		m.Unkept = &code
		return
	case r.From == recorder.Later:
		m.Routed, m.Receivers = true, r.Receivers
	case r.From == recorder.Logged:
		m.Stream, m.Position, m.Routed = g.names.Logged(r.Stream), r.At, true
	}
	g.others(m, loop, r)
}

// others takes outcomes that are not the client's own.
func (g *gatherer) others(m *Message, loop int, r *recorder.Recorded) {
	m.Missing += r.Missing
	for _, o := range r.Outcomes {
		switch {
		case o.Outcome == recorder.NotRetained:
			code := o.Code
			m.NotRetained = &code
		case o.Shared && !(loop == g.home && g.conns[o.Conn]):
			m.Members = append(m.Members, Member{loop, o.Conn, g.Facts.names[loop][o.Conn], o.Outcome, o.Code})
		}
	}
}

// near remembers topics that look like the one that is asked about.
func (g *gatherer) near(name []byte) {
	const most = 5
	if len(g.similar) < most && len(g.topic) > 0 && !g.similar[string(name)] && alike(string(name), g.topic) {
		g.similar[string(name)] = true
	}
}

// alike says whether two topics differ in case, slashes or blanks alone.
func alike(a, b string) bool {
	if d := len(a) - len(b); d < -2 || d > 2 {
		return false
	}
	strip := func(s string) string { return strings.ToLower(strings.NewReplacer("/", "", " ", "").Replace(s)) }
	return strip(a) == strip(b)
}

// finish sorts, and leaves out what was not asked for.
func (g *gatherer) finish() {
	for name := range g.similar {
		g.Similar = append(g.Similar, name)
	}
	slices.Sort(g.Similar)
	slices.SortStableFunc(g.Messages, func(a, b *Message) int { return cmp.Compare(a.Time, b.Time) })
	g.Messages = slices.DeleteFunc(g.Messages, func(m *Message) bool {
		switch {
		case g.ID != (ID{}):
			return m.ID != g.ID
		case g.Time != 0:
			return m.Time != g.Time
		}
		return m.last() < g.Since
	})
	if n := len(g.Messages) - g.Most; g.Most > 0 && n > 0 {
		g.More, g.Messages = n, g.Messages[n:]
	}
}

// Unnamed are the connections of publishers and members that no recording names, by loop.
func (f *Facts) Unnamed() []map[uint32]bool {
	all := make([]map[uint32]bool, len(f.Loops))
	want := func(loop int, conn uint32) {
		if all[loop] == nil {
			all[loop] = map[uint32]bool{}
		}
		all[loop][conn] = true
	}
	for _, m := range f.Messages {
		if m.By == "" && m.Conn != 0 {
			want(m.ID.Loop, m.Conn)
		}
		for _, k := range m.Members {
			if k.Client == "" && k.Conn != 0 {
				want(k.Loop, k.Conn)
			}
		}
	}
	return all
}

// Name fills in who those are.
func (f *Facts) Name(names []map[uint32]string) {
	for _, m := range f.Messages {
		if m.By == "" && m.Conn != 0 {
			m.By = names[m.ID.Loop][m.Conn]
		}
		for i := range m.Members {
			if k := &m.Members[i]; k.Client == "" && k.Conn != 0 {
				k.Client = names[k.Loop][k.Conn]
			}
		}
	}
}

// course follows one client's messages through its session.
type course struct {
	queued []*Delivery // oldest first
	flying map[uint16]*Delivery
}

// given takes an outcome for the client.
func (c *course) given(at int64, r *recorder.Recorded, o *recorder.Result) *Delivery {
	d := &Delivery{At: at, From: r.From, Outcome: o.Outcome, Code: o.Code, ID: o.ID, Shared: o.Shared, topic: string(r.Topic)}
	switch {
	case o.Outcome == recorder.Queued:
		c.queued = append(c.queued, d)
	case o.Outcome == recorder.Sent && o.ID > 0:
		c.fly(d)
	}
	return d
}

func (c *course) fly(d *Delivery) {
	if c.flying == nil {
		c.flying = map[uint16]*Delivery{}
	}
	c.flying[d.ID] = d
}

// sent takes that a message has left the queue for the client: the first that was put in
// then, or one in flight that is sent again.
func (c *course) sent(at int64, id uint16, since int64) {
	if d := c.flying[id]; id > 0 && d != nil && d.At == since {
		d.SentAt = at
		return
	}
	i := slices.IndexFunc(c.queued, func(d *Delivery) bool { return d.At == since })
	if i < 0 {
		return
	}
	d := c.queued[i]
	c.queued = slices.Delete(c.queued, i, i+1)
	if d.SentAt, d.ID = at, id; id > 0 {
		c.fly(d)
	}
}

func (c *course) acked(at int64, id uint16) {
	if d := c.flying[id]; d != nil {
		d.AckedAt = at
		delete(c.flying, id)
	}
}

// lost takes that a message has left the queue otherwise; false says that it is not known.
func (c *course) lost(at int64, code fault.Code, topic string, since int64) bool {
	is := func(d *Delivery) bool { return d.At == since && d.topic == topic }
	if i := slices.IndexFunc(c.queued, is); i >= 0 {
		c.queued[i].LostAt, c.queued[i].LostCode = at, code
		c.queued = slices.Delete(c.queued, i, i+1)
		return true
	}
	for id, d := range c.flying {
		if is(d) {
			d.LostAt, d.LostCode = at, code
			delete(c.flying, id)
			return true
		}
	}
	return false
}

// matching are the subscriptions that bring the topic.
func matching(all []Subscription, name string) (list []Subscription) {
	for _, s := range all {
		if topic.Match(s.Matches, name) {
			list = append(list, s)
		}
	}
	return list
}

// last is when something of the message was recorded for the last time.
func (m *Message) last() int64 {
	at := m.Time
	for _, d := range m.Deliveries {
		at = max(at, d.At, d.SentAt, d.AckedAt, d.LostAt)
	}
	return at
}
