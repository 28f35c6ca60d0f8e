package why

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// This file tells why nothing is recorded of a message for the client.

func (t *teller) absence() {
	switch {
	case t.Standing == nil && t.Client == Historian && t.m.Values != nil:
		t.historian()
	case t.Standing == nil && !t.known():
		t.nobody()
	case !t.subscribedThen():
		t.unsubscribed()
	default:
		t.subscribed()
	}
}

// Historian is how the historian is asked about, unless a client has its name.
const Historian = "historian"

// historian tells what the historian made of the message as if it were a client.
func (t *teller) historian() {
	switch v := t.m.Values; {
	case v.Pending:
		t.say(Queued, nil, historianPending)
	case len(v.Rejected) > 0 && v.Taken > 0:
		t.say(Dropped, because(v.Rejected[0]), historianPart, values.With(v.Taken), v.Rejected[0])
	case len(v.Rejected) > 0:
		t.say(Dropped, because(v.Rejected[0]), historianNothing, v.Rejected[0])
	default:
		t.say(Acknowledged, nil, historianTook, values.With(v.Taken))
	}
}

// nobody tells that there is no such client, and who was refused by that name.
func (t *teller) nobody() {
	if n := len(t.Refusals); n > 0 {
		r := t.Refusals[n-1]
		t.say(NoClient, because(r.Code), clientRefused, quoted(t.Client), length(t.Now-r.At), r.Code)
		return
	}
	t.say(NoClient, nil, clientUnseen, quoted(t.Client))
}

// then are the client's subscriptions that matched when the message came: those of now,
// without what came later, and the filters of those that it has no more.
func (t *teller) then() (had []Subscription, gone []string) {
	seen := map[string]bool{}
	if t.Standing != nil {
		for _, s := range matching(t.Standing.Subscribed, t.m.Topic) {
			if seen[s.Filter] = true; t.begun(s) {
				had = append(had, s)
			}
		}
	}
	for _, e := range t.Events {
		if (e.What == recorder.Subscribed || e.What == recorder.Renewed || e.What == recorder.Unsubscribed) && !seen[e.Text] && matches(e.Text, t.m.Topic) {
			if seen[e.Text] = true; t.had(e.Text) {
				gone = append(gone, e.Text)
			}
		}
	}
	return had, gone
}

// begun says whether a subscription of now is older than the message.
func (t *teller) begun(s Subscription) bool {
	if from, ok := s.Begins[t.m.Stream]; ok && t.m.Position.Seq > 0 && s.QoS > 0 && t.m.QoS > 0 {
		return t.m.Position.Compare(from) > 0
	}
	if t.tells(s.Filter) || s.Since == 0 {
		return t.had(s.Filter)
	}
	return s.Since <= t.m.Time
}

// tells says whether an event tells when the filter came or went.
func (t *teller) tells(filter string) bool {
	return slices.ContainsFunc(t.Events, func(e Event) bool {
		switch e.What {
		case recorder.Subscribed, recorder.Unsubscribed:
			return e.Text == filter
		}
		return e.What == recorder.Connected || e.What == recorder.Ended
	})
}

// had says whether the client had the filter when the message came: by the last event
// before, else by the first behind it; without either it has it now, and had it then.
func (t *teller) had(filter string) (yes bool) {
	known := false
	for _, e := range t.Events {
		mine := e.Text == filter
		switch before := t.before(e); {
		case !before && known:
			return yes
		case e.What == recorder.Renewed && mine:
			yes, known = true, true
		case e.What == recorder.Subscribed && mine:
			yes, known = before, true
		case e.What == recorder.Unsubscribed && mine:
			yes, known = !before, true
		case e.What == recorder.Connected || e.What == recorder.Ended:
			yes, known = false, true
		}
	}
	return yes || !known
}

// before says whether the event was before the message: by the order of the loop's records
// where it has both.
func (t *teller) before(e Event) bool {
	if t.m.place > 0 {
		return e.place < t.m.place
	}
	return e.At <= t.m.Time
}

