package broker

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// StreamReader is the streams, for clients that read them by $stream/NAME/FROM/FILTER.
type StreamReader interface {
	// Followable refuses a stream that users do not read. It never waits.
	Followable(stream string) error
	// Find is the position directly before the first message from t on.
	Find(ctx context.Context, stream string, t time.Time) (msg.Position, error)
	// Newest is the position behind which nothing has been committed.
	Newest(stream string) msg.Position
	// Read calls f for all behind after, then for what comes, until ctx ends or f returns
	// an error.
	Read(ctx context.Context, stream string, after msg.Position, f func(at msg.Position, ms []msg.Message) error) error
}

// PositionProperty is the user property that tells an MQTT 5 client where a message stands
// that it reads from a stream.
const PositionProperty = "millrace-position"

// followedBytes is how much is read ahead for one subscription.
const followedBytes = 256 << 10

// following is a client's subscription to a stream. It lasts as long as the connection.
type following struct {
	worker *worker
	client *client
	filter string // all of it
	order  followOrder
	grant  grant
	cancel context.CancelFunc
	taken  chan struct{} // told when the client has been sent what was read

	pending []msg.Placed // the loop's own
}

// followed is what was read for a client.
type followed struct {
	following *following
	messages  []msg.Placed
}

// followOrder is what $stream/NAME/FROM/FILTER says.
type followOrder struct {
	stream, from, filter string
	after                msg.Position // where from is a position
	at                   time.Time    // where it is a time
}

var errFollowForm = fault.New(fault.BadTopicFilter, "Streams are read by $stream/NAME/FROM/FILTER, with all, last, new, a time (2026-01-31T12:00:00Z or 1h) or a position (17:3) as FROM.")

// readFollow takes such a filter apart.
func readFollow(filter string, now time.Time) (o followOrder, err error) {
	rest := strings.TrimPrefix(filter, topic.Stream)
	parts := strings.SplitN(rest, "/", 3)
	if len(parts) < 3 || parts[0] == "" || parts[2] == "" || strings.HasPrefix(parts[2], "$") {
		return o, errFollowForm
	}
	o = followOrder{stream: parts[0], from: parts[1], filter: parts[2]}
	if err := topic.ValidFilter([]byte(o.filter)); err != nil {
		return o, err
	}
	switch o.from {
	case "all", "last", "new":
		return o, nil
	}
	var ok bool
	if o.after, ok = msg.ParsePosition(o.from); ok {
		o.from = "position"
		return o, nil
	}
	if o.at, err = followTime(o.from, now); err != nil {
		return o, errFollowForm
	}
	o.from = "time"
	return o, nil
}

// followTime reads a time, or how long ago.
func followTime(s string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	s = strings.TrimPrefix(s, "-")
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return now.AddDate(0, 0, -int(n)), err
	}
	d, err := time.ParseDuration(s)
	return now.Add(-d), err
}

// followers count the readers of the node, and end with it.
type followers struct {
	ctx     context.Context
	cancel  context.CancelFunc
	count   atomic.Int64
	running sync.WaitGroup
}

func (f *followers) begin() { f.ctx, f.cancel = context.WithCancel(context.Background()) }

func (f *followers) stop() {
	f.cancel()
	f.running.Wait()
}

// follow enters a subscription to a stream and returns its reason code.
func (w *worker) follow(c *client, f *packet.Subscription, id uint32) byte {
	o, err := readFollow(string(f.Filter), w.broker.options.Now())
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
	p := &following{worker: w, client: c, filter: string(f.Filter), order: o, taken: make(chan struct{}, 1)}
	p.grant.add(&subscription{qos: reason, id: id, asPublished: f.RetainAsPublished})
	c.ownSeldom().following = append(c.following, p)
	ctx, cancel := context.WithCancel(w.broker.followers.ctx)
	p.cancel = cancel
	w.broker.followers.count.Add(1)
	w.broker.followers.running.Go(func() {
		defer w.broker.followers.count.Add(-1)
		p.read(ctx)
	})
	return reason
}

// mayRead says whether the client has both rights: to read the stream so, and to have what
// it brings. The client has rights.
func (c *client) mayRead(o *followOrder, qos byte) bool {
	return c.rights.MaySubscribe([]byte(topic.Stream+o.stream+"/"+o.filter), qos) && c.rights.MaySubscribe([]byte(o.filter), qos)
}

