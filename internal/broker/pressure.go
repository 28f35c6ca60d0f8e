package broker

import (
	"encoding/binary"

	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// awaitsLog says whether the packet has to wait for the log, and then pauses the client.
// It is asked before a packet is taken, so that what waits has changed nothing: while the
// log is busy not even those who come anew and anew can hand it more. A client whose
// next packet asks nothing of the log goes on.
func (w *worker) awaitsLog(c *client, frame []byte) bool {
	if packet.TypeOf(frame[0]) != packet.TypePublish || frame[0]>>1&3 == 0 || !c.session.Serving() {
		return false
	}
	switch {
	case c.full != notFull:
		w.hold(c)
	case w.turns.list != nil && w.turnHolds(frame), w.keeping.Busy() && w.isForLog(frame):
		w.awaitRoom(c)
	default:
		return false
	}
	return true
}

// isForLog says whether the log is to keep a PUBLISH of QoS 1 or 2. Of one whose topic is
// yet to be found, by an alias or by rewriting, it says so, too.
func (w *worker) isForLog(frame []byte) bool {
	name, ok := nameIn(frame)
	if !ok || w.rewrites != nil || len(name) == 0 || name[0] == '$' {
		return ok
	}
	m := msg.Message{Topic: name, QoS: 1, Retain: frame[0]&1 != 0}
	_, kept := w.streamFor(&m, w.routes.find(name))
	return kept
}

// nameIn is the topic name in a whole PUBLISH; !ok where there is none.
func nameIn(frame []byte) (name []byte, ok bool) {
	at := 1
	for at < len(frame) && frame[at]&0x80 != 0 {
		at++
	}
	if at++; at+2 > len(frame) {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(frame[at:]))
	if at += 2; at+n > len(frame) {
		return nil, false
	}
	return frame[at : at+n], true
}

// full says whether the log owes a client as many answers as it may have unanswered.
type full uint8

const (
	notFull full = iota
	usedUp       // its next message of QoS 1 or 2 has to wait
	holding      // paused: one waits
)

// hold reads a client no further whose receive maximum is used up.
func (w *worker) hold(c *client) {
	if c.full != holding {
		c.full = holding
		w.counts.held++
	}
	c.conn.Pause()
}

func (w *worker) unhold(c *client) {
	if c.full == holding {
		w.counts.held--
	}
	c.full = notFull
}

// awaitRoom reads a client no further until the log has less under way.
func (w *worker) awaitRoom(c *client) {
	k := &w.keeping
	if !c.waits {
		c.waits = true
		k.paused = append(k.paused, c.conn.Handle())
		k.Stopped(w.loop.Steady())
	}
	c.conn.Pause()
}

// insideMost is how many messages from inside the node wait for the log at most.
const insideMost = 256

// awaitsLogInside says whether a message from inside the node has to wait for the log. It
// is answered here when the log does not move, or too many wait.
func (w *worker) awaitsLogInside(p *publishing) bool {
	k := &w.keeping
	switch busy := k.Full() || p.message.QoS > 0 && k.Busy(); {
	case !busy && len(k.inside) == 0:
		return false
	case k.Still(w.loop.Steady()) || len(k.inside) >= insideMost:
		p.answer <- verdict{err: errLogBusy}
	default:
		k.inside = append(k.inside, p)
		k.Stopped(w.loop.Steady())
	}
	return true
}

// publishAwaited publishes what waited inside the node, as far as the log takes it now.
func (w *worker) publishAwaited() {
	waited := w.keeping.inside
	w.keeping.inside = nil
	for _, p := range waited {
		w.publishInside(p)
	}
}

// readOn ends the pause of those that waited for the log.
func (w *worker) readOn() {
	if w.keeping.Free() {
		w.readPaused()
		w.publishAwaited()
	}
}

// readStopped lets go on who waits for a log that stands: what asks for its word waits
// again, QoS 0 passes it by.
func (w *worker) readStopped() {
	now := w.loop.Steady()
	if w.keeping.Stands(now) {
		w.readPaused()
	}
	if w.keeping.Still(now) {
		w.publishAwaited()
	}
}

func (w *worker) readPaused() {
	k := &w.keeping
	for _, h := range k.paused {
		if conn := w.loop.Conn(h); conn != nil {
			c := clientOf(conn)
			c.waits = false
			w.mayReadOn(c)
		}
	}
	k.paused = k.paused[:0]
}

// passesBy says whether a message of QoS 0 goes to its receivers alone: the log stands.
func (w *worker) passesBy(m *msg.Message) bool {
	return m.QoS == 0 && w.keeping.Full() && w.keeping.Stands(w.loop.Steady())
}

// passedBy counts a message that the log was not given.
func (w *worker) passedBy(m *msg.Message) {
	w.counts.dropped[fault.Unavailable]++
	if w.recorder != nil {
		w.recorder.MessageBy(w.loop.Now(), m, recorder.Heading(recorder.Unkept, m, 0, 0).Because(fault.Unavailable), 0, nil)
	}
}

// errLogBusy answers who publishes from inside the node while the log does not move.
var errLogBusy = fault.New(fault.Unavailable, "The log cannot keep more messages at this moment: try again.")
