package bench

import (
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// filtersAtOnce is how many filters one SUBSCRIBE holds.
const filtersAtOnce = 100

// subscriber is a peer that receives and checks.
type subscriber struct {
	*peer
	qos     byte
	filters []string
	asked   int  // filters sent
	granted int  // of them, by SUBACK
	ready   bool // counted in loop.ready
	foreign bool // others publish: every run's messages count
	flows   map[uint64]*flow
	last    *flow // of lastKey: messages of one lane tend to follow each other
	lastKey uint64
}

func newSubscriber(p *peer, o *Options, plan subscriberPlan) *subscriber {
	s := &subscriber{peer: p, qos: o.QoS, filters: plan.filters, foreign: o.Scenario == Sub, flows: make(map[uint64]*flow, len(plan.lanes))}
	flows := make([]flow, len(plan.lanes))
	for i, lane := range plan.lanes {
		s.flows[key(p.loop.run, lane)] = &flows[i]
	}
	return s
}

func key(run, lane uint32) uint64 { return uint64(run)<<32 | uint64(lane) }

func (s *subscriber) up(int, int64) { s.ask() }

// ask subscribes to the next filters.
func (s *subscriber) ask() {
	to := min(s.asked+filtersAtOnce, len(s.filters))
	if to == s.asked {
		s.loop.ready++
		s.ready = true
		return
	}
	p := packet.Subscribe{ID: 1}
	for _, f := range s.filters[s.asked:to] {
		p.Filters = append(p.Filters, packet.Subscription{Filter: []byte(f), QoS: s.qos})
	}
	s.asked = to
	s.out = p.Append(s.out, s.version)
	s.touch()
}

func (s *subscriber) subscribed([]byte, int64) {
	s.granted = s.asked
	s.ask()
}

// rest has the subscriber be one that may not be sent to, until it is up again.
func (s *subscriber) rest() {
	if s.ready {
		s.ready = false
		s.loop.ready--
	}
	s.asked = s.granted
}

func (s *subscriber) acked(uint16, byte, int64) {
	s.loop.meter.strange++
}

func (s *subscriber) received(m *packet.Publish, now int64) {
	t, ok := readStamp(m.Payload)
	f := s.flow(t, ok)
	if f == nil {
		s.loop.meter.strange++
		return
	}
	if !f.take(t.seq) {
		return
	}
	s.loop.meter.last = now
	if s.session == resumes && !s.loop.o.online() {
		t.due = s.begun // it waited for us, not we for it
	}
	s.loop.meter.delivery(now - t.due)
	if !s.foreign {
		s.loop.delivered(t.lane)
	}
}

// flow finds the message's lane; nil when it is none of ours.
func (s *subscriber) flow(t stamp, ok bool) *flow {
	if !ok {
		return nil
	}
	k := key(t.run, t.lane)
	if s.last != nil && k == s.lastKey {
		return s.last
	}
	f := s.flows[k]
	if f == nil && s.foreign {
		// Publishers that were there before us: count from what comes first.
		f = &flow{next: t.seq}
		s.flows[k] = f
	}
	s.last, s.lastKey = f, k
	return f
}

// collector is a subscriber of retained messages: it subscribes, waits until it has
// them all, and subscribes again, which has the broker send them again
// [MQTT-3.8.4-3].
type collector struct {
	subscriber
	want    int
	rounds  uint64 // begun
	done    uint64
	got     int
	began   int64
	seen    map[uint32]uint64 // lane → round of its last message
	lost    uint64
	doubled uint64
}

func newCollector(p *peer, o *Options, plan subscriberPlan) *collector {
	c := &collector{want: len(plan.lanes), seen: make(map[uint32]uint64, len(plan.lanes))}
	c.subscriber = subscriber{peer: p, qos: o.QoS, filters: plan.filters}
	for _, lane := range plan.lanes {
		c.seen[lane] = 0
	}
	return c
}

func (c *collector) up(int, int64) { c.loop.ready++ }

func (c *collector) subscribed([]byte, int64) {}

// begin asks for another round.
func (c *collector) begin(now int64) {
	c.rounds++
	c.got, c.began, c.asked = 0, now, 0
	c.ask()
}

func (c *collector) received(m *packet.Publish, now int64) {
	if len(m.Payload) == 0 {
		return // a topic is cleared
	}
	t, ok := readStamp(m.Payload)
	if _, ours := c.seen[t.lane]; !ok || !ours || t.run != c.loop.run {
		c.loop.meter.strange++
		return
	}
	if c.seen[t.lane] == c.rounds {
		c.doubled++
		return
	}
	c.seen[t.lane] = c.rounds
	c.got++
	c.loop.meter.delivery(now - c.began)
	if c.got == c.want {
		c.finish(now)
	}
}

func (c *collector) finish(now int64) {
	c.done++
	if c.loop.collecting {
		c.begin(now)
	}
}

// forgive gives a round up that does not get on.
func (c *collector) forgive(now int64) {
	if c.busy() && now-c.began >= patience+int64(c.want)*1000 {
		c.lost += uint64(c.want - c.got)
		c.loop.meter.stalls++
		c.finish(now)
	}
}

func (c *collector) busy() bool { return c.rounds > c.done && c.state == up }
