package broker

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/millrace/millrace/internal/broker/cursor"
	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/preserve"
	"github.com/millrace/millrace/internal/broker/record"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// recovery brings the durable sessions back before the loops run: from their records in
// the journal, and from the messages that the log holds for them.
type recovery struct {
	broker    *Broker
	book      record.Book
	groups    map[string][]byte // by name
	names     []string          // of the streams, by number less one
	damaged   bool              // the journal has lost entries
	lost      []string          // sessions that end: records of theirs are among them
	malformed int
	open      map[*client][]session.Open
}

var _ preserve.Sessions = (*recovery)(nil)

// Record is preserve.Sessions'.
func (r *recovery) Record(m *msg.Message) {
	id := string(m.Topic[1:])
	switch kind := m.Topic[0]; kind {
	case kindGroup:
		newest(&r.groups, id, m.Payload)
	case record.KindStreams:
		r.names = record.ReadNames(m.Payload)
	default:
		r.book.Take(kind, id, m.Payload)
	}
}

func newest(of *map[string][]byte, id string, value []byte) {
	if len(value) == 0 {
		delete(*of, id)
		return
	}
	if *of == nil {
		*of = map[string][]byte{}
	}
	(*of)[id] = bytes.Clone(value)
}

// Recorded is preserve.Sessions'.
func (r *recovery) Recorded(ctx context.Context) error {
	if err := r.numberStreams(ctx); err != nil {
		return err
	}
	r.open = map[*client][]session.Open{}
	d := &r.broker.options.Durable
	r.damaged = d.Damaged || d.Journal.Damaged()
	r.book.Each(func(id string, h *record.History) {
		if err := r.recover(id, h); err != nil {
			r.malformed++
		}
	})
	for _, w := range r.broker.workers {
		w.scribe.index = r.book.Index(loopName(w.home))
	}
	r.book.Ends(func(id string, turn uint8) { r.broker.homeOf(id).scribe.ends(id, turn) })
	r.tellLost()
	if r.malformed > 0 {
		r.broker.options.Log.Error("records of sessions cannot be read and are left out", "sessions", r.malformed)
	}
	r.recoverGroups()
	r.book, r.groups = record.Book{}, nil
	return nil
}

// numberStreams gives every stream the number that it keeps.
func (r *recovery) numberStreams(ctx context.Context) error {
	f, d := r.broker.feeds, &r.broker.options.Durable
	known := len(r.names)
	for _, name := range d.Log.Names() {
		if !slices.Contains(r.names, name) {
			r.names = append(r.names, name)
		}
	}
	f.number(r.names, slices.Index(r.names, d.SpareName))
	if len(r.names) == known {
		return nil
	}
	return f.writeNames(ctx, d.Journal)
}

