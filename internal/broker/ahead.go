package broker

import (
	"context"
	"time"

	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// ahead is where a client's session stands that is behind, for a list of what is next.
type ahead struct {
	from    []msg.Position // by stream number less one; zero where it is not behind
	filters []string
}

func (c *client) ahead() (a ahead) {
	if c.enduring == nil || !c.isBehind() {
		return a
	}
	for i := range c.enduring.cursors {
		k := &c.enduring.cursors[i]
		a.from = append(a.from, msg.Position{})
		if k.Behind() {
			a.from[i] = k.Next()
		}
	}
	a.filters = c.loggedFilters()
	return a
}

// aheadLooks bounds how many messages of a stream are looked at for a list, aheadTime how
// long that takes.
const (
	aheadLooks = 20_000
	aheadTime  = 2 * time.Second
)

// list appends the first messages that the log has for the session, most in all.
func (a *ahead) list(ctx context.Context, f *feeds, list []session.Pending, most int) []session.Pending {
	ctx, cancel := context.WithTimeout(ctx, aheadTime)
	defer cancel()
	var filters topic.Tree[bool]
	for _, name := range a.filters {
		filters.Add(name, true)
	}
	for i, from := range a.from {
		if from == (msg.Position{}) {
			continue
		}
		looked := 0
		_ = f.log.Replay(ctx, f.list()[i], from.Before(), func(_ msg.Position, ms []msg.Message) error {
			for k := range ms {
				if len(list) >= most {
					return errFed
				}
				if m := &ms[k]; m.QoS > 0 && matched(&filters, m.Topic) {
					list = append(list, session.Pending{Topic: string(m.Topic), QoS: m.QoS, Size: m.Bytes(), Since: m.Time})
				}
			}
			if looked += len(ms); looked >= aheadLooks {
				return errFed
			}
			return nil
		}) // a list that ends early is as good
	}
	return list
}
