package share

import "github.com/millrace/millrace/internal/msg"

// Place is where in the log a message stands; Stream counts from 1.
type Place struct {
	Stream uint8
	At     msg.Position
}

// Limits bound what a group holds in memory.
type Limits struct{ Messages, Bytes int }

// Group is one shared subscription; M names its members. Make it with New or Read.
type Group[M comparable] struct {
	limits  Limits
	streams []stream[M] // by number less one
	members []*Member[M]
	free    []*Member[M] // who can take more, valid unless stale
	stale   bool
	back    line[M] // came back and are to be given, oldest first
	fresh   line[M] // were never given, oldest first
	spare   []*item[M]
	claims  claims[M]
	held    int // messages in memory, and their
	bytes   int
	order   uint64 // of the newest item
	changed bool   // since Append
}

// New returns a group that takes what stands at next or behind, by stream.
func New[M comparable](l Limits, next []Place) *Group[M] {
	g := &Group[M]{limits: l, changed: true}
	for _, p := range next {
		g.stream(p.Stream).next = p.At
	}
	return g
}

func (g *Group[M]) stream(number uint8) *stream[M] {
	for int(number) > len(g.streams) {
		g.streams = append(g.streams, stream[M]{})
	}
	return &g.streams[number-1]
}

// Room says whether the group takes more messages now. While no member is there it takes
// none: they are in the log.
func (g *Group[M]) Room() bool {
	return g.held < g.limits.Messages && (g.held == 0 || g.bytes < g.limits.Bytes) && g.Present()
}

// Takes says whether the group wants the message at that place.
func (g *Group[M]) Takes(p Place) bool {
	s := g.stream(p.Stream)
	if it := s.find(p.At); it != nil {
		return !it.there && it.member == nil
	}
	return p.At.Compare(s.next) >= 0
}

// Take gives the group a copy of the message that it wants.
func (g *Group[M]) Take(p Place, m *msg.Message) {
	s := g.stream(p.Stream)
	if g.takeClaimed(p) {
		g.Pass(Place{p.Stream, msg.Position{Seq: p.At.Seq, Index: p.At.Index + 1}})
		return
	}
	it := s.find(p.At)
	if it == nil {
		it = g.item(p)
		s.open = append(s.open, it)
		g.fresh.push(it)
	} else {
		g.back.push(it)
	}
	if it.order == 0 {
		g.order++
		it.order = g.order
	}
	if cap(it.room) < m.Bytes() {
		it.room = make([]byte, 0, m.Bytes())
	}
	it.message, it.room = m.CloneTo(it.room[:0])
	it.there = true
	g.held++
	g.bytes += itemBytes + m.Bytes()
	g.Pass(Place{p.Stream, msg.Position{Seq: p.At.Seq, Index: p.At.Index + 1}})
}

// Pass says that what stands before the place is not for the group, as far as it was not
// taken.
func (g *Group[M]) Pass(p Place) {
	if s := g.stream(p.Stream); p.At.Compare(s.next) > 0 {
		s.next = p.At
		g.expireClaims(p)
	}
}

// From is the first place of the stream that the group has to be given.
func (g *Group[M]) From(stream uint8) msg.Position {
	s := g.stream(stream)
	for _, it := range s.open {
		if it.missing() {
			return it.place.At
		}
	}
	return s.next
}

// Needed is the first place of the stream that the group may have to be given again.
func (g *Group[M]) Needed(stream uint8) msg.Position {
	s := g.stream(stream)
	if it := s.first(); it != nil {
		return it.place.At
	}
	return s.next
}

// Reached is the place of the stream before which everything was taken or passed.
func (g *Group[M]) Reached(stream uint8) msg.Position { return g.stream(stream).next }

// Shed forgets the messages that nobody has: they are to be given again, from From on.
// Those that were never given lie behind Reached again; each is told with its bytes.
func (g *Group[M]) Shed(again func(stream uint8, bytes int)) {
	for _, it := range g.fresh.rest() {
		s := g.stream(it.place.Stream)
		again(it.place.Stream, it.message.Bytes())
		if it.place.At.Compare(s.next) < 0 {
			s.next = it.place.At
		}
		g.drop(it)
		g.finish(s, it)
	}
	for i := range g.streams {
		s := &g.streams[i]
		if g.compact(s); len(s.open) == 0 { // what is taken again comes behind the others
			s.open = nil
		}
	}
	for _, it := range g.back.rest() {
		g.drop(it)
	}
	g.fresh, g.back, g.spare = line[M]{}, line[M]{}, nil
}

// drop forgets the message of an item.
func (g *Group[M]) drop(it *item[M]) {
	if it.there {
		g.held--
		g.bytes -= itemBytes + it.message.Bytes()
		it.message, it.there = msg.Message{}, false
	}
}

