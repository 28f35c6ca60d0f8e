package why

import (
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/say"
)

// Tell says what became of each message for the client, and why.
func Tell(f *Facts) Answer {
	a := Answer{Client: f.Client, Topic: f.Topic, More: f.More}
	for _, l := range f.Loops {
		a.Forgot += l.Forgot
		if l.Forgot > 0 {
			a.From = max(a.From, l.From)
		}
	}
	for _, m := range f.Messages {
		t := teller{Facts: f, m: m}
		t.publication()
		t.attempts()
		if t.s.Outcome == "" {
			t.absence()
		}
		t.s.Message = m
		a.Stories = append(a.Stories, t.s)
	}
	f.conclude(&a)
	a.State = f.state()
	a.Notes = f.notes()
	return a
}

// conclude is the answer in one sentence: the newest message's.
func (f *Facts) conclude(a *Answer) {
	if n := len(a.Stories); n > 0 {
		s := &a.Stories[n-1]
		a.Outcome, a.Reason, a.Text = s.Outcome, s.Reason, s.Text
		return
	}
	t := teller{Facts: f, m: &Message{Topic: f.Topic, Time: f.Now, Routed: true}}
	switch {
	case f.Standing == nil && !f.known():
		t.nobody()
	default:
		t.say(NoMessage, nil, noMessage, quoted(f.Topic), f.span())
	}
	a.Outcome, a.Reason, a.Text = t.s.Outcome, t.s.Reason, t.s.Text
}

func (f *Facts) span() say.Said {
	if f.Since <= 0 {
		return inRecorded.With()
	}
	return inLast.With(length(f.Now - f.Since))
}

// known says whether the client was ever here, as far as is recorded.
func (f *Facts) known() bool { return len(f.Events) > 0 || len(f.conns) > 0 }

// teller tells of one message.
type teller struct {
	*Facts
	m *Message
	s Story
}

func (t *teller) step(at int64, code *fault.Code, phrase say.Phrase, values ...any) {
	t.s.Steps = append(t.s.Steps, Note{at, code, phrase.With(values...)})
}

func (t *teller) say(o Outcome, code *fault.Code, phrase say.Phrase, values ...any) {
	t.s.Outcome, t.s.Reason, t.s.Text = o, code, phrase.With(values...)
}

// publication tells who published the message, and where it went.
func (t *teller) publication() {
	m := t.m
	t.s.Steps = append(t.s.Steps, Note{At: m.Time, Text: m.origin()})
	if m.Was.Refused && m.Was.Code != fault.NoSubscriber {
		t.refused(m.Was.Code)
		return
	}
	if m.From == recorder.Delayed {
		t.step(m.Time, nil, toBeLater)
		t.say(Waiting, nil, waitsForTime)
		return
	}
	t.kept()
	if m.NotRetained != nil {
		t.step(m.Time, m.NotRetained, notRetained, *m.NotRetained)
	}
	t.valued()
	switch {
	case m.Unkept != nil:
		t.step(0, m.Unkept, logRefused, *m.Unkept)
		if !m.Routed || m.QoS > 0 && len(m.Deliveries) == 0 {
			t.say(Refused, m.Unkept, logRefusedUntold, *m.Unkept)
		}
	case !m.Routed:
		t.step(0, nil, whenLogged)
	case m.From >= recorder.Client && m.From <= recorder.Due && m.Receivers == 0:
		t.step(0, because(fault.NoSubscriber), nobodyMatched)
	}
}

// kept tells where the message is stored.
func (t *teller) kept() {
	switch m := t.m; {
	case m.Stream == "":
		if m.From != 0 && m.From <= recorder.Delayed { // else it is not known
			t.step(0, nil, noStream)
		}
	case m.Position.Seq > 0:
		t.step(0, nil, storedAt, m.Stream, m.Position)
	case m.Unkept == nil:
		t.step(0, nil, givenTo, m.Stream)
	}
}

// valued tells what the historian made of the message.
func (t *teller) valued() {
	v := t.m.Values
	switch {
	case v == nil:
	case v.Pending:
		t.step(0, nil, historianPending)
	case v.Taken > 0 || len(v.Rejected) == 0:
		t.step(0, nil, historianTook, values.With(v.Taken))
	}
	if v == nil {
		return
	}
	for _, code := range v.Rejected {
		t.step(0, because(code), historianRefused, code)
	}
}

// origin says who published the message.
func (m *Message) origin() say.Said {
	by := unknownClient.With()
	if m.By != "" {
		by = knownClient.With(quoted(m.By))
	}
	var retained, id say.Said
	if m.Retain {
		retained = asRetained.With()
	}
	if m.Was.ID != 0 {
		id = withPacketID.With(int(m.Was.ID))
	}
	switch qos := int(m.QoS); m.From {
	case recorder.Inside:
		return byNode.With(qos, retained, id)
	case recorder.Will:
		return byWill.With(by, qos)
	case recorder.Due:
		return byDelayed.With(by)
	case recorder.HandedOver:
		return handedOver.With()
	case recorder.Client, recorder.Delayed, recorder.Unkept:
		return published.With(by, qos, retained, id)
	default:
		if m.By != "" {
			return publishedOnce.With(by, qos, retained, id)
		}
		return publishedByNobody.With(qos)
	}
}

// refused tells that nobody got the message.
func (t *teller) refused(code fault.Code) {
	t.step(t.m.Time, because(code), refusedStep, code)
	t.say(Refused, because(code), refusedAll, code)
}

