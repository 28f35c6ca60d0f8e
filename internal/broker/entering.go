package broker

import (
	"strings"

	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/broker/rewrite"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// AutoSubscription is a filter that each client is subscribed to when it comes in.
type AutoSubscription struct {
	// Filter may hold ${clientid} or %c and ${username} or %u.
	Filter string
	QoS    byte
	// The options of MQTT 5 section 3.8.3.1.
	NoLocal, RetainAsPublished bool
	RetainHandling             byte
}

// rewrites are the rules as one loop uses them; nil when there are none.
type rewrites struct {
	rules *rewrite.Rules
	cache *rewrite.Cache
}

func newRewrites(r *rewrite.Rules) *rewrites {
	if r == nil {
		return nil
	}
	return &rewrites{r, rewrite.NewCache(r)}
}

func (c *client) who() rewrite.Client { return rewrite.Client{ID: c.id, Username: c.user()} }

// rewritePublish gives the message its new topic; false says that it was refused,
// since the new one is none.
func (w *worker) rewritePublish(c *client, ev *session.Event) bool {
	to, err := w.rewrites.cache.Publish(ev.Message.Topic, c.who())
	if err != nil {
		w.turnDown(c, ev, err)
		return false
	}
	ev.Message.Topic, ev.AsCame = to, false
	return true
}

// rewriteFilter returns what the client means by a filter.
func (w *worker) rewriteFilter(c *client, filter []byte) ([]byte, error) {
	if w.rewrites == nil {
		return filter, nil
	}
	to, changed, err := w.rewrites.rules.Subscribe(string(filter), c.who())
	if !changed {
		return filter, nil
	}
	if err != nil {
		return nil, fault.New(fault.BadTopicFilter, "%s", fault.UserMessage(err))
	}
	return []byte(to), nil
}

// ask enters a filter that the client asks for and returns its reason code.
func (w *worker) ask(c *client, f *packet.Subscription, id uint32) byte {
	to, err := w.rewriteFilter(c, f.Filter)
	if err != nil {
		return w.ungranted(c, err)
	}
	f.Filter = to
	return w.subscribeTo(c, f, id)
}

// entering is called before the client is admitted: its will gets its new topic. A
// will whose new topic is none is dropped and counted.
func (w *worker) entering(c *client, p *packet.Connect, id string) {
	if c.identity != nil && c.identity.Username != "" {
		c.named("") // as what it came is of no more interest
	}
	if w.rewrites == nil || !p.HasWill {
		return
	}
	to, err := w.rewrites.cache.Publish(p.Will.Topic, rewrite.Client{ID: id, Username: c.user()})
	if err != nil {
		p.HasWill = false
		w.counts.dropped[fault.CodeOf(err)]++
		w.recordRefused(c, recorder.Will, &msg.Message{Topic: p.Will.Topic, Time: w.loop.Now(), QoS: p.Will.QoS}, 0, fault.CodeOf(err))
		w.refusals.log("a will was dropped", about(c, "error", err)...)
		return
	}
	p.Will.Topic = to
}

// entered is called when the client has its CONNACK: it subscribes the client to what all
// clients are subscribed to. The client is not told.
func (w *worker) entered(c *client) {
	w.counts.lags.connect.Add(w.options.Now().UnixNano()-c.since, 1) // both may be in one turn
	for i := range w.options.AutoSubscriptions {
		w.autoSubscribe(c, &w.options.AutoSubscriptions[i])
	}
	if len(c.retained) > 0 {
		w.pushRetained(c)
	}
}

func (w *worker) autoSubscribe(c *client, a *AutoSubscription) {
	filter, err := personal(a.Filter, c.who())
	if err != nil {
		w.ungranted(c, err)
		return
	}
	if c.filters.get(filter) != nil {
		return // of its session
	}
	reason := w.subscribeTo(c, &packet.Subscription{
		Filter: []byte(filter), QoS: a.QoS, NoLocal: a.NoLocal, RetainAsPublished: a.RetainAsPublished, RetainHandling: a.RetainHandling,
	}, 0)
	w.recordFilter(c, []byte(filter), reason)
}

// personal puts the client's names into a filter.
func personal(filter string, who rewrite.Client) (string, error) {
	for _, p := range []struct{ mark, name string }{
		{"${clientid}", who.ID}, {"%c", who.ID}, {"${username}", who.Username}, {"%u", who.Username},
	} {
		if !strings.Contains(filter, p.mark) {
			continue
		}
		if err := rewrite.Plain(p.name); err != nil {
			return "", fault.New(fault.BadTopicFilter, "%s", fault.UserMessage(err))
		}
	}
	return strings.NewReplacer("${clientid}", who.ID, "%c", who.ID, "${username}", who.Username, "%u", who.Username).Replace(filter), nil
}