// Waiting is how many messages in memory nobody has, Open how many nobody is done with.
func (g *Group[M]) Waiting() int { return g.back.len() + g.fresh.len() }

// Given is how many messages members have.
func (g *Group[M]) Given() (n int) {
	for _, m := range g.members {
		n += m.Given
	}
	return n
}

// Held is how many messages before Reached no member has, and the bytes of those that are
// in memory.
func (g *Group[M]) Held(stream uint8) (messages, bytes int) {
	for _, it := range g.stream(stream).open {
		if !it.done && it.member == nil {
			messages++
			bytes += it.message.Bytes()
		}
	}
	return messages, bytes
}

// Oldest is when the first of the messages came that no member has and that are in memory,
// ns since 1970; 0 is none.
func (g *Group[M]) Oldest() (time int64) {
	for i := range g.streams {
		for _, it := range g.streams[i].open {
			if it.there && it.member == nil && (time == 0 || it.message.Time < time) {
				time = it.message.Time
			}
		}
	}
	return time
}

// Expire is done with what no member has, is in memory and came by that time, ns since
// 1970. It says how many messages these are.
func (g *Group[M]) Expire(stream uint8, time int64) (n int) {
	return g.abandon(stream, func(it *item[M]) bool { return it.there && it.message.Time <= time })
}

// Open is how many messages that were taken nobody is done with.
func (g *Group[M]) Open() (n int) {
	for i := range g.streams {
		n += len(g.streams[i].open) - g.streams[i].done
	}
	return n
}

// Next gives the oldest message that waits to the member that choose returns of those who
// can take one; false says that none waits or nobody can. The message is valid until the
// next change.
func (g *Group[M]) Next(choose func(free []*Member[M], m *msg.Message) *Member[M]) (to M, p Place, m *msg.Message, ok bool) {
	if g.Waiting() == 0 || len(g.able()) == 0 {
		return to, p, nil, false
	}
	from := &g.fresh
	if g.back.len() > 0 {
		from = &g.back
	}
	it := from.pop()
	k := choose(g.free, &it.message)
	it.member, it.given, g.changed = k, true, true
	k.Given++
	g.stale = g.stale || k.Given >= k.credit
	return k.Who, it.place, &it.message, true
}

// Ack is done with a message that the member has; false says that it has it no more.
func (g *Group[M]) Ack(who M, p Place) bool {
	s := g.stream(p.Stream)
	it := s.find(p.At)
	if it == nil || it.member == nil || it.member.Who != who {
		return it == nil && g.ackClaimed(who, p)
	}
	g.take(it)
	g.drop(it)
	g.stale = g.stale || it.member.blocked
	it.member.blocked, it.member = false, nil
	g.finish(s, it)
	return true
}

// take takes the item from its member.
func (g *Group[M]) take(it *item[M]) {
	g.stale = g.stale || it.member.Given >= it.member.credit
	it.member.Given--
	g.changed = true
}

// Done says whether the group is done with the message at that place.
func (g *Group[M]) Done(p Place) bool {
	s := g.stream(p.Stream)
	return p.At.Compare(s.next) < 0 && s.find(p.At) == nil
}

// Lacks says whether messages of the stream are to be given to the group once more.
func (g *Group[M]) Lacks(stream uint8) bool {
	return g.From(stream).Compare(g.stream(stream).next) < 0
}

// Lose is done with the messages of the stream before the place that have not been given
// to the group though it lacks them: the log has them no more. It says how many they are.
func (g *Group[M]) Lose(stream uint8, before msg.Position) (n int) {
	s := g.stream(stream)
	for _, it := range s.open {
		if it.missing() && it.place.At.Compare(before) < 0 {
			it.done, g.changed = true, true
			n++
		}
	}
	g.compact(s)
	return n
}

// Forgo is done with what no member has and stands before the place: the log is not to
// keep it. It says how many messages of these were known, and whether it passed over
// others.
func (g *Group[M]) Forgo(p Place) (n int, skipped bool) {
	n = g.abandon(p.Stream, func(it *item[M]) bool { return it.place.At.Compare(p.At) < 0 })
	s := g.stream(p.Stream)
	if skipped = p.At.Compare(s.next) > 0; skipped {
		s.next, g.changed = p.At, true
		g.expireClaims(p)
	}
	return n, skipped
}

// abandon is done with those that no member has.
func (g *Group[M]) abandon(stream uint8, those func(*item[M]) bool) (n int) {
	s := g.stream(stream)
	for _, it := range s.open {
		if !it.done && it.member == nil && those(it) {
			it.done = true
			g.drop(it)
			n++
		}
	}
	if n > 0 {
		gone := func(it *item[M]) bool { return it.done }
		g.fresh.remove(gone)
		g.back.remove(gone)
		g.compact(s)
		g.changed = true
	}
	return n
}
