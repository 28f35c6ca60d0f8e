package broker

import (
	"github.com/millrace/millrace/internal/broker/recorder"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// TopicCount is what was counted of one topic filter.
type TopicCount struct {
	Filter            string
	Since             time.Time
	In, Out           [3]uint64 // messages by QoS
	Dropped           uint64    // messages that a subscriber did not get
	BytesIn, BytesOut uint64    // of payloads
	InRate, OutRate   float64   // messages a second, of the last seconds
}

// meter counts the messages of one filter. Loops add to it, so long as their routes
// know it.
type meter struct {
	entry             *subscription
	since             time.Time
	in, out           [3]atomic.Uint64
	dropped           atomic.Uint64
	bytesIn, bytesOut atomic.Uint64

	marks []mark // for the rates, oldest first; meters.mu guards them
}

// mark is what had been counted at a time.
type mark struct {
	at      int64
	in, out uint64
}

// meters are the filters that are counted on demand.
type meters struct {
	mu   sync.Mutex
	list []*meter // mu guards it
}

// metered is the message in hand, when somebody counts it.
type metered struct {
	meters []*meter
	size   int // of the payload
}

// CountTopic begins to count the messages of a topic filter.
func (b *Broker) CountTopic(filter string) (TopicCount, error) {
	if err := topic.ValidFilter([]byte(filter)); err != nil {
		return TopicCount{}, err
	}
	if strings.HasPrefix(filter, "$share/") {
		return TopicCount{}, fault.New(fault.SharedUnsupported, "Give the filter without $share.")
	}
	m := &b.meters
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.find(filter) >= 0:
		return TopicCount{}, fault.New(fault.Conflict, "%q is counted already.", shown(filter))
	case len(m.list) >= b.options.TopicMeters:
		return TopicCount{}, fault.New(fault.TooMany, "%d topic filters are counted, which is the limit. End one first.", len(m.list))
	}
	n := &meter{since: b.options.Now()}
	n.entry = &subscription{meter: n, filter: filter}
	m.list = append(m.list, n)
	b.router.add(n.entry)
	return n.read(), nil
}

// UncountTopic counts the filter's messages no more.
func (b *Broker) UncountTopic(filter string) error {
	m := &b.meters
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.find(filter)
	if i < 0 {
		return fault.New(fault.NotFound, "%q is not counted.", shown(filter))
	}
	b.router.remove(m.list[i].entry)
	m.list = slices.Delete(m.list, i, i+1)
	return nil
}

func (m *meters) find(filter string) int {
	return slices.IndexFunc(m.list, func(n *meter) bool { return n.entry.filter == filter })
}

// TopicCounts is what is counted, by filter.
func (b *Broker) TopicCounts() []TopicCount {
	m := &b.meters
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]TopicCount, len(m.list))
	for i, n := range m.list {
		all[i] = n.read()
	}
	slices.SortFunc(all, func(x, y TopicCount) int { return strings.Compare(x.Filter, y.Filter) })
	return all
}

// mostMarks is how many marks a rate is taken over: about five seconds of ticks.
const mostMarks = 20

// mark lets the rates go on; the clock calls it.
func (m *meters) mark(now int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.list {
		if len(n.marks) == mostMarks {
			n.marks = append(n.marks[:0], n.marks[1:]...)
		}
		n.marks = append(n.marks, mark{now, sumOf(&n.in), sumOf(&n.out)})
	}
}

func sumOf(byQoS *[3]atomic.Uint64) (n uint64) {
	for i := range byQoS {
		n += byQoS[i].Load()
	}
	return n
}

func (n *meter) read() TopicCount {
	c := TopicCount{Filter: n.entry.filter, Since: n.since, Dropped: n.dropped.Load(), BytesIn: n.bytesIn.Load(), BytesOut: n.bytesOut.Load()}
	for i := range c.In {
		c.In[i], c.Out[i] = n.in[i].Load(), n.out[i].Load()
	}
	if last := len(n.marks) - 1; last > 0 && n.marks[last].at > n.marks[0].at {
		from, to := n.marks[0], n.marks[last]
		span := float64(to.at-from.at) / 1e9
		c.InRate, c.OutRate = float64(to.in-from.in)/span, float64(to.out-from.out)/span
	}
	return c
}

// meterIn counts a message that is being routed, and lets those who get it count,
// too, until the metering is taken back.
func (w *worker) meterIn(r *route, m *msg.Message) {
	w.metered = metered{r.meters, len(m.Payload)}
	for _, n := range r.meters {
		n.in[m.QoS].Add(1)
		n.bytesIn.Add(uint64(len(m.Payload)))
	}
}

// deliverHere gives a message of another loop to this loop's receivers. It was
// counted where it came in.
func (w *worker) deliverHere(m *msg.Message) {
	r := w.routes.find(m.Topic)
	w.metered = metered{r.meters, len(m.Payload)}
	n := w.deliver(r, m, nil)
	w.meterEnd()
	if m.QoS > 0 {
		n = 0 // they are listed
	}
	w.recordRouted(recorder.Arrived, m, r, n)
}

func (w *worker) meterEnd() { w.metered.meters = nil }

// meterOut counts what became of the message in hand for one receiver.
func (w *worker) meterOut(qos byte, outcome session.Outcome) {
	for _, n := range w.metered.meters {
		if outcome == session.Dropped {
			n.dropped.Add(1)
			continue
		}
		n.out[qos].Add(1)
		n.bytesOut.Add(uint64(w.metered.size))
	}
}
