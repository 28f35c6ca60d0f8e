package why

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
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
		t.say(NoMessage, nil, "No message was published on %s%s.", quoted(f.Topic), f.span())
	}
	a.Outcome, a.Reason, a.Text = t.s.Outcome, t.s.Reason, t.s.Text
}

func (f *Facts) span() string {
	if f.Since <= 0 {
		return " in what is recorded"
	}
	return " in the last " + length(f.Now-f.Since)
}

// known says whether the client was ever here, as far as is recorded.
func (f *Facts) known() bool { return len(f.Events) > 0 || len(f.conns) > 0 }

// teller tells of one message.
type teller struct {
	*Facts
	m *Message
	s Story
}

func (t *teller) step(at int64, code *fault.Code, format string, args ...any) {
	t.s.Steps = append(t.s.Steps, Note{at, code, fmt.Sprintf(format, args...)})
}

func (t *teller) say(o Outcome, code *fault.Code, format string, args ...any) {
	t.s.Outcome, t.s.Reason, t.s.Text = o, code, fmt.Sprintf(format, args...)
}

// publication tells who published the message, and where it went.
func (t *teller) publication() {
	m := t.m
	t.step(m.Time, nil, "%s", m.origin())
	if m.Was.Refused && m.Was.Code != fault.NoSubscriber {
		t.refused(m.Was.Code)
		return
	}
	if m.From == recorder.Delayed {
		t.step(m.Time, nil, "It was to be published later; the publication is a message of its own.")
		t.say(Waiting, nil, "It was published to $delayed, and waits for its time, or has come as a message of its own.")
		return
	}
	t.kept()
	if m.NotRetained != nil {
		t.step(m.Time, m.NotRetained, "It was not stored as retained message: %s.", reason(*m.NotRetained))
	}
	t.valued()
	switch {
	case m.Unkept != nil:
		t.step(0, m.Unkept, "The log refused it: %s.", reason(*m.Unkept))
		if !m.Routed || m.QoS > 0 && len(m.Deliveries) == 0 {
			t.say(Refused, m.Unkept, "The log refused it, and its publisher was not told that it is kept: %s.", reason(*m.Unkept))
		}
	case !m.Routed:
		t.step(0, nil, "It goes to its receivers when the log has it.")
	case m.From >= recorder.Client && m.From <= recorder.Due && m.Receivers == 0:
		t.step(0, because(fault.NoSubscriber), "No subscription matched it.")
	}
}

// kept tells where the message is stored.
func (t *teller) kept() {
	switch m := t.m; {
	case m.Stream == "":
		if m.From != 0 && m.From <= recorder.Delayed { // else it is not known
			t.step(0, nil, "No stream keeps it.")
		}
	case m.Position.Seq > 0:
		t.step(0, nil, "It is stored in stream %s at %v.", m.Stream, m.Position)
	case m.Unkept == nil:
		t.step(0, nil, "It was given to stream %s.", m.Stream)
	}
}

// valued tells what the historian made of the message.
func (t *teller) valued() {
	v := t.m.Values
	switch {
	case v == nil:
	case v.Pending:
		t.step(0, nil, "The historian has not come to it yet.")
	case v.Taken > 0 || len(v.Rejected) == 0:
		t.step(0, nil, "The historian took %s of it.", count(v.Taken, "value"))
	}
	if v == nil {
		return
	}
	for _, code := range v.Rejected {
		t.step(0, because(code), "The historian did not take all of it: %s.", reason(code))
	}
}

// origin says who published the message.
func (m *Message) origin() string {
	by := "An unknown client"
	if m.By != "" {
		by = "Client " + quoted(m.By)
	}
	what := fmt.Sprintf(" published it with QoS %d", m.QoS)
	if m.Retain {
		what += ", retained"
	}
	if m.Was.ID != 0 {
		what += fmt.Sprintf(", packet identifier %d", m.Was.ID)
	}
	switch m.From {
	case recorder.Inside:
		return "The node itself, a person or a program through it" + what + "."
	case recorder.Will:
		return by + " had left it as its will, QoS " + fmt.Sprint(m.QoS) + "."
	case recorder.Due:
		return by + " published it to $delayed; now its time had come."
	case recorder.HandedOver:
		return "Another member of a shared subscription had it, and left."
	case recorder.Client, recorder.Delayed, recorder.Unkept:
		return by + what + "."
	}
	if m.By != "" {
		return by + what + "; the recorder has forgotten the rest of its publication."
	}
	return fmt.Sprintf("It was published with QoS %d; the recorder has forgotten by whom.", m.QoS)
}

