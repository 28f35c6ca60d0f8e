package broker

import (
	"strings"

	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/broker/sys"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// matches is the filter that names are matched with: what the tree holds.
func (s *subscription) matches() string {
	if s.filter[0] != '$' {
		return s.filter
	}
	return topic.Matching(s.filter)
}

// counted keeps the router's counts when a subscription comes (1) or goes (-1).
func (r *router) counted(s *subscription, n int64) {
	if s.client != nil {
		r.count.Add(n)
	}
	if s.filter[0] != '$' {
		return
	}
	if s.client != nil && topic.Group(s.filter) != "" {
		r.shared.Add(n)
	}
	if strings.HasPrefix(s.matches(), sys.Root) {
		r.system.Add(n)
	}
}

// systemWanted says whether anybody subscribes to anything below $SYS.
func (r *router) systemWanted() bool { return r.system.Load() > 0 }

// ungranted refuses a filter that was granted but for err, and returns its reason.
func (w *worker) ungranted(c *client, err error) (reason byte) {
	code := fault.CodeOf(err)
	w.counts.ungranted[code]++
	w.noteRefused(err)
	w.refusals.log("subscription refused", about(c, "reason", code.String())...)
	return session.Reason(packet.TypeSuback, code)
}

// store keeps a retained message as the limits say.
func (b *Broker) store(m *msg.Message) error {
	to := retainedOn(b, m.Topic)
	if to == b.retained {
		if most := b.options.RetainedSize; most > 0 && len(m.Payload) > most {
			return fault.New(fault.TooLarge, "The payload is larger than the %d bytes that a retained message may have.", most)
		}
		if !m.Expires() && b.options.RetainedExpiry > 0 && len(m.Payload) > 0 {
			c := *m
			c.Expiry = b.options.RetainedExpiry
			m = &c
		}
	}
	return to.Set(m)
}
