package broker

import (
	"bytes"
	"hash/maphash"

	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

var (
	errDenied       = fault.New(fault.AccessDenied, "The access rules deny the topic.")
	errDeniedFilter = fault.New(fault.AccessDenied, "The access rules deny the subscription.")
	errOtherUser    = fault.New(fault.Forbidden, "The client showed itself anew as another user.")
)

// accessCounts is one loop's share of [AccessStats].
type accessCounts struct {
	logins                     uint64
	published, subscribed      outcome
	remembered, revokedFilters uint64
}

type outcome struct{ allowed, denied uint64 }

// AccessStats counts what the Authenticator and the Authorizer have answered. Why
// logins failed is in [Stats.Refused].
type AccessStats struct {
	// Logins counts clients that were let in, and those who showed themselves anew.
	Logins uint64
	// The four count messages and subscriptions that rules were asked about.
	PublishAllowed, PublishDenied, SubscribeAllowed, SubscribeDenied uint64
	// Remembered counts those of PublishAllowed and PublishDenied for which the last
	// answer was still good.
	Remembered uint64
	// Revoked counts subscriptions that were ended because rules changed.
	Revoked uint64
}

func (s *AccessStats) add(c *accessCounts) {
	s.Logins += c.logins
	s.PublishAllowed += c.published.allowed
	s.PublishDenied += c.published.denied
	s.SubscribeAllowed += c.subscribed.allowed
	s.SubscribeDenied += c.subscribed.denied
	s.Remembered += c.remembered
	s.Revoked += c.revokedFilters
}

func (o *outcome) count(ok bool) bool {
	if ok {
		o.allowed++
	} else {
		o.denied++
	}
	return ok
}

// rightsOf asks what the client may do; nil is everything.
func (w *worker) rightsOf(c *client, id string, who *Identity) Rights {
	if w.options.Authorizer == nil {
		return nil
	}
	l := c.login(id)
	return w.options.Authorizer.Rights(who, &l)
}

// answers are a client's last verdicts, one for each of a few topics.
type answers struct {
	last uint8 // the place of the one that was asked for last
	list [answerSlots]answer
}

type answer struct {
	topic   []byte
	known   uint8 // by QoS and retain
	allowed uint8
}

const (
	answerSlots = 14
	// longestAnswer bounds the topics that are remembered, and so the memory.
	longestAnswer = 256
)

// mayPublish asks the rules about a message; a topic that comes again costs a compare.
func (w *worker) mayPublish(c *client, m *msg.Message) bool {
	if c.rights == nil {
		return true
	}
	if c.answers == nil {
		c.answers = new(answers)
	}
	bit := uint8(1) << (m.QoS << 1)
	if m.Retain {
		bit <<= 1
	}
	name := publishedTopic(m.Topic)
	a, same := c.answers.find(name)
	if same && a.known&bit != 0 {
		w.counts.access.remembered++
		return w.counts.access.published.count(a.allowed&bit != 0)
	}
	ok := c.rights.MayPublish(name, m.QoS, m.Retain)
	if len(name) <= longestAnswer {
		if !same {
			a.topic, a.known, a.allowed = append(a.topic[:0], name...), 0, 0
		}
		a.known |= bit
		if ok {
			a.allowed |= bit
		}
	}
	return w.counts.access.published.count(ok)
}

// mayStillPublish asks the rules about a will when its time has come: they may have
// changed since the login. One that they deny goes nowhere.
func (w *worker) mayStillPublish(c *client, m *msg.Message) bool {
	if c.rights == nil || w.counts.access.published.count(c.rights.MayPublish(publishedTopic(m.Topic), m.QoS, m.Retain)) {
		return true
	}
	w.counts.dropped[fault.AccessDenied]++
	w.recordRefused(c, recorder.Will, m, 0, fault.AccessDenied)
	w.refusals.log("will denied", about(c, "topic", shown(m.Topic), "qos", m.QoS, "retain", m.Retain)...)
	return false
}

var answerSeed = maphash.MakeSeed()

// find is the topic's place. One that is not there gets the place of the topic that
// was longer there of two.
func (k *answers) find(topic []byte) (a *answer, same bool) {
	if a = &k.list[k.last]; bytes.Equal(a.topic, topic) {
		return a, true
	}
	at := maphash.Bytes(answerSeed, topic) % (answerSlots / 2) * 2
	first, second := &k.list[at], &k.list[at+1]
	switch {
	case bytes.Equal(first.topic, topic):
		k.last = uint8(at)
		return first, true
	case bytes.Equal(second.topic, topic):
		k.last = uint8(at + 1)
		return second, true
	}
	k.last = uint8(at)
	*first, *second = *second, *first
	return first, false
}

// denied answers for a message that the rules deny. MQTT 3.1 and 3.1.1 have no word
// for it: the message is acknowledged and goes nowhere, or the connection is closed
// [MQTT-3.3.5-2].
func (w *worker) denied(c *client, ev *session.Event) {
	m := &ev.Message
	w.counts.dropped[fault.AccessDenied]++
	w.recordRefused(c, recorder.Client, m, ev.PacketID, fault.AccessDenied)
	w.reportRefusal(c, errDenied)
	w.refusals.log("publish denied", about(c, "topic", shown(m.Topic), "qos", m.QoS, "retain", m.Retain)...)
	if c.session.Version() != packet.V5 && w.options.CloseDenied {
		w.end(c, errDenied)
		return
	}
	w.acknowledge(c, ev, session.Refusal(fault.AccessDenied))
}

// maySubscribe asks the rules about a subscription.
func (w *worker) maySubscribe(c *client, f *packet.Subscription) bool {
	return c.rights == nil || w.counts.access.subscribed.count(c.rights.MaySubscribe(plainFilter(f.Filter), f.QoS))
}

// plainFilter is the filter that decides what a subscription brings.
func plainFilter(filter []byte) []byte {
	return filter[len(filter)-len(topic.Matching(string(filter))):]
}

// publishedTopic is where a message goes in the end, whenever that is.
func publishedTopic(name []byte) []byte {
	if name[0] != '$' || !isDelayed(name) {
		return name
	}
	if _, inner, _ := bytes.Cut(name[len(topic.Delayed):], []byte("/")); len(inner) > 0 {
		return inner
	}
	return name // and refused for its form
}

// notAllowed answers a subscription that the rules deny.
func (w *worker) notAllowed(c *client, f *packet.Subscription) byte {
	w.counts.ungranted[fault.AccessDenied]++
	w.noteRefused(errDeniedFilter)
	w.reportRefusal(c, errDeniedFilter)
	w.refusals.log("subscription refused", about(c, "reason", fault.AccessDenied.String(), "filter", shown(f.Filter))...)
	if c.session.Version() != packet.V5 {
		return packet.UnspecifiedError // [MQTT-3.9.3-2]: 3.1.1 knows 0x80 alone
	}
	return session.Reason(packet.TypeSuback, fault.AccessDenied)
}
