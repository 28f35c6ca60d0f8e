package broker

import (
	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/msg"
)

// routeLater routes what has waited for the log's word on a batch, in its order. Of
// what the log refused only QoS 0 goes anywhere: the others' publishers are told, and
// may publish them anew.
func (w *worker) routeLater(c *committal) {
	m := &w.kept
	for _, l := range c.batch.Later {
		if _, err := msg.ReadRecord(c.batch.Record(l.Place), m, c.batch.Base); err != nil {
			break // cannot be: the records were written by this process
		}
		w.keeping.Routed(m)
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
