package broker

import (
	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/broker/share"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// This file is how much the log has for the shared subscriptions that a loop keeps, and
// their bounds: those of a session (arrears.go).

// sums is the count of the group's filter.
func (k *keptGroup) sums() []*backlog.Filter { return []*backlog.Filter{k.group.sums} }

// again notes a message that the group has taken and is to be given once more.
func (k *keptGroup) again(stream uint8, bytes int) {
	k.cursors[stream-1].Again(backlog.Tally{Messages: 1, Bytes: int64(bytes)})
}

// waiting is what no member has, as far as that is known.
func (k *keptGroup) waiting() (sum backlog.Tally) {
	for i := range k.cursors {
		sum = sum.Plus(k.waitingIn(uint8(i + 1)))
	}
	return sum
}

func (k *keptGroup) waitingIn(stream uint8) backlog.Tally {
	n, bytes := k.core.Held(stream)
	held := backlog.Tally{Messages: int64(n), Bytes: int64(bytes)}
	if c := &k.cursors[stream-1]; c.Counted() {
		held = held.Plus(c.Waiting(backlog.Total(k.sums(), stream)))
	}
	return held
}

// lookIntoGroups looks at the groups that the loop keeps, as lookInto does at a session.
func (w *worker) lookIntoGroups() {
	p := &w.patrol
	for _, k := range w.groups.kept {
		for i := range p.needed {
			stream := uint8(i + 1)
			w.trimGroup(k, stream)
			p.needed[i] = lower(p.needed[i], w.neededByGroup(k, stream))
			p.behind = p.behind.Plus(k.waitingIn(stream))
		}
	}
}

// neededByGroup is neededBy for a group.
func (w *worker) neededByGroup(k *keptGroup, stream uint8) msg.Position {
	c := w.groupCursor(k, stream)
	if !c.Behind() {
		k.core.Pass(share.Place{Stream: stream, At: w.tail(stream).Next()})
	}
	at, oldest, floor := k.core.Reached(stream), k.core.Needed(stream), w.floor(stream)
	if c.Uncounted() && at.Compare(floor) < 0 {
		at = floor // it is moved there
	}
	if oldest.Compare(at) < 0 {
		at = lower(at, msg.Position{Seq: max(oldest.Seq, floor.Seq)})
	}
	return at
}

// trimGroup lets the oldest messages go that are beyond the bounds and that no member has.
func (w *worker) trimGroup(k *keptGroup, stream uint8) {
	c, now, bounds := w.groupCursor(k, stream), w.loop.Now(), w.options.Backlog.bounds()
	if bounds.Age > 0 {
		w.groupGaveUp(k, int64(k.core.Expire(stream, now-int64(bounds.Age))))
	}
	switch {
	case !c.Behind() || !k.group.fed.Load():
		return
	case c.Uncounted():
		w.forgo(k, stream)
		if k.surveys[stream-1] == nil {
			w.surveyGroup(k, stream, w.tail(stream).Next(), false)
		}
		return
	}
	n, bytes := k.core.Held(stream)
	base := c.Base().Minus(backlog.Tally{Messages: int64(n), Bytes: int64(bytes)})
	to, sum, ok := w.ledger.Cut(stream, k.sums(), k.core.Reached(stream), base, w.floor(stream), w.tail(stream).Mark(), bounds, now)
	if !ok {
		return
	}
	n, _ = k.core.Forgo(share.Place{Stream: stream, At: to})
	w.groupGaveUp(k, int64(n)+sum.Minus(c.Base()).Messages)
	c.Skip(to, sum)
	w.groups.touch(k)
}

// forgo moves a group of which it is not known how much waits for it over what the stream
// is too large to keep.
func (w *worker) forgo(k *keptGroup, stream uint8) {
	floor := w.floor(stream)
	n, skipped := k.core.Forgo(share.Place{Stream: stream, At: floor})
	w.groupGaveUp(k, int64(n))
	if skipped {
		k.cursors[stream-1].Unask()
		k.surveys[stream-1] = nil
		w.refusals.log("a shared subscription passes over messages that were not counted yet: more wait than sessions may keep",
			"filter", shown(k.group.name), "stream", w.broker.feeds.list()[stream-1], "to", floor.String())
	}
}

// groupGaveUp counts messages that no member gets for want of retention.
func (w *worker) groupGaveUp(k *keptGroup, n int64) {
	if n > 0 {
		k.group.drops.add(fault.Retention, uint64(n))
		w.counts.dropped[fault.Retention] += uint64(n)
	}
}

// surveyGroup asks how much there is for the group before that place, where the loop
// stands; first says that the tail's reader begins there.
func (w *worker) surveyGroup(k *keptGroup, stream uint8, to msg.Position, first bool) {
	c, from := w.groupCursor(k, stream), k.core.Reached(stream)
	if from.Compare(to) > 0 {
		return // the tail has not come to it
	}
	q := &backlog.Inquiry{
		Question: backlog.Question{From: from, To: to, Names: []string{topic.Matching(k.group.name)}},
		Stream:   stream, Loop: w.home, For: k, Sums: backlog.Total(k.sums(), stream), First: first,
	}
	c.Recount()
	k.surveys[stream-1] = q
	w.broker.feeds.survey.Ask(q)
}

// takeSurvey notes what was found. What the group has taken meanwhile is counted already.
func (k *keptGroup) takeSurvey(q *backlog.Inquiry) {
	if i := q.Stream - 1; k.surveys[i] == q {
		k.cursors[i].Count(q.Sums.Minus(q.Found))
		k.surveys[i] = nil
	}
}
