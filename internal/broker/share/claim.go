package share

import "slices"

// claims are, of a group that was read back, the messages at Reached or behind that a
// member has all the same: the node has ended after the member's record was written and
// before the group's. A claim without a member is done with.
type claims[M comparable] map[Place]*Member[M]

// Claim says, of a group that was read back, that the member has a message that the group
// has yet to take; false says that the group has taken it, or that another claims it.
func (g *Group[M]) Claim(who M, p Place) bool {
	m := g.member(who)
	if _, have := g.claims[p]; have || m == nil || p.At.Compare(g.stream(p.Stream).next) < 0 {
		return false
	}
	if g.claims == nil {
		g.claims = claims[M]{}
	}
	g.claims[p] = m
	m.Given++
	g.stale = true
	return true
}

// takeClaimed takes a message that is claimed; false says that it is not. What was taken
// before it and never given is written down from now on, as is what came back: the group
// begins behind it.
func (g *Group[M]) takeClaimed(p Place) bool {
	m, have := g.claims[p]
	if !have {
		return false
	}
	delete(g.claims, p)
	g.changed = true
	before := func(it *item[M]) bool { return it.place.Stream == p.Stream }
	for _, it := range g.fresh.rest() {
		if before(it) {
			it.given = true
			g.back.push(it)
		}
	}
	g.fresh.remove(before)
	g.sortBack()
	if m != nil {
		it := g.item(p)
		g.order++
		it.order, it.member, it.given = g.order, m, true
		s := g.stream(p.Stream)
		s.open = append(s.open, it)
	}
	return true
}

// ackClaimed is done with a message that the member claims; false says that it does not.
func (g *Group[M]) ackClaimed(who M, p Place) bool {
	m := g.claims[p]
	if m == nil || m.Who != who {
		return false
	}
	g.claims[p] = nil
	m.Given--
	m.blocked, g.stale = false, true
	return true
}

// unclaim lets others have what the member claims, but for keeps.
func (g *Group[M]) unclaim(m *Member[M], keeps []Place) {
	for p, who := range g.claims {
		if who == m && !slices.Contains(keeps, p) {
			delete(g.claims, p)
			m.Given--
		}
	}
}

// expireClaims forgets claims of messages before the place: the log did not bring them.
func (g *Group[M]) expireClaims(before Place) {
	for p, m := range g.claims {
		if p.Stream == before.Stream && p.At.Compare(before.At) < 0 {
			delete(g.claims, p)
			if m != nil {
				m.Given--
				g.stale = true
			}
		}
	}
}
