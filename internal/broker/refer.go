package broker

import (
	"github.com/millrace/millrace/internal/fault"
)

// referral is where clients are sent.
type referral struct {
	reference string
	err       *fault.Error
}

// Refer sends every client away, and every one that comes: to the server named by
// reference, which may be empty; for good when moved says so. Clients before MQTT 5
// are told that the server is not available, or just closed. Sessions that last
// stay; see [Broker.Welcome].
func (b *Broker) Refer(reference string, moved bool) {
	r := &referral{reference, fault.New(fault.UseAnotherServer, "The node sends its clients to another server.")}
	if moved {
		r.err = fault.New(fault.ServerMoved, "The node has moved: its clients are sent to another server for good.")
	}
	b.referral.Store(r)
	b.post(r)
}

// Welcome ends a Refer: clients may come in again.
func (b *Broker) Welcome() { b.referral.Store(nil) }

// refer sends a client away, before or after it was admitted.
func (w *worker) refer(c *client, r *referral) {
	if !c.conn.Open() {
		return
	}
	before := c.conn.Output()
	w.send(c, before, c.session.Refer(before, r.err.Code, []byte(r.reference)))
	w.leave(c, r.err)
}
