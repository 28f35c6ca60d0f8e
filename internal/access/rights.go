package access

import (
	"net"
	"net/netip"
	"sync"
)

// Who is whom rules are asked about.
type Who struct {
	Identity *Identity
	ClientID string
	Listener string
	// Address is the zero value for a Unix socket.
	Address netip.Addr
}

func whoIs(id *Identity, l *Login) Who {
	if id == nil {
		id = anonymous
	}
	return Who{Identity: id, ClientID: l.ClientID, Listener: l.Listener, Address: addressOf(l.Remote)}
}

func addressOf(a net.Addr) netip.Addr {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// Rights are what one client may do: the rules that concern it, in their order. It is
// never changed, and asking it allocates nothing.
type Rights struct {
	who   Who
	rules []*rule // shared by clients that the same rules concern
	allow bool
}

// RightsOf finds the rules that concern a client; nil is everything.
func (r *Rules) RightsOf(w Who) *Rights {
	if !r.some || w.Identity.Superuser {
		return nil
	}
	rules := r.sets.of(r.list, &w)
	if len(rules) == 0 && r.allow {
		return nil
	}
	return &Rights{who: w, rules: rules, allow: r.allow}
}

// MayPublish says whether the first rule that is about the message allows it.
func (g *Rights) MayPublish(topic []byte, qos byte, retain bool) bool {
	ok, _ := g.publish(topic, qos, retain)
	return ok
}

func (g *Rights) publish(topic []byte, qos byte, retain bool) (bool, *rule) {
	if len(topic) == 0 {
		return false, nil
	}
	for _, r := range g.rules {
		if r.about(publishes, qos, retain) && r.matches(topic, &g.who) {
			return r.allow, r
		}
	}
	return g.allow, nil
}

func (r *rule) matches(name []byte, w *Who) bool {
	if len(r.topics) == 0 {
		return true
	}
	for i := range r.topics {
		if p := &r.topics[i]; p.matches(name, w) && p.usable(w) {
			return true
		}
	}
	return false
}

// MaySubscribe says whether a subscription is allowed. A rule that allows decides when
// one of its topics covers the whole filter: every name that the filter matches. A rule
// that denies decides as soon as one name matches both: so a subscription to # cannot
// bring what a rule denies. Rules are not added up: two that allow half each allow
// neither.
func (g *Rights) MaySubscribe(filter []byte, qos byte) bool {
	ok, _ := g.subscribe(filter, qos)
	return ok
}

func (g *Rights) subscribe(filter []byte, qos byte) (bool, *rule) {
	if len(filter) == 0 {
		return false, nil
	}
	for _, r := range g.rules {
		if r.about(subscribes, qos, false) && r.holds(filter, &g.who) {
			return r.allow, r
		}
	}
	return g.allow, nil
}

// holds says whether the rule decides about the filter.
func (r *rule) holds(filter []byte, w *Who) bool {
	if len(r.topics) == 0 {
		return true
	}
	for i := range r.topics {
		p := &r.topics[i]
		if !p.usable(w) {
			continue
		}
		if r.allow && p.covers(filter, w) || !r.allow && p.overlaps(filter, w) {
			return true
		}
	}
	return false
}

// sets keeps one list of rules for all clients that the same rules concern.
type sets struct {
	mu   sync.Mutex
	made map[string][]*rule // by a bit for each rule; guarded by mu
}

// mostSets bounds the lists that are kept; further clients have lists of their own.
const mostSets = 1024

func newSets() *sets { return &sets{made: map[string][]*rule{}} }

func (s *sets) of(all []*rule, w *Who) []*rule {
	bits := make([]byte, (len(all)+7)/8)
	n := 0
	for i, r := range all {
		if r.concerns(w) {
			bits[i/8] |= 1 << (i % 8)
			n++
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if made, ok := s.made[string(bits)]; ok {
		return made
	}
	made := make([]*rule, 0, n)
	for i, r := range all {
		if bits[i/8]&(1<<(i%8)) != 0 {
			made = append(made, r)
		}
	}
	if len(s.made) < mostSets {
		s.made[string(bits)] = made
	}
	return made
}
