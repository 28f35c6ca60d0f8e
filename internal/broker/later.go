package broker

import (
	"hash/maphash"

	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/msg"
)

// later counts the messages of one loop that are routed when the log has them: those
// of QoS 2, and those that came behind one of the same publisher, so that none is
// overtaken. They are counted by hashes of publishers and topics. Two that share a
// place cost each other no more than the wait for the log.
type later struct {
	count  int
	seed   maphash.Seed
	counts *[laterPlaces]uint32 // nil until the first
}

const laterPlaces = 1024

// add counts a message that waits (1) or is about to be routed (-1).
func (l *later) add(m *msg.Message, n int) {
	if l.counts == nil {
		l.seed, l.counts = maphash.MakeSeed(), new([laterPlaces]uint32)
	}
	l.count += n
	l.counts[l.place(m.Publisher)] += uint32(n)
	l.counts[l.place(m.Topic)] += uint32(n)
}

func (l *later) place(name []byte) uint64 { return maphash.Bytes(l.seed, name) % laterPlaces }

// hasOf says whether a message of that publisher waits; one does of somebody.
func (l *later) hasOf(publisher []byte) bool { return l.counts[l.place(publisher)] > 0 }

// has says whether a message of m's publisher or topic waits.
func (l *later) has(m *msg.Message) bool {
	return l.count > 0 && (l.hasOf(m.Publisher) || l.counts[l.place(m.Topic)] > 0)
}

// routeLater routes what has waited for the log's word on a batch, in its order. Of
// what the log refused only QoS 0 goes anywhere: the others' publishers are told, and
// may publish them anew.
func (w *worker) routeLater(c *committal) {
	m := &w.kept
	for _, l := range c.batch.Later {
		if _, err := msg.ReadRecord(c.batch.Record(l.Place), m, c.batch.Base); err != nil {
			break // cannot be: the records were written by this process
		}
		w.keeping.later.add(m, -1)
		if c.err == nil || m.QoS == 0 && m.Origin == 0 || m.Origin.Will() {
			w.routeFrom(loop.Handle(l.From), m)
		}
		w.doneDelayed(m, c.err)
		if m.Origin.Will() {
			w.fired(m)
		}
	}
	*m = msg.Message{}
}

// routeFrom routes a message of that connection's client, who may have gone or come
// back on another one; 0 is nobody's.
func (w *worker) routeFrom(h loop.Handle, m *msg.Message) {
	if conn := w.loop.Conn(h); h != 0 && conn != nil {
		c := clientOf(conn)
		r := w.routeOf(c, m.Topic)
		w.recordRouted(recorder.Later, m, r, w.route(r, m, c))
		return
	}
	var from *client
	if h != 0 {
		from = w.clients[string(m.Publisher)]
	}
	r := w.routes.find(m.Topic)
	w.recordRouted(recorder.Later, m, r, w.route(r, m, from))
}
