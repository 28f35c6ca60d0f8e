package bench

import (
	"context"
	"fmt"
	"net"
)

// prepare lays out the plan and makes loops and peers.
func (r *run) prepare(ctx context.Context) error {
	to, err := resolve(ctx, r.o.Addr)
	if err != nil {
		return err
	}
	if r.o.PID != 0 && r.o.Scenario != Durable { // whose broker may end and come back as another process
		if _, err := processUsage(r.o.PID); err != nil {
			return err
		}
	}
	base := r.o.Topic
	if r.o.Scenario != Pub {
		base = fmt.Sprintf("%s/%08x", base, r.number)
	}
	r.plan = newPlan(&r.o, base)
	for i := range r.o.Threads {
		l, err := newLoop(r.o, r.number, i, to, r.origin)
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		r.loops = append(r.loops, l)
		r.working.Go(l.work)
	}
	r.people()
	return nil
}

func resolve(ctx context.Context, addr string) (*net.TCPAddr, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("bench: address %q: must be host:port", addr)
	}
	n, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return nil, fmt.Errorf("bench: address %q: %w", addr, err)
	}
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("bench: address %q: %w", addr, err)
	}
	ip := ips[0]
	for _, other := range ips {
		if ip.IP.To4() == nil && other.IP.To4() != nil {
			ip = other
		}
	}
	return &net.TCPAddr{IP: ip.IP, Port: n, Zone: ip.Zone}, nil
}

// people makes the peers of the plan and deals them to the loops.
func (r *run) people() {
	n := len(r.loops)
	r.subscribers, r.publishers, r.idle = make([][]*peer, n), make([][]*peer, n), make([][]*peer, n)
	for i, s := range r.plan.subscribers {
		p := r.newPeer(i)
		r.addSubscriber(p, s)
		r.subscribers[i%n] = append(r.subscribers[i%n], p)
	}
	owners := r.addPublishers()
	for i := range r.plan.idle {
		p := r.newPeer(i)
		p.role = idler{}
		r.idle[i%n] = append(r.idle[i%n], p)
	}
	for _, l := range r.loops {
		if r.o.Scenario != Sub {
			l.owners = owners
		}
		if r.o.Scenario == Shared {
			l.ledger = make(ledger, r.plan.lanes)
		}
	}
}

// newPeer is the next client of the run, and the i-th of its kind.
func (r *run) newPeer(i int) *peer {
	p := &peer{loop: r.loops[i%len(r.loops)], version: r.o.Version, id: fmt.Sprintf("%s%08x-%d", r.o.ClientPrefix, r.number, r.peers)}
	if len(r.o.Sources) > 0 {
		p.source = r.o.Sources[r.peers%len(r.o.Sources)]
	}
	r.peers++
	return p
}

// addPublishers makes the publishers, and says who owns each lane.
func (r *run) addPublishers() []*publisher {
	n, owners := len(r.loops), make([]*publisher, 0, r.plan.lanes)
	for i, plan := range r.plan.publishers {
		p := r.newPeer(i)
		if r.o.Scenario == Durable && r.o.QoS == 2 {
			p.session = leaves // it holds what was begun
		}
		b := newPublisher(p, &r.o, plan, i, len(r.plan.publishers))
		p.role = b
		p.loop.publishers = append(p.loop.publishers, b)
		r.publishers[i%n] = append(r.publishers[i%n], p)
		for range plan.topics {
			owners = append(owners, b)
		}
	}
	return owners
}

func (r *run) addSubscriber(p *peer, plan subscriberPlan) {
	l := p.loop
	switch r.o.Scenario {
	case Retained:
		c := newCollector(p, &r.o, plan)
		p.role = c
		l.collectors = append(l.collectors, c)
	case Shared:
		m := newMember(p, &r.o, plan)
		if r.o.Lasting {
			p.session = leaves
		}
		p.role = m
		l.members = append(l.members, m)
	default:
		s := newSubscriber(p, &r.o, plan)
		if r.o.Scenario == Offline || r.o.Scenario == Durable {
			p.session = leaves
		}
		p.role = s
		l.subscribed = append(l.subscribed, s)
	}
}
