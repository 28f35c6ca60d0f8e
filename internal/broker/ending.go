package broker

import (
	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// endings are the durable sessions that have ended, by client identifier, until the
// journal has that. A crash before brings them back, so nobody is told of the end before:
// a CONNECT for the identifier waits, and a client that ended its session by DISCONNECT
// sees its connection closed only then.
type endings map[string]*ending

// ending is one of them. Its record goes when the log has its will: a crash in between
// finds the one or the other.
type ending struct {
	turn   uint8         // of the session's last writing
	will   msg.Origin    // published, and not in the log yet; 0 is none
	comes  []loop.Handle // connections whose CONNECT waits
	closes []loop.Handle // connections to be closed
}

// ends notes that the session is no more, of which turn was the last writing.
func (k *scribe) ends(id string, turn uint8) {
	if k.ending == nil {
		k.ending = endings{}
	}
	k.ending[id] = &ending{turn: turn}
	k.ended = append(k.ended, id)
}

// fires notes that the will of a durable session is about to be published.
func (w *worker) fires(c *client, m *msg.Message) {
	if !m.Origin.Will() {
		return
	}
	if _, kept := w.streamFor(m, w.routes.find(m.Topic)); !kept {
		return
	}
	if w.clients[c.id] == c {
		c.enduring.firing = m
		return
	}
	w.scribe.behind(c.id, m)
}

// behind has the end of the session that has just ended written when the log has the will.
func (k *scribe) behind(id string, will *msg.Message) {
	e, last := k.ending[id], len(k.ended)-1
	if e == nil || will == nil {
		return
	}
	e.will = will.Origin
	if last >= 0 && k.ended[last] == id {
		k.ended = k.ended[:last]
	}
}

// fired notes that the log has spoken of a will.
func (w *worker) fired(m *msg.Message) {
	id := string(m.Publisher)
	if e := w.scribe.ending[id]; e != nil && e.will == m.Origin {
		e.will = 0
		w.scribe.ended = append(w.scribe.ended, id)
		return
	}
	if c := w.clients[id]; c != nil && c.enduring != nil && c.enduring.firing != nil && c.enduring.firing.Origin == m.Origin {
		c.enduring.firing = nil
		w.alter(c)
	}
}

// awaitsEnd says that the client is admitted later: the CONNECT ends a durable session,
// or comes for one that has ended.
func (w *worker) awaitsEnd(c *client, p *packet.Connect, id string, assigned bool) bool {
	if old := w.clients[id]; old != nil && old.enduring != nil {
		w.endOld(old, p.CleanStart || old.another(c))
	}
	e := w.scribe.ending[id]
	if e == nil {
		return false
	}
	e.comes = append(e.comes, c.conn.Handle())
	c.ownSeldom().asking = &asking{frame: p.Append(nil, p.Version), id: id, assigned: assigned, order: c.order}
	c.conn.Pause()
	return true
}

// endOld ends a durable session that nobody gets: it is not wanted, or its time is up.
func (w *worker) endOld(old *client, unwanted bool) {
	id := old.id
	if unwanted && !old.session.Away() {
		w.end(old, errTakenOver)
	}
	if old = w.clients[id]; old == nil {
		return
	}
	expired := old.session.Away() && old.endAt != 0 && old.endAt <= w.loop.Steady()
	if expired {
		w.counts.expired++
	}
	if expired || unwanted {
		w.endSession(old)
	}
}

// closes has the connection closed when the end of its session is written; false says
// that the session has not just ended.
func (k *scribe) closes(c *client) bool {
	e := k.ending[c.id]
	if e == nil {
		return false
	}
	e.closes = append(e.closes, c.conn.Handle())
	c.conn.Pause()
	c.conn.Wake(0)
	return true
}

// goneForGood lets those go on who waited for what the journal now has.
func (w *worker) goneForGood() {
	for _, id := range w.scribe.gone {
		e := w.scribe.ending[id]
		delete(w.scribe.ending, id)
		w.closeEnded(e)
		for _, h := range e.comes {
			if conn := w.loop.Conn(h); conn != nil && clientOf(conn).asking != nil {
				w.decideAsked(clientOf(conn), Verdict{Identity: clientOf(conn).identity})
				if conn.Open() {
					w.mayReadOn(clientOf(conn))
				}
			}
		}
	}
}

// notGone turns those away who waited for what the journal has refused.
func (w *worker) notGone(err error) {
	for _, id := range w.scribe.gone {
		e := w.scribe.ending[id]
		w.closeEnded(e)
		for _, h := range e.comes {
			if conn := w.loop.Conn(h); conn != nil && clientOf(conn).asking != nil {
				clientOf(conn).stopAsking()
				w.refuse(clientOf(conn), err)
			}
		}
		e.comes = nil
	}
}

func (w *worker) closeEnded(e *ending) {
	for _, h := range e.closes {
		if conn := w.loop.Conn(h); conn != nil {
			conn.Close()
		}
	}
	e.closes = nil
}