// refused tells that nobody got the message.
func (t *teller) refused(code fault.Code) {
	t.step(t.m.Time, because(code), "It was refused: %s.", reason(code))
	t.say(Refused, because(code), "It was refused when it was published, so nobody got it: %s.", reason(code))
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
	by := ""
	switch {
	case d.From == recorder.Retained:
		by = " as a retained message"
	case d.Shared:
		by = " by a shared subscription"
	case d.From == recorder.Logged:
		by = " from the log"
	case d.From == recorder.Followed:
		by = " from a stream that the client follows"
	}
	switch d.Outcome {
	case recorder.Dropped:
		t.dropped(d.At, d.Code)
		return
	case recorder.Behind:
		t.step(d.At, nil, "Its queue had no room, so it waits in the log.")
		t.logged()
		return
	case recorder.Queued:
		t.step(d.At, nil, "It was put into the client's queue%s.", by)
	default:
		t.step(d.At, nil, "It was written to the client's connection%s%s.", by, packetID(d.ID))
	}
	if d.SentAt != 0 {
		t.step(d.SentAt, nil, "It was sent from the queue%s.", packetID(d.ID))
	}
	sent := d.Outcome == recorder.Sent || d.SentAt != 0
	switch {
	case d.LostAt != 0:
		t.dropped(d.LostAt, d.LostCode)
	case d.AckedAt != 0:
		t.step(d.AckedAt, nil, "The client acknowledged it.")
		t.say(Acknowledged, nil, "The client got it and acknowledged it after %s.", length(d.AckedAt-t.m.Time))
	case sent && d.ID == 0:
		t.sent(max(d.At, d.SentAt))
	case sent:
		t.unacknowledged(max(d.At, d.SentAt))
	default:
		t.say(Queued, nil, "It waits in the client's queue%s.", t.whyQueued())
	}
}

func packetID(id uint16) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprintf(" with packet identifier %d", id)
}

// sent tells of QoS 0, which nobody acknowledges; a connection that ended soon after may
// have taken it along.
func (t *teller) sent(at int64) {
	const soon = 5e9
	for _, e := range t.Events {
		if e.What == recorder.Left && e.At >= at && e.At-at < soon {
			t.step(e.At, e.reason(), "The client's connection ended (%s).", e.cause())
			t.say(Sent, e.reason(), "It was written to the client's connection, which ended %s later (%s): with QoS 0 it may not have arrived.", length(e.At-at), e.cause())
			return
		}
	}
	t.say(Sent, nil, "It was written to the client's connection; QoS 0 is not acknowledged.")
}

func (t *teller) unacknowledged(at int64) {
	if ended, ok := t.ended(at); ok {
		t.dropped(ended, fault.SessionEnded)
		return
	}
	if t.forgets(t.home, at) {
		t.say(Sent, nil, "It was written to the client's connection. Whether it was acknowledged is forgotten.")
		return
	}
	t.say(Sent, nil, "It was written to the client's connection %s ago and is not acknowledged yet.", length(t.Now-at))
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
	t.step(at, because(code), "It was dropped: %s.", reason(code))
	t.say(Dropped, because(code), "It was dropped for the client: %s.", reason(code))
}

func (t *teller) whyQueued() string {
	switch s := t.Standing; {
	case s == nil:
		return ""
	case !s.Connected:
		return ", which is not connected"
	case s.Inflight > 0:
		return fmt.Sprintf(", behind %s that the client has not acknowledged", count(s.Inflight, "message"))
	}
	return ""
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
func (e Event) cause() string {
	switch {
	case e.Code != 0:
		return reason(e.Code)
	case e.Text == "tcp_closed":
		return "it broke off"
	case e.Text == "normal":
		return "the client disconnected"
	}
	return e.Text
}

// reason is a code in words that can be looked up.
func reason(c fault.Code) string {
	return fmt.Sprintf("%s (%v, %s)", strings.ToLower(c.Title()[:1])+c.Title()[1:], c, c.Quote())
}

func quoted(name string) string { return fmt.Sprintf("%q", name) }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// length is a time span of ns in words.
func length(ns int64) string {
	d := time.Duration(max(ns, 0))
	switch {
	case d < time.Second:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	d = d.Round(time.Second)
	if d < time.Hour {
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}

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
