package broker

import (
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/broker/retain"
	"github.com/millrace/millrace/internal/broker/sys"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// System says what the node tells about itself below $SYS.
type System struct {
	// Node and Version are the node's name and the program's version.
	Node, Version string
	// Interval is the time between two tellings; 0 is 10 s, less than 0 never.
	Interval time.Duration
	// NoMosquitto and NoEMQX leave a dialect out.
	NoMosquitto, NoEMQX bool
}

func (s *System) defaults() {
	set(&s.Node, "millrace")
	set(&s.Version, "unknown")
	set(&s.Interval, 10*time.Second)
}

// system tells what stands below $SYS. The clock says when, and the first loop tells,
// whichever is the last to be counted: so nobody gets older figures behind newer ones.
// Its messages are in no stream and no limit of retained messages.
type system struct {
	options System
	started time.Time
	stands  *retain.Store // what new subscribers get
	due     atomic.Int64  // when to tell next, ns since 1970
	wanted  atomic.Bool   // somebody listened at the last tick

	mosquitto sys.Mosquitto // both are the first loop's
	emqx      sys.EMQX
}

func newSystem(o System, now time.Time) *system {
	return &system{options: o, started: now, stands: retain.New(systemTopics, 0)}
}

// systemTopics bounds the topics that stand below $SYS: there are about 200.
const systemTopics = 10_000

// tick begins a telling when it is time, or when somebody has begun to listen.
func (s *system) tick(b *Broker) {
	if wanted := b.router.systemWanted(); s.wanted.Swap(wanted) != wanted && wanted {
		s.due.Store(0)
	}
	now, due, interval := b.options.Now().UnixNano(), s.due.Load(), int64(s.options.Interval)
	if interval > 0 && (now >= due || due > now+interval) && s.due.CompareAndSwap(due, now+interval) {
		c := &census{}
		c.left.Store(int32(len(b.workers)))
		b.post(c)
	}
}

// census adds up what only the loops know. It goes through all of them when
// somebody listens.
type census struct {
	left                        atomic.Int32
	inflight, queued, queuedLen atomic.Int64
}

func (v *census) on(w *worker) { w.countFor(v) }

// counted is a census that all loops have answered.
type counted struct{ *census }

func (v counted) on(w *worker) { w.tell(v.census) }

// countFor counts this loop's clients; behind the last loop the first one tells.
func (w *worker) countFor(c *census) {
	if w.broker.router.systemWanted() {
		for _, k := range w.clients {
			messages, bytes := k.session.Backlog()
			c.inflight.Add(int64(k.session.Inflight()))
			c.queued.Add(int64(messages))
			c.queuedLen.Add(int64(bytes))
		}
	}
	if c.left.Add(-1) == 0 {
		w.broker.workers[0].loop.Post(counted{c})
	}
}

// tell publishes the figures.
func (w *worker) tell(c *census) {
	s, f := w.broker.system, w.broker.figures(c)
	if !s.options.NoMosquitto {
		s.mosquitto.Step(f, w.tellOne)
	}
	if !s.options.NoEMQX {
		s.emqx.Step(f, w.tellOne)
	}
}

func (w *worker) tellOne(topic, payload string) {
	w.publishSystem(&msg.Message{Topic: []byte(topic), Payload: []byte(payload), Retain: true})
}

// publishSystem routes a message of the node's own below $SYS.
func (w *worker) publishSystem(m *msg.Message) {
	m.Time = w.loop.Now()
	if w.broker.router.systemWanted() {
		r := w.routes.find(m.Topic)
		w.recordOwn(m, r, -1, w.route(r, m, nil))
	} else if m.Retain {
		w.retain(m, nil)
	}
}

// retainedOn is the store of retained messages that a topic or filter is looked up
// in.
func retainedOn[T string | []byte](b *Broker, topic T) *retain.Store {
	if len(topic) > len(sys.Root) && string(topic[:len(sys.Root)]) == sys.Root {
		return b.system.stands
	}
	return b.retained
}

// figures reads the counts as $SYS has them.
func (b *Broker) figures(c *census) *sys.Figures {
	st := b.Stats()
	f := &sys.Figures{
		Version: b.system.options.Version, Node: b.system.options.Node, Started: b.system.started, Now: b.options.Now(),
		Connected: st.Connections, Disconnected: max(st.Sessions-st.Connections, 0), Expired: st.SessionsExpired, Sockets: b.accepted.Load(),
		BytesIn: st.BytesIn, BytesOut: st.BytesOut, PacketsIn: st.PacketsIn, PacketsOut: st.PacketsOut,
		PublishBytesIn: st.PublishBytesIn, PublishBytesOut: st.PublishBytesOut,
		MessagesIn: st.MessagesIn, MessagesOut: st.MessagesOut,
		NoSubscriber: st.Dropped[fault.NoSubscriber], Expiries: st.Dropped[fault.Expired],
		QueueFull: st.Dropped[fault.QueueFull], TooLarge: st.Dropped[fault.PacketTooLarge],
		Subscriptions: st.Subscriptions, Shared: b.router.shared.Load(), Topics: int64(b.router.tree.Filters()),
		Delayed: st.Delayed, Inflight: c.inflight.Load(), Queued: c.queued.Load(), QueuedBytes: c.queuedLen.Load(),
		Heap: heapBytes(),
	}
	for _, n := range st.Dropped {
		f.Dropped += n
	}
	f.Dropped -= f.NoSubscriber + f.Expiries
	retained, bytes := b.retained.Len()
	f.Retained, f.RetainedBytes = int64(retained), int64(bytes)
	return f
}

func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// countPublish counts the bytes of a PUBLISH from a client.
func (w *worker) countPublish(frame []byte) {
	if packet.TypeOf(frame[0]) == packet.TypePublish {
		w.counts.publishBytesIn += uint64(len(frame))
	}
}