// unlisted is the delivery to the client that follows from its subscription, since it is
// not among the message's exceptions.
func (t *teller) unlisted() (d *Delivery, ok bool) {
	if !t.m.Unlisted || t.m.Missing > 0 || slices.ContainsFunc(t.m.Deliveries, func(d *Delivery) bool { return !d.Shared && !d.From.Again() }) {
		return nil, false
	}
	had, gone := t.then()
	ordinary := slices.ContainsFunc(had, func(s Subscription) bool { return s.Group == "" && !(s.NoLocal && t.m.By == t.Client) })
	ordinary = ordinary || slices.ContainsFunc(gone, func(filter string) bool { return topic.Group(filter) == "" })
	return &Delivery{At: t.m.routedAt, From: recorder.Client, Outcome: recorder.Sent}, ordinary
}

func (t *teller) subscribedThen() bool {
	had, gone := t.then()
	return len(had)+len(gone) > 0
}

// unsubscribed tells why none of the client's subscriptions matched.
func (t *teller) unsubscribed() {
	name := t.m.Topic
	if e, ok := t.first(name); ok {
		t.step(e.At, nil, subscribedAt, e.Text)
		t.say(NotSubscribed, nil, subscribedAfter, e.Text, length(e.At-t.m.Time))
		return
	}
	if s := t.Standing; s != nil {
		if now := matching(s.Subscribed, name); len(now) > 0 {
			if from := now[0].Since - t.m.Time; from > 0 {
				t.say(NotSubscribed, nil, youngerBy, now[0].Filter, length(from))
				return
			}
			t.say(NotSubscribed, nil, younger, now[0].Filter)
			return
		}
	}
	if e, ok := t.last(recorder.Unsubscribed, name, t.m.Time); ok {
		t.lapsed(e)
		return
	}
	if e, ok := t.last(recorder.Refused, name, t.Now); ok {
		t.step(e.At, because(e.Code), askedRefused, e.Text)
		t.say(NotSubscribed, because(e.Code), subscriptionRefused, e.Text, e.Code)
		return
	}
	if e, ok := t.absent(); ok {
		t.step(e.At, e.reason(), leftWithSession, e.cause())
		t.say(NotSubscribed, e.reason(), wasNotThere, length(t.m.Time-e.At), e.cause())
		return
	}
	t.elsewhere(name)
}

// lapsed tells of a subscription that had ended when the message came.
func (t *teller) lapsed(e Event) {
	if e.Code != 0 {
		t.step(e.At, because(e.Code), subscriptionEnded, e.Text)
		t.say(NotSubscribed, because(e.Code), subscriptionHadEnded, e.Text, length(t.m.Time-e.At), e.Code)
		return
	}
	t.step(e.At, nil, unsubscribedAt, e.Text)
	t.say(NotSubscribed, nil, hadUnsubscribed, e.Text, length(t.m.Time-e.At))
}

// elsewhere names what the client is subscribed to.
func (t *teller) elsewhere(name string) {
	s := t.Standing
	switch {
	case s == nil && len(t.Refusals) > 0:
		t.nobody()
	case s == nil:
		t.say(NotSubscribed, nil, notHere, quoted(name))
	case len(s.Subscribed) == 0:
		t.say(NotSubscribed, nil, noSubscription)
	default:
		if n, ok := nearest(s.Subscribed, name); ok {
			t.say(NotSubscribed, nil, nearestFilter, quoted(name), n.Filter)
			return
		}
		t.say(NotSubscribed, nil, otherFilters, quoted(name), some(s.Subscribed))
	}
}

// some names the first few subscriptions.
func some(all []Subscription) any {
	const most = 3
	var names []string
	for _, s := range all[:min(len(all), most)] {
		names = append(names, s.Filter)
	}
	text := strings.Join(names, ", ")
	if n := len(all) - most; n > 0 {
		return andMore.With(text, n)
	}
	return text
}

// first is the first subscription after the message that would have brought it.
func (t *teller) first(name string) (Event, bool) {
	for _, e := range t.Events {
		if e.What == recorder.Subscribed && !t.before(e) && matches(e.Text, name) {
			return e, true
		}
	}
	return Event{}, false
}

// last is the last event up to that time about a filter that would have brought it.
func (t *teller) last(what recorder.What, name string, until int64) (Event, bool) {
	for _, e := range slices.Backward(t.Events) {
		if e.What == what && e.At <= until && matches(e.Text, name) {
			return e, true
		}
	}
	return Event{}, false
}

