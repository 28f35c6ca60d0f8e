package broker

import (
	"context"

	"github.com/millrace/millrace/internal/broker/retain"
	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// Retained lists the retained messages that match, sorted, and says how many match
// in all. The messages must not be changed.
func (b *Broker) Retained(ctx context.Context, q view.RetainedQuery) (page []*msg.Message, count int, err error) {
	page, count = q.Page(b.retained.Each, b.options.Now().UnixNano())
	return page, count, ctx.Err()
}

// RetainedMessage is the topic's retained message, which must not be changed.
func (b *Broker) RetainedMessage(name string) (*msg.Message, bool) {
	m := b.retained.Get([]byte(name))
	if m == nil || m.Expires() && retain.Expiry(m) <= b.options.Now().UnixNano() {
		return nil, false
	}
	return m, true
}

// DeleteRetained removes the messages that match and returns how many there were; dry
// only counts them. Subscribers are not told.
func (b *Broker) DeleteRetained(ctx context.Context, q view.RetainedQuery, dry bool) (n int, err error) {
	q.Offset, q.Limit = 0, 0
	list, _, err := b.Retained(ctx, q)
	if err != nil || dry {
		return len(list), err
	}
	for _, m := range list {
		gone := *m
		gone.Payload = nil
		if err := b.retained.Set(&gone); err != nil {
			return n, fault.Wrap(fault.CodeOf(err), "broker: delete retained", err, "The message on %q was not removed.", shown(m.Topic))
		}
		n++
	}
	return n, nil
}
