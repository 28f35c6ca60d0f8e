package broker

import (
	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// What waits for clients is counted as it is taken: a loop may hold as much in queues and
// in output as it has reserved of the node's pools, and reserves anew when a turn ends.

// The parts of a memory limit that things may take, as divisors of it.
const (
	outputPart    = 10 // of all connections; an output that grows is there twice
	queuePart     = 10 // of one client's queue, likewise
	retainedPart  = 5
	delayedPart   = 20
	strangersPart = 20
	inputPart     = 20
	unkeptPart    = 20 // of all loops together
	parcelsPart   = 40 // to one loop
)

// withinMemory lowers what is too much for the memory limit.
func (o *Options) withinMemory() {
	limit := int(min(o.Memory.Limit, 1<<62))
	if limit == 0 {
		return
	}
	set(&o.RetainedBytes, 256<<20)
	set(&o.DelayedBytes, 64<<20)
	o.SessionBytes = min(o.SessionBytes, int64(limit/5*2)) // a queue that grows is there twice
	o.RetainedBytes = min(o.RetainedBytes, limit/retainedPart)
	o.DelayedBytes = min(o.DelayedBytes, limit/delayedPart)
	o.StrangerBytes = min(o.StrangerBytes, limit/strangersPart)
	o.InputBytes = min(o.InputBytes, int64(limit/inputPart))
	o.MaxUnkept = min(o.MaxUnkept, limit/unkeptPart/o.Loops)
	o.Zone.withinMemory(limit)
}

func (z *Zone) withinMemory(limit int) {
	z.QueueBytes = min(z.QueueBytes, limit/queuePart)
}

// budget is what one loop may hold for clients.
type budget struct {
	queues, output *limit.Pool
	held           int64         // reserved of queues, in bytes
	mayHold        int64         // of output
	starved        []loop.Handle // have nothing under way, and wait for output to leave
}

// outputBytes bounds the output of all connections where there is no memory limit.
const outputBytes = 1 << 40

func (b *Broker) newBudget() budget {
	return budget{queues: b.queuePool, output: b.outputPool}
}

// outputBytes is how many bytes of output there may be.
func (o *Options) outputBytes() int64 {
	if o.Memory.Limit == 0 {
		return outputBytes
	}
	return int64(min(o.Memory.Limit, 1<<62)) / outputPart
}

// parcelBytes is how many bytes of parcels may wait for one loop.
func (o *Options) parcelBytes() int64 {
	const most = 16 << 20
	if o.Memory.Limit == 0 {
		return most
	}
	return int64(min(most, o.Memory.Limit/parcelsPart))
}

// renew reserves anew.
func (w *worker) renew() {
	k := &w.budget
	k.held = k.queues.Renew(k.held, w.queues.Bytes)
	w.queues.Most = max(k.held, 1)
	k.mayHold = k.output.Renew(k.mayHold, int64(w.loop.Waiting()))
	if w.queues.Most-w.queues.Bytes < w.options.SessionBytes/relieveAt {
		w.broker.relieve()
	}
	if len(w.budget.starved) > 0 {
		w.loop.Post(feedNow{})
	}
}

// relieveAt is which part of what all queues may hold is to be left to a loop: with less
// the longest queues are cut.
const relieveAt = 16

// mayTake says whether n bytes more may wait in the client's connection: it may have as
// much of what is left as it leaves to others, so that whoever has most is the first to
// get no more.
func (w *worker) mayTake(c *client, n int) bool {
	return int64(c.conn.Buffered()+n) <= w.budget.mayHold-int64(w.loop.Waiting())
}

// roomFor says whether a message that was lined up may go to the client now: nothing waits
// before it.
func (w *worker) roomFor(c *client, m *msg.Message) bool {
	if !c.conn.Open() || c.conn.Buffered() >= c.door.zone.OutputBuffer || c.session.Waiting() > 0 {
		return false
	}
	if !w.mayTake(c, len(m.Topic)+len(m.Payload)+len(m.Properties)+64) {
		w.starve(c)
		return false
	}
	return true
}

// feedNow is posted when clients are starved: output has left by then.
type feedNow struct{}

func (feedNow) on(w *worker) { w.feedStarved() }

// starve remembers a client that nothing would wake when output has left.
func (w *worker) starve(c *client) {
	if c.conn.Buffered() == 0 && !c.starved {
		c.ownSeldom().starved = true
		w.budget.starved = append(w.budget.starved, c.conn.Handle())
	}
}

// feedStarved lets them go on.
func (w *worker) feedStarved() {
	list := w.budget.starved
	w.budget.starved = nil
	for _, h := range list {
		if conn := w.loop.Conn(h); conn != nil {
			c := clientOf(conn)
			c.ownSeldom().starved = false
			w.goOn(c)
		}
	}
}

// missOutput counts a message of QoS 0 for whose output there is no memory.
func (w *worker) missOutput(c *client) (session.Outcome, fault.Code) {
	return session.Dropped, c.session.Miss(fault.QueueMemory)
}