// absent is how the client had left, when its session had ended before the message came.
func (t *teller) absent() (left Event, ended bool) {
	for _, k := range t.Events {
		if k.At > t.m.Time {
			break
		}
		switch k.What {
		case recorder.Left:
			left = k
		case recorder.Ended:
			ended = true
		case recorder.Connected, recorder.Resumed:
			ended = false
		}
	}
	return left, ended
}

// subscribed tells what kept a message from a client with a subscription that matches.
func (t *teller) subscribed() {
	had, gone := t.matched()
	alone := func(f func(Subscription) bool) bool { return len(gone) == 0 && !slices.ContainsFunc(had, f) }
	switch {
	case t.m.By == t.Client && alone(func(s Subscription) bool { return !s.NoLocal }):
		t.say(NoLocal, nil, ownMessage)
	case alone(func(s Subscription) bool { return s.Group == "" }):
		t.grouped(had)
	case !t.m.Routed:
		t.say(Waiting, nil, logSilent)
	case t.m.Stream != "" && t.m.QoS > 0 && t.Standing != nil && t.Standing.Durable:
		t.logged()
	default:
		t.lost()
	}
}

// matched tells which subscriptions of the client matched.
func (t *teller) matched() (had []Subscription, gone []string) {
	had, gone = t.then()
	for _, s := range had {
		t.step(0, nil, matchedNow, s.Filter, int(s.QoS))
	}
	for _, filter := range gone {
		t.step(0, nil, matchedThen, filter)
	}
	return had, gone
}

// grouped tells which member of a group got it.
func (t *teller) grouped(had []Subscription) {
	group := strings.Join(groups(had), ", ")
	for _, k := range slices.Backward(t.m.Members) {
		if k.Outcome == recorder.Dropped && k.Conn == 0 {
			t.step(0, because(k.Code), noMemberStep)
			t.say(Dropped, because(k.Code), noMember, group, k.Code)
			return
		}
		if k.Outcome == recorder.Dropped {
			continue
		}
		who := forgottenClient.With()
		if k.Client != "" {
			who = namedClient.With(quoted(k.Client))
		}
		t.step(0, nil, memberStep, group, who)
		t.say(OtherMember, nil, memberGot, group, who)
		return
	}
	t.lost()
}

// logged tells how far a durable session has come in the message's stream.
func (t *teller) logged() {
	s, m := t.Standing, t.m
	if s == nil {
		t.lost()
		return
	}
	p, ok := s.Streams[m.Stream]
	switch at := m.Position; {
	case !ok || at.Seq == 0:
		t.lost()
	case slices.Contains(p.Waiting, at):
		t.say(Queued, nil, inQueue, t.whyQueued())
	case slices.Contains(p.Sent, at):
		t.say(Sent, nil, sentUnacknowledged)
	case at.Compare(p.Next) >= 0 && !s.Connected:
		t.say(Queued, nil, inStreamAway, m.Stream)
	case at.Compare(p.Next) >= 0:
		t.say(Queued, nil, inStream, m.Stream, p.Next)
	default:
		t.passed()
	}
}

// passed tells of a message that a durable session is done with, without a record of how.
func (t *teller) passed() {
	if t.blamed() {
		return
	}
	t.say(Unknown, nil, sessionPast)
}

// blamed tells of losses that are recorded without names and may have been of this message.
func (t *teller) blamed() bool {
	for _, l := range slices.Backward(t.Losses) {
		if l.At < t.m.Time || l.Since != 0 && l.Since > t.m.Time+1e9 {
			continue
		}
		t.step(l.At, because(l.Code), clientLost, messages.With(l.Count))
		t.say(Dropped, because(l.Code), oneOfLost, messages.With(l.Count), l.Code)
		return true
	}
	return false
}

// lost tells of a message that should have come, and of which nothing is recorded.
func (t *teller) lost() {
	switch {
	case t.blamed():
	case t.forgets(t.home, t.m.Time):
		t.say(Unknown, nil, recorderForgot, length(t.Now-t.Loops[t.home].From))
	case t.m.Missing > 0:
		t.say(Unknown, nil, outcomeForgotten)
	default:
		t.say(Unknown, nil, nothingRecorded)
	}
}