func (w *worker) mayFollow(c *client, filter string, o *followOrder) error {
	r := w.options.Streams
	if r == nil {
		return fault.New(fault.NotFound, "The node has no streams to read.")
	}
	if err := r.Followable(o.stream); err != nil {
		return err
	}
	if o.after.Compare(r.Newest(o.stream)) > 0 {
		return fault.New(fault.Invalid, "Stream %s has not come to position %v yet.", o.stream, o.after)
	}
	if each := w.options.StreamReadersEach; len(c.following) >= each && !c.followsBy(filter) {
		return fault.New(fault.TooMany, "A client reads %d streams at a time at most (mqtt.stream_readers.per_client).", each)
	}
	if all := w.options.StreamReaders; w.broker.followers.count.Load() >= int64(all) {
		return fault.New(fault.TooMany, "%d streams are read by clients already, which is the limit (mqtt.stream_readers.all).", all)
	}
	return nil
}

func (c *client) followsBy(filter string) bool {
	return slices.ContainsFunc(c.following, func(p *following) bool { return p.filter == filter })
}

// begin is the position to read behind.
func (p *following) begin(ctx context.Context) (msg.Position, error) {
	r, o := p.worker.options.Streams, &p.order
	switch o.from {
	case "new":
		return r.Newest(o.stream), nil
	case "last":
		newest := r.Newest(o.stream)
		return msg.Position{Seq: max(newest.Seq, 1)}.Before(), nil
	case "time":
		return r.Find(ctx, o.stream, o.at)
	}
	return o.after, nil
}

// read is the goroutine of a subscription: it reads one run ahead of what the client has
// been sent.
func (p *following) read(ctx context.Context) {
	defer p.cancel()
	after, err := p.begin(ctx)
	for err == nil && ctx.Err() == nil {
		err = p.worker.options.Streams.Read(ctx, p.order.stream, after, func(at msg.Position, ms []msg.Message) error {
			return p.take(ctx, at, ms)
		})
	}
	if ctx.Err() == nil {
		p.worker.refusals.log("reading a stream for a client has ended", "stream", p.order.stream, "error", err)
	}
}

// take hands on what the filter matches of an entry, and waits until it is sent.
func (p *following) take(ctx context.Context, at msg.Position, ms []msg.Message) error {
	var run []msg.Placed
	bytes := 0
	for i := range ms {
		m := &ms[i]
		if len(m.Topic) > 0 && m.Topic[0] != '$' && topic.Match(p.order.filter, string(m.Topic)) {
			run = append(run, msg.Placed{At: msg.Position{Seq: at.Seq, Index: at.Index + uint32(i)}, Message: m.Clone()})
			bytes += m.Bytes()
		}
		if len(run) > 0 && (i == len(ms)-1 || bytes >= followedBytes) {
			p.worker.loop.Post(&followed{p, run})
			select {
			case <-p.taken:
			case <-ctx.Done():
				return ctx.Err()
			}
			run, bytes = nil, 0
		}
	}
	return nil
}

// takeFollowed lines up what was read.
func (w *worker) takeFollowed(v *followed) {
	p := v.following
	if w.clients[p.client.id] != p.client || !p.client.follows(p) {
		p.cancel()
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
		for n < len(p.pending) && c.conn.Open() && c.conn.Buffered() < c.door.zone.OutputBuffer && c.session.Waiting() == 0 {
			m := p.pending[n].Message
			if !w.mayTake(c, len(m.Topic)+len(m.Payload)+len(m.Properties)+64) {
				w.starve(c)
				break
			}
			m.Properties = placedProperty(m.Properties, p.pending[n].At)
			m.Expiry, m.ExpiresAtOnce, m.Time = 0, false, w.loop.Now()
			w.images.reset()
			w.deliverTo(c, &p.grant, &m)
			w.recordRouted(recorder.Followed, &p.pending[n].Message, nil, 0)
			n++
		}
		clear(p.pending[:n])
		if p.pending = p.pending[n:]; len(p.pending) == 0 {
			p.pending = nil
			p.taken <- struct{}{} // it has room: one run is under way
		}
	}
}

func placedProperty(list []byte, at msg.Position) []byte {
	own := append([]byte(nil), list...)
	return packet.AppendProperty(own, packet.Property{ID: packet.UserProperty, Key: []byte(PositionProperty), Value: []byte(at.String())})
}

// unfollow ends a subscription to a stream; false says that there is none.
func (c *client) unfollow(filter string) bool {
	for i, p := range c.following {
		if p.filter == filter {
			p.cancel()
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
		p.cancel()
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
