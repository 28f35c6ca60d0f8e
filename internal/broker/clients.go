package broker

import (
	"crypto/rand"
	"errors"
	"hash/fnv"

	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

var (
	errShutdown       = fault.New(fault.ServerShutdown, "The node is shutting down.")
	errTakenOver      = fault.New(fault.TakenOver, "Another connection came with the same client identifier.")
	errKeepAlive      = fault.New(fault.KeepAlive, "Nothing came from the client for one and a half times its keep alive.")
	errNoConnect      = fault.New(fault.Protocol, "The first packet is not CONNECT [MQTT-3.1.0-1].")
	errConnectTimeout = fault.New(fault.ConnectTimeout, "No CONNECT came in time.")
)

// connect decides a CONNECT. A client identifier's hash says on which loop its
// session lives, so that taking over a session never crosses loops: a connection
// that came in elsewhere moves there with rest, which begins with the CONNECT.
func (w *worker) connect(c *client, p *packet.Connect, rest []byte) bool {
	id, assigned := string(p.ClientID), false
	if id == "" {
		id, assigned = "auto-"+rand.Text(), true
	}
	if to := w.broker.homeOf(id); to != w && !assigned {
		w.counts.packetsIn[packet.TypeConnect]--
		c.conn.Data = nil
		c.conn.MoveTo(to.loop, rest)
		return false
	}
	if err := w.broker.authenticate(p, c.conn.Remote()); err != nil {
		before := c.conn.Output()
		w.send(c, before, c.session.Refuse(before, fault.CodeOf(err)))
		w.gone(c, err)
		c.conn.Close()
		return true
	}
	w.admit(c, p, id, assigned)
	return true
}

func (w *worker) admit(c *client, p *packet.Connect, id string, assigned bool) {
	if old := w.clients[id]; old != nil { // [MQTT-3.1.4-3]
		w.end(old, errTakenOver)
	}
	c.id = id
	w.clients[id] = c
	w.broker.connections.Add(1)
	before := c.conn.Output()
	w.send(c, before, c.session.Accept(before, p, id, assigned))
	c.conn.Wake(c.session.Deadline())
	c.conn.Faster()
	w.log.Debug("client connected", "client", id, "remote", c.conn.Remote(), "version", c.session.Version(), "keep_alive", p.KeepAlive)
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
	before := c.conn.Output()
	w.send(c, before, c.session.End(before, fault.CodeOf(err)))
	w.leave(c, err)
}

// leave ends a connection whose session has ended; err is nil when the client
// left in order.
func (w *worker) leave(c *client, err error) {
	w.gone(c, err)
	c.conn.Close()
}

// Closed is loop.Handler's: the peer has gone without a word.
func (w *worker) Closed(conn *loop.Conn, err error) {
	c := clientOf(conn)
	w.forget(c)
	w.log.Debug("connection lost", "client", c.id, "remote", conn.Remote(), "error", err)
}

// gone takes the client out and says so.
func (w *worker) gone(c *client, err error) {
	if err == nil {
		w.forget(c)
		w.log.Debug("client disconnected", "client", c.id, "remote", c.conn.Remote())
		return
	}
	w.counts.refused[fault.CodeOf(err)]++
	if errors.Is(err, errShutdown) || errors.Is(err, errTakenOver) {
		w.log.Debug("connection closed", "client", c.id, "remote", c.conn.Remote(), "error", err)
	} else {
		w.refusals.log("connection refused", "client", c.id, "remote", c.conn.Remote(), "error", err)
	}
	w.forget(c)
}

// forget ends the client's subscriptions and publishes its will.
func (w *worker) forget(c *client) {
	if c.id == "" || w.clients[c.id] != c {
		return
	}
	delete(w.clients, c.id)
	w.broker.connections.Add(-1)
	for _, s := range c.filters {
		w.broker.router.remove(s)
	}
	c.filters, c.last, c.retained = nil, nil, nil
	if will := c.session.Will(w.loop.Now()); will != nil {
		w.publishOwn(will, 0)
	}
}

// subscribe enters the filters that are granted and answers with SUBACK.
func (w *worker) subscribe(c *client, p *packet.Subscribe) {
	w.reasons = w.reasons[:0]
	for i := range p.Filters {
		w.reasons = append(w.reasons, w.subscribeTo(c, &p.Filters[i], p.SubscriptionID))
	}
	w.granted(c, p)
}

// subscribeTo enters one filter and returns its reason code.
func (w *worker) subscribeTo(c *client, f *packet.Subscription, id uint32) byte {
	old := c.filters[string(f.Filter)]
	have := len(c.filters)
	if old != nil {
		have-- // it is replaced [MQTT-3.8.4-3]
	}
	reason, code, ok := c.session.Grant(f, have)
	if !ok {
		w.counts.refused[code]++
		w.refusals.log("subscription refused", "client", c.id, "remote", c.conn.Remote(), "reason", code)
		return reason
	}
	s := &subscription{
		client: c, home: w.home, filter: string(f.Filter), id: id,
		qos: reason, noLocal: f.NoLocal, asPublished: f.RetainAsPublished,
	}
	w.enter(c, old, s)
	w.offerRetained(c, s, f.RetainHandling, old != nil)
	return reason
}

// enter makes s count in the place of old, without a gap between the two.
func (w *worker) enter(c *client, old, s *subscription) {
	if c.filters == nil {
		c.filters = map[string]*subscription{}
	}
	c.filters[s.filter] = s
	w.broker.router.add(s)
	if old != nil {
		w.broker.router.remove(old)
	}
}

func (w *worker) unsubscribe(c *client, p *packet.Unsubscribe) {
	w.reasons = w.reasons[:0]
	for _, f := range p.Filters {
		s := c.filters[string(f)]
		if s == nil {
			w.reasons = append(w.reasons, packet.NoSubscriptionExisted)
			continue
		}
		delete(c.filters, s.filter)
		w.broker.router.remove(s)
		w.reasons = append(w.reasons, packet.Success)
	}
	before := c.conn.Output()
	w.send(c, before, c.session.Ended(before, p.ID, w.reasons))
}
