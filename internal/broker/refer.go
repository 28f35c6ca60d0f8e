package broker

import (
	"time"

	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/fault"
)

// Referral is where clients are sent.
type Referral struct {
	// Reference names the other server; empty is nothing that clients are told.
	Reference string
	Moved     bool // for good
	Since     time.Time
}

// referral is a Referral with what clients are closed for.
type referral struct {
	Referral
	err *fault.Error
}

func (v *referral) on(w *worker) { w.loop.Each(func(c *loop.Conn) { w.refer(clientOf(c), v) }) }

// Refer sends every client away, and every one that comes: to the server named by
// reference, which may be empty; for good when moved says so. Clients before MQTT 5
// are told that the server is not available, or just closed. Sessions that last
// stay; see [Broker.Welcome].
func (b *Broker) Refer(reference string, moved bool) {
	r := &referral{Referral{reference, moved, b.options.Now()}, fault.New(fault.UseAnotherServer, "The node sends its clients to another server.")}
	if moved {
		r.err = fault.New(fault.ServerMoved, "The node has moved: its clients are sent to another server for good.")
	}
	b.referral.Store(r)
	b.options.Log.Info("clients are sent to another server", "reference", reference, "moved", moved)
	b.post(r)
}

// Referred says where clients are sent, if they are.
func (b *Broker) Referred() (r Referral, active bool) {
	if p := b.referral.Load(); p != nil {
		return p.Referral, true
	}
	return Referral{}, false
}

// Welcome ends a Refer: clients may come in again.
func (b *Broker) Welcome() {
	if b.referral.Swap(nil) != nil {
		b.options.Log.Info("clients may come in again")
	}
}

// refer sends a client away, before or after it was admitted.
func (w *worker) refer(c *client, r *referral) {
	if !c.conn.Open() {
		return
	}
	before := c.conn.Output()
	w.send(c, before, c.session.Refer(before, r.err, []byte(r.Reference)))
	w.leave(c, r.err)
}
