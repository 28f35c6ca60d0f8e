package broker

import (
	"github.com/millrace/millrace/internal/broker/histogram"
	"github.com/millrace/millrace/internal/fault"
)

// tally is what one connection did.
type tally struct {
	messagesIn, messagesOut uint64
	bytesIn, bytesOut       uint64
}

// missed counts a message that the client did not get.
// The recorder has it already.
func (w *worker) missed(c *client, code fault.Code) { w.countLost(c, code, 1) }

// lost counts n messages that the client did not get, and notes that.
func (w *worker) lost(c *client, code fault.Code, n int) {
	w.countLost(c, code, n)
	w.recordLost(c, code, n)
}

func (w *worker) countLost(c *client, code fault.Code, n int) {
	w.counts.dropped[code] += uint64(n)
	t := &c.ownSeldom().troubles
	t.drop(code, uint64(n))
	t.failed(code, w.loop.Now())
	if code == fault.SlowReader {
		t.missUnread(n, w.loop.Now())
	}
}

// lags are the times that one loop measures.
type lags struct {
	// deliver is from the arrival of a message to the hand-over to its receiver's
	// socket, for messages that did not have to wait in a queue.
	deliver histogram.Histogram
	// connect is from the turn that a connection came to its loop, after any TLS
	// handshake, to its CONNACK.
	connect histogram.Histogram
}

// delivered counts a message that goes to a client now and came at that time. What
// came in this very turn leaves at its end: the time is taken then, once for all.
func (w *worker) delivered(at int64) {
	if lag := w.loop.Now() - at; lag > 0 {
		w.counts.lags.deliver.Add(lag, 1)
		return
	}
	w.prompt++
}

// timeDeliveries counts what came and left in this turn.
func (w *worker) timeDeliveries() {
	if w.prompt > 0 {
		w.counts.lags.deliver.Add(w.options.Now().UnixNano()-w.loop.Now(), w.prompt)
		w.prompt = 0
	}
}
