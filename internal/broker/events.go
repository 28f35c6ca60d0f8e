package broker

import (
	"errors"
	"net"

	"github.com/millrace/millrace/internal/broker/sys"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// eventsWanted says whether anybody may want to know that a client did something.
func (w *worker) eventsWanted() bool {
	return w.broker.router.systemWanted() && !w.broker.system.options.NoEMQX && w.broker.system.options.Interval > 0
}

// tellEvent publishes one event of a client.
func (w *worker) tellEvent(topic string, payload []byte) {
	w.publishSystem(&msg.Message{Topic: []byte(topic), Payload: payload})
}

func (w *worker) ms() int64 { return w.loop.Now() / 1e6 }

// described is the client as events have it.
func (c *client) described() *sys.Client {
	d := &sys.Client{ID: c.id, Username: c.user(), Version: c.session.Version()}
	if a, ok := c.conn.Remote().(*net.TCPAddr); ok {
		d.Address = a.IP.String()
	}
	if a, ok := c.door.listener.Addr().(*net.TCPAddr); ok {
		d.Port = a.Port
	}
	return d
}

func (w *worker) tellConnected(c *client, p *packet.Connect) {
	if !w.eventsWanted() {
		return
	}
	d := c.described()
	d.KeepAlive, d.Expiry, d.CleanStart = int(p.KeepAlive), p.SessionExpiry, p.CleanStart
	w.tellEvent(sys.Connected(w.broker.system.options.Node, d, w.ms()))
}

// tellGone says that an admitted client's connection has ended, and why.
func (w *worker) tellGone(c *client) {
	if w.eventsWanted() {
		w.tellEvent(sys.Disconnected(w.broker.system.options.Node, c.described(), w.why, w.ms()))
	}
}

// lost is the reason of a connection that ended without a word.
const lost = "tcp_closed"

// goneFor is the word for why the broker or the client ended a connection.
func goneFor(err error) string {
	switch {
	case err == nil:
		return "normal"
	case errors.Is(err, errTakenOver):
		return "takenover"
	case errors.Is(err, errKeepAlive):
		return "keepalive_timeout"
	}
	return fault.CodeOf(err).String()
}

// tellSubscribed says which of the filters the client was granted; reasons are
// their answers.
func (w *worker) tellSubscribed(c *client, filters []packet.Subscription, reasons []byte) {
	if !w.eventsWanted() {
		return
	}
	for i, f := range filters {
		if reasons[i] > 2 {
			continue
		}
		s := sys.Subscription{Filter: string(f.Filter), QoS: reasons[i], RetainHandling: f.RetainHandling, NoLocal: f.NoLocal, AsPublished: f.RetainAsPublished, IsNew: true}
		w.tellEvent(sys.Subscribed(w.broker.system.options.Node, c.described(), &s, w.ms()))
	}
}

func (w *worker) tellUnsubscribed(c *client, filters [][]byte, reasons []byte) {
	if !w.eventsWanted() {
		return
	}
	for i, f := range filters {
		if reasons[i] == packet.Success {
			w.tellEvent(sys.Unsubscribed(w.broker.system.options.Node, c.described(), string(f), w.ms()))
		}
	}
}

// TellAlarm publishes below $SYS that an alarm was raised, or has ended.
func (b *Broker) TellAlarm(name, message, details string, active bool) {
	if b.system.options.NoEMQX || b.system.options.Interval < 0 {
		return
	}
	topic, payload := sys.Alarm(b.system.options.Node, name, message, details, active, b.options.Now().UnixMilli())
	b.workers[0].loop.Post(systemNews{&msg.Message{Topic: []byte(topic), Payload: payload}})
}

// systemNews is a message below $SYS from another goroutine.
type systemNews struct{ message *msg.Message }

func (v systemNews) on(w *worker) { w.publishSystem(v.message) }
