package broker

import (
	"crypto/rand"
	"errors"
	"hash/fnv"
	"strings"

	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

var (
	errShutdown       = fault.New(fault.ServerShutdown, "The node is shutting down.")
	errTakenOver      = fault.New(fault.TakenOver, "Another connection came with the same client identifier.")
	errKeepAlive      = fault.New(fault.KeepAlive, "Nothing came from the client for one and a half times its keep alive.")
	errSmallPackets   = fault.New(fault.PacketTooLarge, "The client's maximum packet size is smaller than its CONNACK [MQTT-3.1.2-24].")
	errNoConnect      = fault.New(fault.Protocol, "The first packet is not CONNECT [MQTT-3.1.0-1].")
	errConnectTimeout = fault.New(fault.ConnectTimeout, "No CONNECT came in time.")
)

// connect decides a CONNECT. A client identifier's hash says on which loop its
// session lives, so that taking over a session never crosses loops: a connection
// that came in elsewhere moves there with rest, which begins with the CONNECT.
func (w *worker) connect(c *client, p *packet.Connect, rest []byte) bool {
	id, assigned := string(p.ClientID), false
	if id == "" {
		id, assigned = w.newID(), true
	}
	if to := w.broker.homeOf(id); to != w {
		w.counts.packetsIn[packet.TypeConnect]--
		c.conn.Data = nil
		c.conn.MoveTo(to.loop, rest)
		return false
	}
	if r := w.broker.referral.Load(); r != nil {
		w.refer(c, r)
		return true
	}
	if wait, err := w.connectsTooFast(c, id); wait {
		return false
	} else if err != nil {
		w.refuse(c, err)
		return true
	}
	if err := w.banned(c, p, id); err != nil {
		w.refuse(c, err)
		return true
	}
	w.login(c, p, id, assigned, rest)
	return true
}

// newID makes an identifier whose session lives on this loop, so that a connection
// that names it later meets this one [MQTT-3.1.3-7].
func (w *worker) newID() string {
	for {
		if id := "auto-" + rand.Text(); w.broker.homeOf(id) == w {
			return id
		}
	}
}

// admit lets the client in, and gives it the session that waits for it.
func (w *worker) admit(c *client, p *packet.Connect, id string, assigned bool) {
	if w.awaitsEnd(c, p, id, assigned) {
		return
	}
	if c.identity != nil {
		w.counts.access.logins++
		w.noteUnread(c, p)
	}
	c, how := w.sessionFor(c, p, id)
	how.Assigned, c.clean = assigned, p.CleanStart
	w.broker.connections.Add(1)
	w.paces.Enter(id, c.pace)
	w.entering(c, p, id)
	before := c.conn.Output()
	after := c.session.Accept(before, p, id, how)
	w.count(c)
	w.endure(c)
	if c.session.Over() {
		w.send(c, before, after)
		w.leave(c, errSmallPackets)
		return
	}
	held := w.mustHold(c)
	if held {
		w.holdAdmission(c, before, after)
	} else {
		w.send(c, before, after)
	}
	w.begin(c, p, how.Present)
	if !held {
		w.entered(c)
	}
}

// begin begins what an admitted client's connection has: its keep alive, its place in what is
// told of clients and, where its session was there before, what waits in it.
func (w *worker) begin(c *client, p *packet.Connect, present bool) {
	w.wake(c)
	event := recorder.Connected
	if present {
		event = recorder.Resumed
	}
	w.recordEvent(c, event, c.id, 0)
	c.conn.Faster()
	w.debug(c, "client connected", "version", c.session.Version().String(), "keep_alive_s", p.KeepAlive,
		"session_present", present, "session_expiry_s", c.session.Expiry())
	if present {
		w.dropDenied(c)
		w.present(c)
		w.pushWaiting(c)
		w.returns(c)
		w.relist(c)
	}
	w.tellConnected(c, p)
}

// homeOf is the worker on whose loop a client identifier's session lives.
func (b *Broker) homeOf(id string) *worker {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return b.workers[h.Sum32()%uint32(len(b.workers))]
}

// end ends a connection from the server's side, saying why where the protocol can.
func (w *worker) end(c *client, err error) {
	if !c.conn.Open() {
		return
	}
	if c.held() {
		w.sendAdmission(c)
	}
	before := c.conn.Output()
	w.send(c, before, c.session.End(before, err))
	w.leave(c, err)
}

// leave ends a connection whose session has ended; err is nil when the client
// left in order.
func (w *worker) leave(c *client, err error) {
	mayEnd := c.enduring != nil
	w.gone(c, err)
	c.farewell(err)
	if mayEnd && err == nil && w.scribe.closes(c) {
		return
	}
	c.conn.Close()
}

// Closed is loop.Handler's: the peer has gone without a word.
func (w *worker) Closed(conn *loop.Conn, err error) {
	c := clientOf(conn)
	if said := new(fault.Error); errors.As(err, &said) { // its codec has: TLS, WebSocket
		w.gone(c, err)
		return
	}
	w.why, w.whyCode = lost, 0
	w.debug(c, "connection lost", "lasted_ms", w.lasted(c), "error", err)
	w.forget(c)
}

// gone takes the client out and says so.
func (w *worker) gone(c *client, err error) {
	w.why, w.whyCode = goneFor(err), fault.CodeOf(err)
	if err == nil {
		w.debug(c, "client disconnected", "lasted_ms", w.lasted(c))
		w.forget(c)
		return
	}
	w.sayWhy(c, err)
	w.forget(c)
}

// sayWhy counts and logs why the broker ends a connection.
func (w *worker) sayWhy(c *client, err error) {
	switch code := fault.CodeOf(err); {
	case errors.Is(err, errShutdown) || errors.Is(err, errTakenOver) || errors.Is(err, errKicked):
		w.counts.closed[code]++
		w.debug(c, "connection closed", "reason", code.String(), "lasted_ms", w.lasted(c), "error", err)
	case code == fault.UseAnotherServer || code == fault.ServerMoved:
		w.counts.closed[code]++
		w.debug(c, "client sent to another server", "lasted_ms", w.lasted(c))
	case errors.Is(err, errKeepAlive):
		w.counts.closed[code]++
		w.refusals.log("connection closed", about(c, "reason", code.String(), "lasted_ms", w.lasted(c), "error", err)...)
	case c.wasIn(err):
		w.counts.closed[code]++
		w.reportRefusal(c, err)
		w.refusals.log("connection closed for a fault", about(c, "reason", code.String(), "lasted_ms", w.lasted(c), "error", err)...)
	default:
		w.counts.refused[code]++
		c.door.turnedAway[code].Add(1)
		w.reportRefusal(c, err)
		w.refusals.log("connection refused", about(c, "reason", code.String(), "lasted_ms", w.lasted(c), "error", err)...)
	}
}

// wasIn says whether the client had been admitted before err ended its connection.
func (c *client) wasIn(err error) bool { return c.id != "" && !errors.Is(err, errSmallPackets) }

// subscribeTo enters one filter and returns its reason code.
func (w *worker) subscribeTo(c *client, f *packet.Subscription, id uint32) byte {
	old := c.filters.get(string(f.Filter))
	w.renewed = old != nil
	if strings.HasPrefix(string(f.Filter), topic.Stream) {
		return w.follow(c, f, id)
	}
	reason, ok := w.grants(c, f, old)
	if !ok {
		return reason
	}
	s := &subscription{
		client: c, home: w.home, filter: string(f.Filter), id: id,
		qos: reason, noLocal: f.NoLocal, asPublished: f.RetainAsPublished, handling: f.RetainHandling,
		since: uint32(w.loop.Now() / 1e9),
	}
	if old != nil {
		s.since = old.since
	}
	if err := w.broker.router.exclusive.claim(s); err != nil {
		return w.ungranted(c, err)
	}
	c.number(s)
	s.durable = c.enduring != nil
	w.enter(c, old, s)
	w.offerRetained(c, s, f.RetainHandling, old != nil)
	return reason
}

// grants says which QoS a filter is granted that comes in the place of old; of one that is
// refused reason is the answer.
func (w *worker) grants(c *client, f *packet.Subscription, old *subscription) (reason byte, ok bool) {
	have := c.filters.len()
	if old != nil {
		have-- // it is replaced [MQTT-3.8.4-3]
	}
	reason, code, ok := c.session.Grant(f, have)
	switch {
	case !ok:
		w.counts.ungranted[code]++
		err := fault.New(code, "The subscription to %q was refused.", shown(f.Filter))
		w.noteRefused(err)
		w.reportRefusal(c, err)
		w.refusals.log("subscription refused", about(c, "reason", code.String())...)
		return reason, false
	case !w.maySubscribe(c, f):
		return w.notAllowed(c, f), false
	case len(c.retained) >= w.broker.options.RetainedAhead && f.RetainHandling != 2:
		return w.ungranted(c, errRetainedAhead), false
	}
	return reason, true
}

// enter makes s count in the place of old, without a gap between the two.
func (w *worker) enter(c *client, old, s *subscription) {
	c.filters = c.filters.put(s)
	w.track(c, s, old)
	w.broker.router.add(s)
	w.begins(s, old)
	if s.group != nil {
		w.joinLog(s)
	}
	if old != nil {
		w.broker.router.remove(old)
		w.untrack(c, old)
	}
	w.noteFilter(c, s.filter)
}

// unsubscribe ends the subscription to one filter and returns its reason code.
func (w *worker) unsubscribe(c *client, filter []byte) byte {
	filter, _ = w.rewriteFilter(c, filter)
	s := c.filters.get(string(filter))
	if s == nil {
		if c.unfollow(string(filter)) {
			return packet.Success
		}
		return packet.NoSubscriptionExisted
	}
	c.filters.remove(s.filter)
	w.noteFilter(c, s.filter)
	w.broker.router.remove(s)
	w.untrack(c, s)
	w.unshare(c, s)
	w.recordEvent(c, recorder.Unsubscribed, s.filter, 0)
	return packet.Success
}
