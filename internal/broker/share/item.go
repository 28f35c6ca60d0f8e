package share

import (
	"slices"

	"github.com/millrace/millrace/internal/msg"
)

// stream is how far the group is in one stream.
type stream[M comparable] struct {
	next msg.Position // everything before it was taken
	// open is of that what nobody is done with, in order; among them are some that are done,
	// fewer than half.
	open []*item[M]
	done int
}

// find is the open item at that place; nil is none.
func (s *stream[M]) find(at msg.Position) *item[M] {
	i, ok := slices.BinarySearchFunc(s.open, at, func(it *item[M], at msg.Position) int { return it.place.At.Compare(at) })
	if !ok || s.open[i].done {
		return nil
	}
	return s.open[i]
}

// first is the oldest that nobody is done with; nil is none.
func (s *stream[M]) first() *item[M] {
	if i := slices.IndexFunc(s.open, func(it *item[M]) bool { return !it.done }); i >= 0 {
		return s.open[i]
	}
	return nil
}

// finish is done with the item, which nobody else has any more.
func (g *Group[M]) finish(s *stream[M], it *item[M]) {
	it.done = true
	s.done++
	if s.done > len(s.open)/2 {
		g.compact(s)
	}
}

// compact leaves no item that is done.
func (g *Group[M]) compact(s *stream[M]) {
	s.open = slices.DeleteFunc(s.open, func(it *item[M]) bool {
		if it.done {
			g.recycle(it)
		}
		return it.done
	})
	s.done = 0
}

const (
	// spareItems and spareBytes bound what is kept of items to be used again.
	spareItems = 256
	spareBytes = 2 << 10
)

// recycle keeps the memory of an item.
func (g *Group[M]) recycle(it *item[M]) {
	if len(g.spare) < spareItems && cap(it.room) <= spareBytes {
		g.spare = append(g.spare, it)
	}
}

// item is a new one, in the memory of another where there is any.
func (g *Group[M]) item(p Place) *item[M] {
	n := len(g.spare)
	if n == 0 {
		return &item[M]{place: p}
	}
	it := g.spare[n-1]
	g.spare = g.spare[:n-1]
	*it = item[M]{place: p, room: it.room}
	return it
}

// item is a message that nobody is done with.
type item[M comparable] struct {
	place   Place
	order   uint64
	member  *Member[M] // who has it; nil is nobody
	given   bool       // once, whoever has it now
	there   bool       // the message is in memory
	done    bool
	message msg.Message
	room    []byte // what the message points into
}

// missing says that the message is to be given to the group once more.
func (it *item[M]) missing() bool { return !it.done && !it.there && it.member == nil }

const itemBytes = 200 // beside the message, about
