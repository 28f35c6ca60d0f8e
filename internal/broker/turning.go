package broker

import (
	"slices"

	"github.com/millrace/millrace/internal/broker/share"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// This file is how a shared subscription turns to the log, once, when the first member
// joins whose session survives the process. What a loop has taken before it hears of that
// is the members' in memory, and everything behind is the log's. So the loops take no
// message for the group until all they have handed to the log before is in and routed:
// then the log's end is the one place where the group begins, for all loops and streams.

// turn is one group's way to the log. The loop that keeps the group owns it.
type turn struct {
	group *group
	left  int // loops that have messages under way from before
}

// turning is a turn as one loop sees it.
type turning struct {
	*turn
	filter string
	last   uint64 // batches up to this one were handed over before
	open   int    // of them, how many are under way
}

// turns are those that a loop has heard of and that are not over.
type turns struct {
	list    []*turning
	held    []heldMessage        // from inside the node
	joining map[*group][]*client // whose SUBACKs wait for the end
}

// heldMessage is a message that goes on when the turn is over.
type heldMessage struct {
	message msg.Message
	token   uint64
}

// The steps of a turn: each loop begins it, answers, and hears of its end.
type (
	beginTurn struct{ turn *turn }
	turnReady struct{ turn *turn }
	turnOver  struct{ turn *turn }
)

func (v beginTurn) on(w *worker) { w.beginTurn(v.turn) }
func (v turnReady) on(w *worker) { w.turnReady(v.turn) }
func (v turnOver) on(w *worker)  { w.endTurn(v.turn) }

// turnGroup begins a group's turn, on the loop that keeps it.
func (w *worker) turnGroup(g *group) {
	w.broker.post(beginTurn{&turn{g, len(w.broker.workers)}})
}

func (w *worker) beginTurn(t *turn) {
	w.keeping.EndTurn()
	k := &turning{turn: t, filter: topic.Matching(t.group.name), last: w.keeping.Handed(), open: w.keeping.Flights()}
	w.turns.list = append(w.turns.list, k)
	w.tellReady(k)
}

func (w *worker) tellReady(k *turning) {
	if k.open == 0 {
		w.broker.workers[k.group.keeper].loop.Post(turnReady{k.turn})
	}
}

// turnBack notes that the log has answered for a batch, and that it was routed.
func (w *worker) turnBack(number uint64) {
	for _, k := range w.turns.list {
		if number <= k.last {
			k.open--
			w.tellReady(k)
		}
	}
}

// turnReady ends the turn when no loop has anything under way from before.
func (w *worker) turnReady(t *turn) {
	if t.left--; t.left > 0 {
		return
	}
	if k := w.groups.kept[t.group.name]; k != nil && k.group == t.group {
		f := w.broker.feeds
		for i, name := range f.list() {
			k.core.Pass(share.Place{Stream: uint8(i + 1), At: msg.Position{Seq: f.log.Newest(name).Seq + 1}})
		}
		k.core.Touch()
		w.groups.touch(k)
	}
	t.group.fed.Store(true)
	w.broker.router.changed(t.group.entry)
	w.broker.post(turnOver{t})
}

// endTurn lets go on what has waited.
func (w *worker) endTurn(t *turn) {
	if w.turns.list = slices.DeleteFunc(w.turns.list, func(k *turning) bool { return k.turn == t }); len(w.turns.list) == 0 {
		w.turns.list = nil
	}
	held := w.turns.held
	w.turns.held = nil
	for i := range held {
		w.passOn(&held[i].message, held[i].token)
	}
	w.readPaused()
	for _, c := range w.turns.joining[t.group] {
		if e := c.enduring; e != nil && e.turning > 0 {
			e.turning--
			w.answerTurned(c)
		}
	}
	delete(w.turns.joining, t.group)
}

// joining has the client's SUBACK wait until its group is fed by the log: what is
// published behind it must be there.
func (w *worker) joining(c *client, g *group) {
	if w.turns.joining == nil {
		w.turns.joining = map[*group][]*client{}
	}
	w.turns.joining[g] = append(w.turns.joining[g], c)
	c.enduring.turning++
}

// answerTurned has the client's answers sent that have waited for a turn.
func (w *worker) answerTurned(c *client) {
	if c.enduring.turning == 0 && c.enduring.awaiting.answered() && w.clients[c.id] == c {
		c.session.Touch()
		w.noteChanged(c)
	}
}

// concern says whether a group that turns is to get messages on the topic.
func (k *turns) concern(name []byte) bool {
	return slices.ContainsFunc(k.list, func(t *turning) bool { return topic.Match(t.filter, string(name)) })
}

// turnHolds says whether a PUBLISH of QoS 1 or 2 has to wait for a turn. Of one whose topic
// is yet to be found it says so, too.
func (w *worker) turnHolds(frame []byte) bool {
	name, ok := nameIn(frame)
	return ok && (len(name) == 0 || w.rewrites != nil || w.turns.concern(name))
}
