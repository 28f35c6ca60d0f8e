package share

import "slices"

// Member is one member of a group.
type Member[M comparable] struct {
	Who   M
	Given int // messages that it has

	credit  int
	present bool
	blocked bool
}

// able are the members that can take one message more, oldest first.
func (g *Group[M]) able() []*Member[M] {
	if g.stale {
		g.stale, g.free = false, g.free[:0]
		for _, m := range g.members {
			if m.present && !m.blocked && m.Given < m.credit {
				g.free = append(g.free, m)
			}
		}
	}
	return g.free
}

// Return takes a message back that the member could not take. It gets no other until it
// has acknowledged one, or Unblock.
func (g *Group[M]) Return(who M, p Place) {
	if it := g.stream(p.Stream).find(p.At); it != nil && it.member != nil && it.member.Who == who {
		it.member.blocked, g.stale = true, true
		g.giveBack([]*item[M]{it})
	}
}

// Unblock lets those try again who could not take a message.
func (g *Group[M]) Unblock() {
	for _, m := range g.members {
		g.stale = g.stale || m.blocked
		m.blocked = false
	}
}

// giveBack lets others have the items.
func (g *Group[M]) giveBack(items []*item[M]) {
	for _, it := range items {
		g.take(it)
		it.member = nil
		if it.there {
			g.back.push(it)
		}
	}
	g.sortBack()
}

func (g *Group[M]) sortBack() {
	slices.SortFunc(g.back.rest(), func(a, b *item[M]) int { return int(int64(a.order - b.order)) })
}

// Here says that the member is there and takes so many messages at one time.
func (g *Group[M]) Here(who M, credit int) {
	m := g.member(who)
	if m == nil {
		m = &Member[M]{Who: who}
		g.members = append(g.members, m)
	}
	m.credit, m.present, m.blocked, g.stale = credit, true, false, true
}

func (g *Group[M]) member(who M) *Member[M] {
	if i := slices.IndexFunc(g.members, func(m *Member[M]) bool { return m.Who == who }); i >= 0 {
		return g.members[i]
	}
	return nil
}

// Away says that the member has left and may come back; it keeps what is in keeps. Others
// get the rest of what it had.
func (g *Group[M]) Away(who M, keeps []Place) {
	m := g.member(who)
	if m == nil {
		m = &Member[M]{Who: who}
		g.members = append(g.members, m)
	}
	m.present, g.stale = false, true
	g.giveBack(g.but(m, keeps))
	g.unclaim(m, keeps)
}

// Gone says that the member has left for good. What is in keeps is done with, and others
// get the rest of what it had.
func (g *Group[M]) Gone(who M, keeps []Place) {
	m := g.member(who)
	if m == nil {
		return
	}
	g.giveBack(g.but(m, keeps))
	g.unclaim(m, keeps)
	for _, p := range keeps {
		g.Ack(who, p)
	}
	g.members = slices.DeleteFunc(g.members, func(have *Member[M]) bool { return have == m })
	g.stale = true
}

// but are the items of a member that are not in keeps.
func (g *Group[M]) but(m *Member[M], keeps []Place) (items []*item[M]) {
	kept := make(map[Place]bool, len(keeps))
	for _, p := range keeps {
		kept[p] = true
	}
	for i := range g.streams {
		for _, it := range g.streams[i].open {
			if !it.done && it.member == m && !kept[it.place] {
				items = append(items, it)
			}
		}
	}
	return items
}

// Keep says, of a group that was read back, that the member has the message; false says
// that the group is done with it.
func (g *Group[M]) Keep(who M, p Place) bool {
	it := g.stream(p.Stream).find(p.At)
	if it == nil || it.member != nil {
		return false
	}
	m := g.member(who)
	if m == nil {
		return false
	}
	it.member = m
	m.Given++
	return true
}

// Present says whether a member is there.
func (g *Group[M]) Present() bool {
	return slices.ContainsFunc(g.members, func(m *Member[M]) bool { return m.present })
}