// attempts tells what became of it for the client, where that is recorded.
func (t *teller) attempts() {
	if t.s.Outcome != "" {
		return
	}
	if d, ok := t.unlisted(); ok {
		t.m.Deliveries = slices.Insert(t.m.Deliveries, 0, d)
	}
	if len(t.m.Deliveries) == 0 {
		return
	}
	t.matched()
	for _, d := range t.m.Deliveries {
		t.attempt(d)
	}
}

func (t *teller) attempt(d *Delivery) {
	by := d.way()
	switch d.Outcome {
	case recorder.Dropped:
		t.dropped(d.At, d.Code)
		return
	case recorder.Behind:
		t.step(d.At, nil, noRoom)
		t.logged()
		return
	case recorder.Queued:
		t.step(d.At, nil, putIntoQueue, by)
	default:
		t.step(d.At, nil, written, by, packetID(d.ID))
	}
	if d.SentAt != 0 {
		t.step(d.SentAt, nil, sentFromQueue, packetID(d.ID))
	}
	sent := d.Outcome == recorder.Sent || d.SentAt != 0
	switch {
	case d.LostAt != 0:
		t.dropped(d.LostAt, d.LostCode)
	case d.AckedAt != 0:
		t.step(d.AckedAt, nil, acknowledgedStep)
		t.say(Acknowledged, nil, acknowledgedAfter, length(d.AckedAt-t.m.Time))
	case sent && d.ID == 0:
		t.sent(max(d.At, d.SentAt))
	case sent:
		t.unacknowledged(max(d.At, d.SentAt))
	default:
		t.say(Queued, nil, inQueue, t.whyQueued())
	}
}

// way is by which of several ways the message came to the client.
func (d *Delivery) way() (by say.Said) {
	switch {
	case d.From == recorder.Retained:
		by = byRetained.With()
	case d.Shared:
		by = byShared.With()
	case d.From == recorder.Logged:
		by = fromLog.With()
	case d.From == recorder.Followed:
		by = fromStream.With()
	}
	return by
}

func packetID(id uint16) (said say.Said) {
	if id == 0 {
		return said
	}
	return onPacketID.With(int(id))
}

// sent tells of QoS 0, which nobody acknowledges; a connection that ended soon after may
// have taken it along.
func (t *teller) sent(at int64) {
	const soon = 5e9
	for _, e := range t.Events {
		if e.What == recorder.Left && e.At >= at && e.At-at < soon {
			t.step(e.At, e.reason(), leftStep, e.cause())
			t.say(Sent, e.reason(), writtenThenLeft, length(e.At-at), e.cause())
			return
		}
	}
	t.say(Sent, nil, writtenQoS0)
}

func (t *teller) unacknowledged(at int64) {
	if ended, ok := t.ended(at); ok {
		t.dropped(ended, fault.SessionEnded)
		return
	}
	if t.forgets(t.home, at) {
		t.say(Sent, nil, ackForgotten)
		return
	}
	t.say(Sent, nil, writtenSince, length(t.Now-at))
}

// ended says whether the client's session has ended after that time.
func (t *teller) ended(at int64) (when int64, ok bool) {
	for _, e := range t.Events {
		if e.What == recorder.Ended && e.At >= at {
			return e.At, true
		}
	}
	return 0, false
}

func (t *teller) dropped(at int64, code fault.Code) {
	t.step(at, because(code), droppedStep, code)
	t.say(Dropped, because(code), droppedFor, code)
}

func (t *teller) whyQueued() (said say.Said) {
	switch s := t.Standing; {
	case s == nil:
	case !s.Connected:
		return ofAway.With()
	case s.Inflight > 0:
		return behindOthers.With(messages.With(s.Inflight))
	}
	return said
}

// forgets says whether the loop's recording begins behind that time.
func (t *teller) forgets(loop int, at int64) bool {
	return loop < len(t.Loops) && t.Loops[loop].From > at
}

// reason is why the node ended or refused something, nil when it did not.
func (e Event) reason() *fault.Code {
	if e.Code == 0 {
		return nil
	}
	return because(e.Code)
}

// cause is why the client's connection ended.
func (e Event) cause() any {
	switch {
	case e.Code != 0:
		return e.Code
	case e.Text == "tcp_closed":
		return brokeOff.With()
	case e.Text == "normal":
		return disconnected.With()
	}
	return e.Text
}

func quoted(name string) string { return strconv.Quote(name) }

// length is a time span of ns.
func length(ns int64) say.Span { return say.Span(ns) }

// nearest is the filter that comes closest to the topic: it shares the most levels from
// the front.
func nearest(all []Subscription, name string) (s Subscription, ok bool) {
	best := 0
	levels := strings.Split(name, "/")
	for _, k := range all {
		n := 0
		for i, l := range strings.Split(k.Matches, "/") {
			if i >= len(levels) || l != "+" && l != "#" && l != levels[i] {
				break
			}
			n++
		}
		if n > best {
			best, s, ok = n, k, true
		}
	}
	return s, ok
}

// matches says whether a filter as its client wrote it brings the topic.
func matches(filter, name string) bool { return topic.Match(topic.Matching(filter), name) }

func groups(all []Subscription) (names []string) {
	for _, s := range all {
		if s.Group != "" {
			names = append(names, s.Group)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
