package broker

import (
	"slices"
	"sync/atomic"

	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// leftover is a message of a shared subscription that its member did not get.
type leftover struct {
	group   *group
	message msg.Message
}

// number gives a shared subscription its place among the client's, so that the
// session can say by which one a message came. Other loops do not know it yet.
func (c *client) number(s *subscription) {
	if _, shared := shareFilter(s.filter); !shared {
		return
	}
	s.load = c.load()
	i := slices.IndexFunc(c.shares, func(have *subscription) bool { return have != nil && have.filter == s.filter })
	if i < 0 {
		i = slices.Index(c.shares, nil)
	}
	if i < 0 {
		a := c.ownAfter()
		i, a.shares = len(a.shares), append(a.shares, nil)
	}
	c.shares[i], s.number = s, uint32(i+1)
}

// shared is the client's shared subscription of that number; nil is none.
func (c *client) shared(number uint32) *subscription {
	if number == 0 || int(number) > len(c.shares) {
		return nil
	}
	return c.shares[number-1]
}

// load is how much is under way to the client, for whoever chooses among members.
func (c *client) load() *atomic.Int64 {
	for _, s := range c.shares {
		if s != nil {
			return s.load
		}
	}
	return new(atomic.Int64)
}

// weigh says anew how much is under way to the client.
func (c *client) weigh() {
	for _, s := range c.shares {
		if s != nil {
			s.load.Store(int64(c.session.Inflight() + c.session.Waiting()))
			return // they have one
		}
	}
}

// present lets the client's groups choose it again; absent passes it over while
// others are there, who get what waited for it.
func (w *worker) present(c *client) {
	for _, s := range c.shares {
		if s != nil {
			w.broker.router.setPresent(s, true)
			w.memberHere(s)
		}
	}
}

func (w *worker) absent(c *client) {
	for _, s := range c.shares {
		if s == nil {
			continue
		}
		w.broker.router.setPresent(s, false)
		w.memberAway(s)
		if len(s.group.present.load()) > 0 {
			w.handOver(c, s, true)
		}
	}
}

// unshare ends a shared subscription that the client has left: the others get what
// waited by it, and the client what it was sent.
func (w *worker) unshare(c *client, s *subscription) {
	if s.number == 0 {
		return
	}
	w.memberGone(s)
	if len(s.group.candidates()) > 0 {
		w.handOver(c, s, true)
	}
	c.session.Unshare(s.number)
	c.shares[s.number-1] = nil
}

// handOver gives what waits for the client by one subscription to other members.
func (w *worker) handOver(c *client, s *subscription, waiting bool) {
	left := w.unsettled(c, waiting)
	mine := left[:0]
	for _, l := range left {
		if l.group == s.group {
			mine = append(mine, l)
		}
	}
	c.session.Drop(s.number)
	w.shareOut(mine)
}

// unsettled copies what other members are to get of the client's messages.
func (w *worker) unsettled(c *client, waiting bool) (left []leftover) {
	if len(c.shares) == 0 {
		return nil
	}
	c.session.Unsettled(w.loop.Now(), waiting, func(share uint32, m *msg.Message) {
		if s := c.shares[share-1]; s != nil {
			left = append(left, leftover{s.group, m.Clone()})
		}
	})
	return left
}

// shareOut gives each message to a member of its group.
func (w *worker) shareOut(left []leftover) {
	for i := range left {
		w.images.Reset()
		if !w.share(left[i].group, &left[i].message) {
			w.counts.dropped[fault.SessionEnded]++
			left[i].group.drops.add(fault.SessionEnded, 1)
			w.recordDropped(nil, recorder.Dropped|recorder.Shared, fault.SessionEnded)
		}
		w.recordRouted(recorder.HandedOver, &left[i].message, nil, 0)
	}
}
