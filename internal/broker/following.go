package broker

import (
	"slices"

	"github.com/millrace/millrace/internal/broker/follow"
	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// following is a client's subscription to a stream. It lasts as long as the connection.
type following struct {
	client  *client
	filter  string // all of it
	order   follow.Order
	grant   grant
	reader  *follow.Reader
	pending []msg.Placed
}

// followed is what was read for a client, or why no more is.
type followed struct {
	following *following
	messages  []msg.Placed
	err       error
}

func (v *followed) on(w *worker) { w.takeFollowed(v) }

// follow enters a subscription to a stream and returns its reason code.
func (w *worker) follow(c *client, f *packet.Subscription, id uint32) byte {
	o, err := follow.Parse(string(f.Filter), w.broker.options.Now())
	if err == nil {
		err = w.mayFollow(c, string(f.Filter), &o)
	}
	if err != nil {
		return w.ungranted(c, err)
	}
	if c.rights != nil && !c.mayRead(&o, f.QoS) {
		return w.notAllowed(c, f)
	}
	reason, code, ok := c.session.Grant(f, c.filters.len())
	if !ok {
		return w.ungranted(c, fault.New(code, "The subscription to %q was refused.", shown(f.Filter)))
	}
	c.unfollow(string(f.Filter)) // it begins anew [MQTT-3.8.4-3]
	p := &following{client: c, filter: string(f.Filter), order: o}
	p.grant.add(&subscription{qos: reason, id: id, asPublished: f.RetainAsPublished})
	c.ownSeldom().following = append(c.following, p)
	p.reader = w.broker.followers.Start(o,
		func(run []msg.Placed) { w.loop.Post(&followed{p, run, nil}) },
		func(err error) { w.loop.Post(&followed{p, nil, err}) })
	return reason
}

// mayRead says whether the client has both rights: to read the stream so, and to have what
// it brings. The client has rights.
func (c *client) mayRead(o *follow.Order, qos byte) bool {
	return c.rights.MaySubscribe([]byte(topic.Stream+o.Stream+"/"+o.Filter), qos) && c.rights.MaySubscribe([]byte(o.Filter), qos)
}

func (w *worker) mayFollow(c *client, filter string, o *follow.Order) error {
	if err := o.Check(w.options.Streams); err != nil {
		return err
	}
	if each := w.options.StreamReadersEach; len(c.following) >= each && !c.followsBy(filter) {
		return fault.New(fault.TooMany, "A client reads %d streams at a time at most (mqtt.stream_readers.per_client).", each)
	}
	if all := w.options.StreamReaders; w.broker.followers.Count() >= all {
		return fault.New(fault.TooMany, "%d streams are read by clients already, which is the limit (mqtt.stream_readers.all).", all)
	}
	return nil
}

func (c *client) followsBy(filter string) bool {
	return slices.ContainsFunc(c.following, func(p *following) bool { return p.filter == filter })
}

// takeFollowed lines up what was read.
func (w *worker) takeFollowed(v *followed) {
	p := v.following
	if v.err != nil {
		w.refusals.log("reading a stream for a client has ended", "stream", p.order.Stream, "error", v.err)
		return
	}
	if w.clients[p.client.id] != p.client || !p.client.follows(p) {
		p.reader.End()
		return
	}
	p.pending = v.messages
	w.pushFollowed(p.client)
}

func (c *client) follows(p *following) bool {
	return slices.Contains(c.following, p)
}

// pushFollowed sends what was read from streams, as far as the client takes it.
func (w *worker) pushFollowed(c *client) {
	for _, p := range c.following {
		if len(p.pending) == 0 {
			continue
		}
		n := 0
		for n < len(p.pending) && w.roomFor(c, &p.pending[n].Message) {
			m := p.pending[n].Message
			m.Properties = follow.Placed(m.Properties, p.pending[n].At)
			m.Expiry, m.ExpiresAtOnce, m.Time = 0, false, w.loop.Now()
			w.images.Reset()
			w.deliverTo(c, &p.grant, &m)
			w.recordRouted(recorder.Followed, &p.pending[n].Message, nil, 0)
			n++
		}
		clear(p.pending[:n])
		if p.pending = p.pending[n:]; len(p.pending) == 0 {
			p.pending = nil
			p.reader.Sent() // it has room: one run is under way
		}
	}
}

// unfollow ends a subscription to a stream; false says that there is none.
func (c *client) unfollow(filter string) bool {
	for i, p := range c.following {
		if p.filter == filter {
			p.reader.End()
			c.following = append(c.following[:i:i], c.following[i+1:]...)
			if len(c.following) == 0 {
				c.stopFollowing()
			}
			return true
		}
	}
	return false
}

// stopFollowing ends all of the connection.
func (c *client) stopFollowing() {
	if c.following == nil {
		return
	}
	for _, p := range c.following {
		p.reader.End()
	}
	c.following = nil
	c.mayShareSeldom()
}

// dropFollowing ends those that are not allowed any more.
func (w *worker) dropFollowing(c *client) {
	for _, p := range append([]*following(nil), c.following...) {
		if !c.mayRead(&p.order, p.grant.qos) {
			c.unfollow(p.filter)
			w.counts.access.revokedFilters++
		}
	}
}
