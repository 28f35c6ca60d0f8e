package broker

import (
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/broker/ban"
	"github.com/millrace/millrace/internal/broker/feed"
	"github.com/millrace/millrace/internal/broker/image"
	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/pace"
	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// client is one session and the connection that it has, or had last: then the
// session is away. Its loop alone touches it.
type client struct {
	lasting
	*seldom
	*access
	conn    *loop.Conn
	door    *door
	last    *route // of the topic it published to last
	tally   tally
	name    string // the identifier it came with, as the log shows it
	since   int64  // when it was accepted, ns since 1970
	order   uint32 // of its CONNECT on the loop; it comes round
	full    full   // its receive maximum is used up
	clogged bool   // paused: it does not take its answers
	waits   bool   // paused: the log has enough to do
	slowed  bool   // paused: it is over a rate
}

// shareWork is how much work one connection may make before others have their
// turn: each packet and each delivery counts one, a large one more.
const shareWork = 256

// workBytes is how many bytes of a delivery count as one more: what a turn has made
// ready before it is written is memory.
const workBytes = 512

func clientOf(c *loop.Conn) *client { return c.Data.(*client) }

// worker is the broker on one loop: the loop's Handler. Nothing of it but loop
// and published may be touched from elsewhere.
type worker struct {
	broker  *Broker
	options *Options
	loop    *loop.Loop
	home    int // its place among the workers
	log     *slog.Logger

	clients   map[string]*client // by client identifier
	routes    *routes
	rewrites  *rewrites
	why       string // the connection that is being forgotten has ended, for $SYS
	whyCode   fault.Code
	images    image.Set
	keeping   keeping
	work      int        // deliveries and packets since the start, also of what had waited
	nobody    *loop.Conn // of folded clients
	exchange  exchange
	gauges    []*pace.Gauge // by door
	slowed    slowed
	paces     *pace.Past   // of clients that have left
	stage     limit.Stage  // of the memory guard
	flaps     *ban.Strikes // of client identifiers, by disconnects
	connects  *limit.Table // of client identifiers, by the rate of connects
	publishes waiters
	queues    session.Tally
	told      int64 // of queues.Bytes, to the broker
	toldWaits int64 // of queues.Waiting
	toldInput int64 // of the loop's input
	readLess  bool  // reads are short: much is kept of them
	budget    budget
	incoming  atomic.Int64 // bytes of parcels that wait for this loop
	schedule  schedule     // of sessions that wait for their clients
	strangers strangers
	owed      map[loop.Handle]owing // PUBRECs of connections that have ended
	asked     uint32                // CONNECTs
	scribe    scribe
	tails     []*feed.Recent // by stream number less one
	groups    keptGroups
	turns     turns
	wakes     uint64               // how often a session came to follow a tail again
	behind    map[*client]struct{} // connected clients that do not follow the tail
	ledger    backlog.Ledger
	patrol    patrol
	sums      []*backlog.Filter // scratch
	event     session.Event
	reasons   []byte
	refusals  limitedLog
	found     []*msg.Message // scratch for retained messages
	kept      msg.Message    // scratch for messages that come back from the log
	round     round
	draining  bool        // nothing more is taken from clients
	overrun   []*client   // to be closed: their queues were full
	quiet     chan<- bool // told once when the log has answered for everything

	// refusedFilter is why the first filter of the SUBSCRIBE in hand is not granted,
	// lastRefused of the last one; renewed says that the last one was there before.
	refusedFilter error
	lastRefused   fault.Code
	renewed       bool

	recorder *recorder.Ring // nil records nothing
	unlisted bool           // of the message in hand, who is simply sent it
	leaving  bool           // the message in hand is a will
	removed  *client        // whose session is ending

	digester *digester // nil while nobody is told digests
	// digest is the number of the one that is being filled; routes have it with their
	// lines.
	digest uint64

	tracers   []*tracer // nil while nobody follows anything
	metered   metered   // the message in hand, when it is counted
	prompt    uint64    // messages that came in this turn and leave in it
	counts    counts
	published published
	traffic   []traffic // by listener
	carried   publishedTraffic
}

var _ loop.Handler = (*worker)(nil)

// Open is loop.Handler's.
func (w *worker) Open(conn *loop.Conn) {
	d := doorOf(conn)
	c := &client{conn: conn, door: d, since: w.loop.Now(), seldom: noSeldom, access: noAccess}
	c.after = noAfter
	if p := w.gauges[d.place].Pace(); p != nil {
		c.ownSeldom().pace = p
	}
	c.session = session.New(&d.limits)
	c.session.Count(&w.queues)
	conn.Data = c
	conn.Wake(w.loop.Steady() + int64(d.zone.ConnectTimeout))
}

// Read is loop.Handler's: it takes the whole packets in b.
func (w *worker) Read(conn *loop.Conn, b []byte) (used int) {
	if w.draining {
		conn.Pause()
	}
	c, share, moved := clientOf(conn), w.work+shareWork, false
	for conn.Open() && !conn.Paused() {
		if w.work >= share && used < len(b) {
			conn.Yield()
			break
		}
		w.work++
		c = clientOf(conn) // CONNECT may give it another
		size, err := w.frame(c, b[used:])
		if err != nil {
			w.end(c, err)
			break
		}
		if size == 0 || size > len(b)-used {
			break
		}
		if (c.full != notFull || w.turns.list != nil || w.keeping.Busy()) && w.awaitsLog(c, b[used:used+size]) || w.tooFast(c, b[used:used+size]) {
			break
		}
		if !w.packet(c, b[used:used+size], b[used:]) {
			moved = true // to another loop, with all that was read
			break
		}
		used += size
	}
	if !moved {
		w.mayClog(clientOf(conn))
	}
	w.loop.Spend(w.work + shareWork - share)
	if c.id == "" && used < len(b) && !moved {
		w.strangerHolds(c, len(b)-used)
	}
	w.counts.bytesIn += uint64(used)
	c.tally.bytesIn += uint64(used)
	w.came(c, used)
	return used
}

// frame is packet.Frame for that client.
func (w *worker) frame(c *client, b []byte) (size int, err error) {
	if c.id == "" && c.asking == nil && len(b) > 0 {
		return w.firstFrame(c, b)
	}
	return packet.Frame(b, c.door.zone.MaxPacketSize)
}

// packet takes one whole packet; rest begins with it. It returns false when the
// connection has left this loop.
func (w *worker) packet(c *client, frame, rest []byte) bool {
	w.counts.packetsIn[packet.TypeOf(frame[0])]++
	w.countPublish(frame)
	ev := &w.event
	before := c.conn.Output()
	after := c.session.Step(frame, w.loop.Now(), ev, before)
	c.session.Hear(w.loop.Steady())
	if w.tracers != nil {
		w.traceIn(c, frame, ev)
	}
	w.send(c, before, after)
	if c.name == "" && packet.TypeOf(frame[0]) == packet.TypeConnect {
		c.name = shown(ev.Connect.ClientID)
		c.named(string(ev.Connect.Username))
	}
	switch ev.Do {
	case session.Connect:
		return w.connect(c, &ev.Connect, rest)
	case session.Publish:
		c.tally.messagesIn++
		w.publish(c, ev, frame)
	case session.Refused:
		w.countRefused(c, ev)
	case session.Subscribe:
		w.subscribeFor(c, &ev.Subscribe, frame)
	case session.Unsubscribe:
		w.unsubscribeFor(c, &ev.Unsubscribe, frame)
	case session.Acknowledged:
		w.recordAcked(c, ev.Acked)
		if ev.Slow.Took > 0 {
			w.tellSlow(c, &ev.Slow)
		}
		w.goOn(c)
		return true
	case session.Authenticate:
		w.auth(c, ev)
	case session.End:
		w.leave(c, ev.Err)
	}
	w.settleShared(c)
	w.noteChanged(c)
	return true
}

// countRefused counts a message that the session has refused, and answered.
func (w *worker) countRefused(c *client, ev *session.Event) {
	w.reportRefusal(c, ev.Err)
	w.counts.messagesIn[ev.Message.QoS]++
	w.counts.dropped[fault.CodeOf(ev.Err)]++
	w.recordRefused(c, recorder.Client, &ev.Message, ev.PacketID, fault.CodeOf(ev.Err))
}

// tellSlow tells of a message that the client has taken long to acknowledge.
func (w *worker) tellSlow(c *client, s *session.Slow) {
	w.options.Slow(c.id, s.Topic, time.Duration(s.Took), time.Unix(0, w.loop.Now()))
}

// send gives the connection its output back and counts the answers behind before.
func (w *worker) send(c *client, before, after []byte) {
	if len(after) == len(before) {
		return
	}
	w.countAnswer(after[len(before):])
	c.tally.bytesOut += uint64(len(after) - len(before))
	w.went(c, len(after)-len(before))
	if w.tracers != nil {
		w.traceOut(c, after[len(before):])
	}
	c.conn.SetOutput(after)
}

// publish routes a client's message and answers for QoS 1 and 2. One of QoS 2 for
// the log is routed when the log has it: until then it may be refused, and what a
// client is told to have been refused must have reached nobody. So is what its
// publisher sends behind it. The packet, frame, is as good as used.
func (w *worker) publish(c *client, ev *session.Event, frame []byte) {
	m := &ev.Message
	w.counts.messagesIn[m.QoS]++
	switch {
	case w.refusedForRate(c, ev), w.rewrites != nil && !w.rewritePublish(c, ev):
		return
	case !w.mayPublish(c, m):
		w.denied(c, ev)
		return
	case m.Topic[0] == '$': // only $delayed comes this far
		w.delayed(c, ev)
		return
	}
	r := w.routeOf(c, m.Topic)
	stream, kept := w.streamFor(m, r)
	if kept && m.QoS == 2 && c.enduring != nil {
		m.Origin = msg.PacketOrigin(ev.PacketID)
	}
	if kept && (m.QoS == 2 || w.keeping.HoldsOf(m.Publisher)) {
		w.keep(c, stream, m, ev.PacketID, true)
		w.recordPublish(c, m, ev.PacketID, r, stream, 0)
		return
	}
	if ev.AsCame {
		w.images.Came(m, frame, c.session.Version())
	}
	receivers := w.route(r, m, c)
	w.images.Gone()
	passed := kept && w.passesBy(m)
	if !kept || passed {
		stream = -1
	}
	w.recordPublish(c, m, ev.PacketID, r, stream, receivers)
	switch {
	case passed:
		w.passedBy(m)
	case kept:
		w.keep(c, stream, m, ev.PacketID, false)
	case m.QoS > 0:
		before := c.conn.Output()
		w.send(c, before, c.session.Acknowledge(before, ev.PacketID, m.QoS, answerFor(receivers)))
	}
	if !kept && receivers == 0 {
		w.counts.dropped[fault.NoSubscriber]++
	}
}

// answerFor is the answer to a message that no stream keeps, and that had so many receivers.
func answerFor(receivers int) (a session.Answer) {
	if receivers == 0 {
		a.Reason = packet.NoMatchingSubscribers
	}
	return a
}

// routeOf finds the topic's route; a client mostly goes on with its last one.
func (w *worker) routeOf(c *client, topic []byte) *route {
	if r := c.last; r != nil && r.topic == string(topic) && w.routes.valid(r) {
		return r
	}
	r := w.routes.find(topic)
	if r.topic != "" {
		c.last = r
	}
	return r
}

// routeTails is route for the other loops with durable receivers: what is of QoS 1 or 2
// they get from the log. It returns how many they are.
func (w *worker) routeTails(r *route, m *msg.Message) int {
	for _, to := range r.tails {
		if m.QoS == 0 && !slices.Contains(r.others, to) {
			w.exchange.add(to, m)
		}
	}
	return len(r.tails)
}

// streamFor is the stream that keeps the message: one that takes its topic or, for what
// the broker itself has to find again, the spare one.
func (w *worker) streamFor(m *msg.Message, r *route) (stream int, ok bool) {
	if !w.keeping.Log() {
		return 0, false
	}
	if !m.Fleeting {
		stream, ok = w.keeping.Route(m.Topic)
	}
	if !ok && (m.Retain || m.Origin != 0 || r.logged && m.QoS > 0) && w.broker.preserver != nil && m.Topic[0] != '$' {
		return w.options.Durable.Spare, true
	}
	return stream, ok
}

// keepAs gives a record to the log in the place of a message; the PUBACK or PUBREC, by
// the message's QoS, waits for it.
func (w *worker) keepAs(c *client, stream int, record *msg.Message, qos byte, id uint16) {
	var t uint64
	if qos > 0 {
		t = token(c.conn.Handle(), c.session.Await(id, qos))
	}
	w.keeping.Add(stream, record, t)
	w.restrain(c, qos)
}

// keep gives the message to the log; the PUBACK or PUBREC waits for it, and with
// later the receivers do.
func (w *worker) keep(c *client, stream int, m *msg.Message, id uint16, later bool) {
	var t uint64
	if m.QoS > 0 {
		t = token(c.conn.Handle(), c.session.Await(id, m.QoS))
	}
	if later {
		w.keeping.AddLater(stream, m, t, uint64(c.conn.Handle()))
	} else {
		w.keeping.Add(stream, m, t)
	}
	w.restrain(c, m.QoS)
}

// restrain sees whether the receive maximum of a publisher is used up, and whether the log
// has enough to do for QoS 0, too.
func (w *worker) restrain(c *client, qos byte) {
	if c.session.Full() && c.session.Version() != packet.V5 { // an MQTT 5 client knows its bound
		c.full = max(c.full, usedUp)
	}
	if qos == 0 && w.keeping.Full() {
		w.awaitRoom(c)
	}
}

// route gives the message to everybody but the log: this loop's clients, the
// other loops, one member of each group, the watches. It returns how many receivers
// that were: a watch looks on and is none.
func (w *worker) route(r *route, m *msg.Message, from *client) int {
	if m.Retain {
		w.retain(m, from)
	}
	counted := len(r.meters) > 0
	if counted {
		w.meterIn(r, m)
	}
	n := w.deliver(r, m, from) + len(r.others)
	for _, to := range r.others {
		w.exchange.add(to, m)
	}
	if len(r.tails) > 0 {
		n += w.routeTails(r, m)
	}
	for _, g := range r.groups {
		if w.share(g, m) {
			n++
		}
	}
	for _, g := range r.shared {
		if m.QoS > 0 || w.share(g, m) { // else it comes from the log
			n++
		}
	}
	if w.digester != nil {
		w.sumUp(r, m)
	}
	for _, onlooker := range r.watches {
		if !onlooker.Offer(m) {
			w.counts.watchDropped++
		}
	}
	if counted {
		w.meterEnd()
	}
	return n
}

// errand is what is posted to a loop by others of this room: its worker does it there.
type errand interface{ on(w *worker) }

// Message is loop.Handler's.
func (w *worker) Message(v any) {
	switch v := v.(type) {
	case *parcel:
		w.takeParcel(v)
	case *committal:
		w.committed(v)
		committals.Put(v)
	case *feed.Piece:
		w.takeTail(v)
	case *feed.Answer:
		w.takeAnswer(v)
	case *backlog.Report:
		w.takeSurvey(v)
	case errand:
		v.on(w)
	}
}

// takeParcel gives the messages of another loop to the receivers on this one.
func (w *worker) takeParcel(p *parcel) {
	before := w.work
	p.unpack(w.deliverHere)
	p.unpackOffers(func(o offer, m *msg.Message) {
		w.images.Reset()
		w.offered(o, m)
		w.recordRouted(recorder.Offered, m, nil, 0)
	})
	w.incoming.Add(-p.size())
	p.recycle()
	w.loop.Spend(w.work - before)
}

// Turn is loop.Handler's.
func (w *worker) Turn() {
	w.readSlowed()
	w.endOverrun()
	w.tellInput()
	w.turnGroups()
	w.tellQueues()
	w.flush()
	w.keeping.EndTurn()
	if w.exchange.behind {
		w.exchange.review()
	}
	w.exchange.endTurn()
	w.counts.unkept, w.counts.waiting = int64(w.keeping.Bytes()), int64(len(w.keeping.paused))
	w.timeDeliveries()
	w.counts.output = int64(w.loop.Waiting())
	w.counts.sessions = int64(len(w.clients))
	if w.recorder != nil {
		w.counts.recordedFrom, w.counts.forgotten = w.recorder.Window()
	}
	w.published.set(&w.counts)
	w.carried.set(w.traffic)
	if w.quiet != nil && w.keeping.Flights() == 0 && w.turns.list == nil {
		w.quiet <- true
		w.quiet = nil
	}
}

// Written is loop.Handler's.
func (w *worker) Written(conn *loop.Conn) {
	before := w.work
	w.goOn(clientOf(conn))
	w.loop.Spend(w.work - before)
}

// goOn sends what waits for the client, now that there may be room.
func (w *worker) goOn(c *client) {
	w.mayUnclog(c)
	if len(c.shares) > 0 {
		c.weigh()
	}
	w.pushWaiting(c)
	if len(c.retained) > 0 {
		w.pushRetained(c)
	}
	if len(c.following) > 0 {
		w.pushFollowed(c)
	}
	if c.enduring != nil {
		w.paidOff(c)
		w.catchUp(c)
	}
	w.settleShared(c)
	w.noteChanged(c)
}

// Due is loop.Handler's: no CONNECT in time, or keep alive.
func (w *worker) Due(conn *loop.Conn) {
	c, now := clientOf(conn), w.loop.Steady()
	switch {
	case c.id == "" && c.slowed:
		w.end(c, w.connectRate(c.over, c.door.zone, true))
	case c.id == "":
		w.end(c, errConnectTimeout)
	case c.expired(w.loop.Now()):
		w.end(c, errExpiredAuth)
	case conn.Paused() && !c.clogged:
		c.session.Hear(now) // its packets lie unread
		w.wake(c)
	case c.session.Silent(now):
		w.end(c, errKeepAlive)
	default:
		w.wake(c)
	}
}
