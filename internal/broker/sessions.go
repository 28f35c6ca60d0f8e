package broker

import (
	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// lasting is what of a client outlives its connection, when its session does.
type lasting struct {
	session session.Session
	id      string // once admitted
	filters *filterSet
	*after

	build   uint64 // the route it was last put into, and
	place   int32  // where
	counted bool   // it is one of the broker's lasting sessions
	clean   bool   // its client asked to begin without an earlier session
	ended   bool   // it has ended, and filters of it are yet in the router
}

// owing is whom the PUBRECs were due to that a connection left open.
type owing struct {
	client *client
	owed   session.Owed
}

// sessionFor gives the connection that has sent CONNECT its session: the one that
// waits for it or is taken from another connection [MQTT-3.1.4-3], or a new one.
func (w *worker) sessionFor(c *client, p *packet.Connect, id string) (*client, session.Admission) {
	old := w.clients[id]
	if old != nil && !old.session.Away() {
		w.end(old, errTakenOver)
		old = w.clients[id]
	}
	if old != nil && (p.CleanStart || old.another(c)) { // [MQTT-3.1.2-4]
		w.endSession(old)
		old = nil
	}
	if old != nil { // [MQTT-3.1.2-5]
		w.resume(old, c)
		return old, session.Admission{Present: true}
	}
	c.id, c.name = id, shown(id)
	w.clients[id] = c
	return c, session.Admission{Unkept: session.Lasts(p) && w.mayNotLast()}
}

// resume gives the session old the connection of fresh.
func (w *worker) resume(old, fresh *client) {
	w.schedule.Remove(old)
	w.recordEvent(old, recorder.Named, old.id, 0)
	l := old.lasting
	l.session.Resume(&fresh.session)
	if l.after != noAfter {
		l.willAt, l.endAt, l.leftAt = 0, 0, 0
		if l.enduring != nil {
			l.enduring.former = nil
		}
	}
	old.stopFollowing()
	missed := old.troubles
	*old = *fresh
	if missed.dropped > 0 {
		old.ownSeldom().troubles.inherit(&missed)
	}
	old.lasting, old.name = l, shown(l.id)
	old.conn.Data = old
}

// mayNotLast says whether there are as many lasting sessions as there may be.
func (w *worker) mayNotLast() bool {
	return w.broker.lasting.Load() >= int64(w.options.MaxSessions)
}

// count notes whether the client's session is a lasting one, now that it is in.
func (w *worker) count(c *client) {
	if lasts := c.session.Expiry() > 0; lasts != c.counted {
		c.counted = lasts
		if lasts {
			w.broker.lasting.Add(1)
		} else {
			w.broker.lasting.Add(-1)
		}
	}
	if c.session.Unkept() {
		w.counts.notKept++
		w.refusals.log("the session is not kept: there are as many as there may be", about(c)...)
	}
}

// forget ends the client's connection, and with it the session unless it lasts.
func (w *worker) forget(c *client) {
	c.stopFollowing()
	if c.id == "" || w.clients[c.id] != c || c.session.Away() {
		return
	}
	w.broker.connections.Add(-1)
	w.recordEvent(c, recorder.Left, w.why, w.whyCode)
	w.unclog(c)
	w.unhold(c)
	c.stopFilters()
	w.paces.Leave(c.id, c.pace, w.loop.Steady())
	w.strike(c)
	stays, owed := c.session.Leave()
	if !stays {
		w.remove(c)
		w.tellGone(c)
		w.publishWill(c)
		return
	}
	w.tellGone(c)
	if owed.Any() {
		w.owe(c, owed)
	}
	w.absent(c)
	w.wait(c)
}

// wait lets the session wait for its client.
func (w *worker) wait(c *client) {
	w.keepRetained(c)
	w.leaves(c)
	c.last, c.full, c.waits = nil, notFull, false
	now := w.loop.Steady()
	c.ownAfter().leftAt = now
	if delay, ok := c.session.WillDelay(); ok {
		c.willAt = now + int64(delay)*1e9
	}
	if e := c.session.Expiry(); e != session.Never {
		c.endAt = now + int64(e)*1e9
	}
	if c.willAt != 0 && c.willAt <= now {
		w.publishWill(c)
	}
	w.schedule.set(c)
	w.alter(c)
}

// publishWill publishes the client's will, if it has left one.
func (w *worker) publishWill(c *client) {
	if c.willAt != 0 {
		c.willAt = 0
	}
	if m := c.session.Will(w.loop.Now()); m != nil && w.mayStillPublish(c, m) {
		w.fires(c, m)
		w.leaving = true
		w.publishOwn(m, 0)
		w.leaving = false
	}
	w.alter(c)
}

// endSession ends a session: its subscriptions, what it keeps, and its will, which
// is due now at the latest.
func (w *worker) endSession(c *client) {
	w.remove(c)
	w.publishWill(c)
}

func (w *worker) remove(c *client) {
	delete(w.clients, c.id)
	w.schedule.Remove(c)
	w.forgetOwed(func(o owing) bool { return o.client == c })
	if c.counted {
		c.counted = false
		w.broker.lasting.Add(-1)
	}
	if c.enduring != nil {
		w.scribe.ends(c.id, c.enduring.turn)
		w.scribe.behind(c.id, c.enduring.firing) // the will of its connection
		delete(w.behind, c)
		w.strikeOff(c)
	}
	left := w.unsettled(c, false)
	w.endFilters(c)
	c.unfold()
	c.after, c.last = noAfter, nil
	c.stopRetained()
	w.shareOut(left)
	w.removed = c
	w.counts.dropped[fault.SessionEnded] += uint64(c.session.Discard())
	w.removed = nil
	w.recordEvent(c, recorder.Ended, c.id, 0)
}

// wall is a time by the loop's steady clock as the machine's shows it; 0 stays 0.
func (w *worker) wall(t int64) int64 {
	if t == 0 {
		return 0
	}
	return w.loop.Wall(t)
}

// Tick is called a few times a second: wills and sessions come to their time.
func (w *worker) Tick() {
	w.keeping.Shrink()
	w.queues.Runs.Look()
	w.readStopped()
	w.tickDigest()
	w.lookRound()
	w.lookBehind()
	w.goOnPatrol()
	w.lookAtGroups()
	for now := w.loop.Steady(); ; {
		c := w.schedule.due(now)
		if c == nil {
			return
		}
		if c.endAt != 0 && c.endAt <= now {
			w.debug(c, "session expired")
			w.counts.expired++
			w.endSession(c)
			continue
		}
		w.publishWill(c)
		w.schedule.set(c)
	}
}

// endSessions ends the sessions that wait in the process's memory alone: it ends.
func (w *worker) endSessions() {
	for _, c := range w.clients {
		if c.session.Away() && c.enduring == nil {
			w.endSession(c)
		}
	}
}

// keepRetained queues the retained messages that were lined up for the client.
func (w *worker) keepRetained(c *client) {
	for i := range c.retained {
		p := &c.retained[i]
		if m, ok := w.current(p); ok {
			w.images.Reset()
			w.deliverTo(c, &p.grant, &m)
			w.recordRouted(recorder.Retained, p.message, nil, 0)
		}
	}
	c.stopRetained()
}

// owe remembers the PUBRECs that a connection left open.
func (w *worker) owe(c *client, owed session.Owed) {
	if w.owed == nil {
		w.owed = map[loop.Handle]owing{}
	}
	w.owed[c.conn.Handle()] = owing{c, owed}
}

// forgetOwed forgets what is owed no longer.
func (w *worker) forgetOwed(over func(owing) bool) {
	for h, o := range w.owed {
		if over(o) {
			delete(w.owed, h)
		}
	}
}

// settleOwed takes the log's word for a message whose connection has ended.
func (w *worker) settleOwed(h loop.Handle, p session.Place, a session.Answer, err error) {
	o, ok := w.owed[h]
	if !ok {
		return
	}
	c := o.client
	var before []byte
	if !c.session.Away() {
		before = c.conn.Output()
	}
	after, again := c.session.SettleOwed(before, o.owed, p, a)
	w.forgetOwed(func(o owing) bool { return o.client == c && !c.session.Owes(o.owed) })
	switch {
	case c.session.Away():
	case err != nil && again && !c.session.CanRefuse():
		w.end(c, err)
	default:
		w.send(c, before, after)
	}
}

// tellQueues adds what the queues of this loop hold to the broker's sum, and learns
// whether there may be more.
func (w *worker) tellQueues() {
	sum := &w.broker.queued
	if d := w.queues.Bytes - w.told; d != 0 {
		w.told = w.queues.Bytes
		sum.Add(d)
	}
	if d := w.queues.Waiting - w.toldWaits; d != 0 {
		w.toldWaits = w.queues.Waiting
		w.broker.waiting.Add(d)
	}
	w.renew()
}
