package bench

import "fmt"

// plan is who publishes and who subscribes what. Lanes are numbered over all
// publishers: the publisher's first lane and one more for each further topic.
type plan struct {
	idle        int // connections that do nothing
	publishers  []publisherPlan
	subscribers []subscriberPlan
	lanes       uint32
}

type publisherPlan struct {
	topics []string
	first  uint32 // lane of topics[0]
	fan    int    // how many subscribers get each message
}

type subscriberPlan struct {
	filters []string
	lanes   []uint32 // what must come; empty where others publish
}

// newPlan lays out the scenario. base begins every topic; it holds the run's own
// number where the run is both ends.
func newPlan(o *Options, base string) *plan {
	p := &plan{}
	switch o.Scenario {
	case Conn:
		p.idle = o.Connections
	case Pub:
		p.spread(o, base)
	case Sub:
		p.subscribe(o.Subscribers, o.Topic)
	case P2P, Offline:
		p.pairs(o.Publishers, base)
	case Fanout:
		p.fanout(o, base)
	case Fanin:
		p.fanin(o, base)
	case Shared:
		p.shared(o, base)
	case Wildcard:
		p.wildcard(o, base)
	case Retained:
		p.retained(o, base)
	case Durable:
		p.durable(o, base)
	}
	return p
}

func (p *plan) publisher(fan int, topics ...string) {
	p.publishers = append(p.publishers, publisherPlan{topics: topics, first: p.lanes, fan: fan})
	p.lanes += uint32(len(topics))
}

func (p *plan) subscribe(n int, filters ...string) {
	for range n {
		p.subscribers = append(p.subscribers, subscriberPlan{filters: filters})
	}
}

// all are the lanes of every publisher so far.
func (p *plan) all() []uint32 {
	lanes := make([]uint32, p.lanes)
	for i := range lanes {
		lanes[i] = uint32(i)
	}
	return lanes
}

// expectAll has every subscriber get every lane.
func (p *plan) expectAll() {
	all := p.all()
	for i := range p.subscribers {
		p.subscribers[i].lanes = all
	}
}

func (p *plan) spread(o *Options, base string) {
	for i := range o.Publishers {
		topics := make([]string, o.Topics)
		for t := range topics {
			topics[t] = fmt.Sprintf("%s/%d/%d", base, i, t)
		}
		p.publisher(0, topics...)
	}
}

func (p *plan) pairs(n int, base string) {
	for i := range n {
		name := fmt.Sprintf("%s/%d", base, i)
		p.publisher(1, name)
		p.subscribers = append(p.subscribers, subscriberPlan{filters: []string{name}, lanes: []uint32{uint32(i)}})
	}
}

func (p *plan) fanout(o *Options, base string) {
	for range o.Publishers {
		p.publisher(o.Subscribers, base+"/all")
	}
	p.subscribe(o.Subscribers, base+"/all")
	p.expectAll()
}

func (p *plan) fanin(o *Options, base string) {
	for i := range o.Publishers {
		p.publisher(o.Subscribers, fmt.Sprintf("%s/%d", base, i))
	}
	p.subscribe(o.Subscribers, base+"/+")
	p.expectAll()
}

// shared has a topic for each publisher and one group that gets them all between
// its members.
func (p *plan) shared(o *Options, base string) {
	for i := range o.Publishers {
		p.publisher(1, fmt.Sprintf("%s/%d", base, i))
	}
	p.subscribe(o.Subscribers, "$share/bench/"+base+"/+")
}

// dealTopics gives each topic to one publisher, in turn, and returns each topic's
// lane. A publisher without a topic is left out.
func (p *plan) dealTopics(o *Options, fan int, name func(t int) string) []uint32 {
	lanes := make([]uint32, o.Topics)
	for i := range min(o.Publishers, o.Topics) {
		var mine []string
		for t := i; t < o.Topics; t += o.Publishers {
			lanes[t] = p.lanes + uint32(len(mine))
			mine = append(mine, name(t))
		}
		p.publisher(fan, mine...)
	}
	return lanes
}

// wildcard gives each topic as many filters of three forms as it takes, each to
// another subscriber, so that no client gets a message by two filters.
func (p *plan) wildcard(o *Options, base string) {
	forms := []string{base + "/t/%d/+", base + "/+/%d/v", base + "/t/%d/#"}
	fan := o.Subscriptions / o.Topics
	lanes := p.dealTopics(o, fan, func(t int) string { return fmt.Sprintf("%s/t/%d/v", base, t) })
	p.subscribe(o.Subscribers)
	for t := range o.Topics {
		for i := range fan {
			s := &p.subscribers[(t*fan+i)%o.Subscribers]
			s.filters = append(s.filters, fmt.Sprintf(forms[i%len(forms)], t))
			s.lanes = append(s.lanes, lanes[t])
		}
	}
}

func (p *plan) retained(o *Options, base string) {
	p.dealTopics(o, o.Subscribers, func(t int) string { return fmt.Sprintf("%s/%d", base, t) })
	p.subscribe(o.Subscribers, base+"/+")
	p.expectAll()
}

// durable gives each session a topic and has the publishers share them; for Accept
// each publisher has its own, and all sessions everything. Of those the first comes
// back for it.
func (p *plan) durable(o *Options, base string) {
	switch o.Durable.Step {
	case Accept:
		p.spread(o, base)
		p.subscribe(o.Durable.Sessions, base+"/#")
		if o.Durable.Sessions > 0 {
			p.subscribers[0].lanes = p.all()
		}
	default:
		name := func(t int) string { return fmt.Sprintf("%s/%d", base, t) }
		for t, lane := range p.dealTopics(o, 1, name) {
			p.subscribers = append(p.subscribers, subscriberPlan{filters: []string{name(t)}, lanes: []uint32{lane}})
		}
	}
}

// clients is how many connections the plan takes.
func (p *plan) clients() int { return p.idle + len(p.publishers) + len(p.subscribers) }