// writeNames puts the numbers of the streams into the journal.
func (f *feeds) writeNames(ctx context.Context, j Journal) error {
	b, done := new(msg.Batch), make(chan error, 1)
	b.Add(&msg.Message{Topic: []byte{record.KindStreams}, Payload: f.namesRecord()}, 0)
	j.Keep(b, func(_ *msg.Batch, err error) { done <- err })
	select {
	case err := <-done:
		if fault.CodeOf(err) == fault.StorageFull {
			f.unnamed.Store(true) // it goes with the first session that is written down
			return nil
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// AddStream gives a stream that is new, and takes its first message later, to the durable
// sessions. It is called by one goroutine at a time.
func (b *Broker) AddStream(ctx context.Context, name string) error {
	if b.preserver == nil {
		return nil
	}
	if slices.Contains(b.feeds.list(), name) {
		b.feeds.add(name)
		return nil
	}
	if len(b.feeds.list()) >= maxStreams {
		return fault.New(fault.TooMany, "Sessions know %d streams already, which is the limit.", maxStreams)
	}
	b.feeds.add(name)
	return b.feeds.writeNames(ctx, b.options.Durable.Journal)
}

// Needed is the lowest entry of a stream that a durable session has still to get, or may
// have to be sent again, as it was found within the last seconds; MaxUint64 for none.
func (b *Broker) Needed(stream string) uint64 {
	i := slices.Index(b.feeds.list(), stream)
	if b.preserver == nil || i < 0 || b.lasting.Load() == 0 {
		return math.MaxUint64
	}
	return b.feeds.lowest(uint8(i + 1))
}

func (f *feeds) namesRecord() []byte { return record.AppendNames(nil, f.list()) }

// recover makes the client of a session that waits for it, or ends it when it is not whole.
func (r *recovery) recover(id string, h *record.History) error {
	p, err := readProgress(h)
	if err != nil {
		return err
	}
	if r.damaged && !r.whole(h, &p) {
		r.end(id, h)
		return nil
	}
	if !h.Known() {
		return nil
	}
	s, err := h.Session()
	if err != nil {
		return err
	}
	filters, err := h.Filters()
	if err != nil {
		return err
	}
	b := r.broker
	w, d := b.homeOf(id), b.doors[0]
	c := &client{conn: w.nobody, door: d, since: s.Since, name: shown(id), seldom: noSeldom, access: noAccess}
	c.id, c.clean = id, s.Clean
	c.session = session.Recovered(&d.limits, id, s.Version, s.Expiry, &p)
	c.session.Count(&w.queues)
	if n := c.session.Drops(); n > 0 {
		c.ownSeldom().troubles.dropped = n
	}
	c.after = &after{enduring: &enduring{
		user: s.User, wrote: uint32(b.options.Now().Unix()) - rand.Uint32N(uint32(refreshAfter/time.Second)),
		trail: h.Trail, turn: h.Turn(),
	}}
	for _, l := range p.Next {
		*c.enduring.cursor(l.Stream) = cursor.From(l.At)
	}
	for i := range b.feeds.list() {
		k := c.enduring.cursor(uint8(i + 1))
		*k = cursor.Restored(k.Next())
	}
	if s.Will != nil {
		c.session.RestoreWill(s.Will, s.WillDelay)
	}
	c.enduring.former = loop.NeverWas(^uint64(len(w.clients)*len(b.workers) + w.home)) // no connection has had it
	w.clients[id] = c
	w.enlist(c)
	w.count(c)
	w.readmit(c, filters)
	w.waitSince(c, s.Left)
	if h.Unlisted() {
		w.alter(c) // so that this run lists it
	}
	if len(p.Open) > 0 {
		r.open[c] = p.Open
	}
	return nil
}

// readmit enters the subscriptions of a recovered session.
func (w *worker) readmit(c *client, filters map[string]record.Filter) {
	for _, f := range filters {
		s := recalled(&f)
		s.client, s.home = c, w.home
		if w.broker.router.exclusive.claim(s) != nil {
			continue // cannot be: nobody else had it
		}
		c.number(s)
		c.filters = c.filters.put(s)
		if s.owes {
			c.enduring.owes, c.enduring.relist = true, true
		}
		w.track(c, s, nil)
		w.broker.router.add(s)
		if s.number != 0 {
			w.broker.router.setPresent(s, false)
		}
	}
}

// waitSince lets a recovered session wait for its client, who left then, or when the
// process ended, which counts as now. So does a time that is yet to come: the machine's
// clock was set back.
func (w *worker) waitSince(c *client, left int64) {
	at, now := left-w.loop.Wall(0), w.loop.Steady()
	if left == 0 || at > now {
		at = now
		w.alter(c)
	}
	c.leftAt = at
	if delay, ok := c.session.WillDelay(); ok {
		c.willAt = at + int64(delay)*1e9
	}
	if e := c.session.Expiry(); e != session.Never {
		c.endAt = at + int64(e)*1e9
	}
	w.schedule.set(c)
}

// Message is preserve.Sessions'.
func (r *recovery) Message(m *msg.Message) {
	w := r.broker.homeOf(string(m.Publisher))
	c := w.clients[string(m.Publisher)]
	if c == nil {
		return
	}
	if id, ok := m.Origin.Packet(); ok {
		c.session.Hold(id, m.Time)
	}
	if will, _ := c.session.KeptWill(); m.Origin.Will() && will != nil && will.Origin == m.Origin {
		c.session.DropWill()
		c.willAt = 0
		w.schedule.set(c)
		w.alter(c)
	}
	w.noteChanged(c)
}

// Flush is preserve.Sessions'.
func (r *recovery) Flush(ctx context.Context, all bool) (bytes int64, needed msg.Position, err error) {
	r.broker.feeds.bound()
	r.broker.tellLosses()
	return r.broker.flushSessions(ctx, all)
}

// refill gives the sessions the messages that were sent and not acknowledged, and lets
// the feeding begin when there are any sessions.
func (r *recovery) refill(ctx context.Context) error {
	b := r.broker
	found := map[session.Logged]*msg.Message{}
	for _, open := range r.open {
		for _, o := range open {
			if !o.Received && o.Place.Stream > 0 && int(o.Place.Stream) <= len(b.feeds.list()) {
				found[o.Place] = nil
			}
		}
	}
	for i, name := range b.feeds.list() {
		if err := r.read(ctx, uint8(i+1), name, found); err != nil {
			return err
		}
	}
	for c, open := range r.open {
		for _, o := range open {
			switch m := found[o.Place]; {
			case o.Received:
			case m == nil:
				b.homeOf(c.id).gaveUp(c, 1)
			default:
				b.homeOf(c.id).refill(c, o, m)
			}
		}
	}
	r.open = nil
	if b.lasting.Load() > 0 {
		b.feeds.start()
		b.surveyAll()
	}
	return nil
}

// read finds the messages of one stream.
func (r *recovery) read(ctx context.Context, stream uint8, name string, found map[session.Logged]*msg.Message) error {
	var places []msg.Position
	for l := range found {
		if l.Stream == stream {
			places = append(places, l.At)
		}
	}
	slices.SortFunc(places, msg.Position.Compare)
	for len(places) > 0 {
		err := r.broker.feeds.log.Replay(ctx, name, places[0].Before(), func(at msg.Position, ms []msg.Message) error {
			return r.pick(stream, at, ms, &places, found)
		})
		if err == nil || notThere(err) {
			return nil // the rest is not there any more
		}
		if !errors.Is(err, errFed) {
			return err
		}
	}
	return nil
}

// readOn is how many entries are read rather than sought.
const readOn = 1000

// pick takes from an entry what is looked for; errFed says that the next is far.
func (r *recovery) pick(stream uint8, at msg.Position, ms []msg.Message, places *[]msg.Position, found map[session.Logged]*msg.Message) error {
	for len(*places) > 0 {
		p := (*places)[0]
		switch {
		case p.Seq > at.Seq+readOn:
			return errFed
		case p.Seq > at.Seq:
			return nil
		}
		*places = (*places)[1:]
		if i := int64(p.Index) - int64(at.Index); p.Seq == at.Seq && i >= 0 && i < int64(len(ms)) {
			own := ms[i].Clone()
			found[session.Logged{Stream: stream, At: p}] = &own
		}
	}
	return errFed
}

// refill puts one message back that was sent under its identifier.
func (w *worker) refill(c *client, o session.Open, m *msg.Message) {
	s, done := w.keeps(c, o, string(m.Topic))
	if done && !o.Exact {
		return // somebody has acknowledged it
	}
	var g grant
	var share uint32
	if s != nil {
		g, share = *s.alone, s.number
	} else if t, ok := w.routes.grantOf(c, string(m.Topic)); ok {
		g = t.grant
	}
	if g.qos = 1; o.Exact { // as it was sent, whatever the client has subscribed to since
		g.qos = 2
	}
	w.images.Reset()
	im := w.imageFor(c, &g, m)
	im.Logged = o.Place
	c.session.Refill(o, im, share, m.Time)
}
