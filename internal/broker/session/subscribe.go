package session

import (
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

func (s *Session) subscribe(frame []byte, ev *Event, dst []byte) []byte {
	ev.Subscribe.Most = s.limits.Filters
	if err := ev.Subscribe.Decode(frame, s.version); err != nil {
		return s.fail(dst, ev, err)
	}
	if s.tooMany(len(ev.Subscribe.Filters)) {
		return s.fail(dst, ev, errAnswer)
	}
	ev.Do = Subscribe
	return dst
}

func (s *Session) unsubscribe(frame []byte, ev *Event, dst []byte) []byte {
	ev.Unsubscribe.Most = s.limits.Filters
	if err := ev.Unsubscribe.Decode(frame, s.version); err != nil {
		return s.fail(dst, ev, err)
	}
	if s.tooMany(len(ev.Unsubscribe.Filters)) {
		return s.fail(dst, ev, errAnswer)
	}
	ev.Do = Unsubscribe
	return dst
}

// tooMany says whether SUBACK or UNSUBACK for so many filters would be larger than
// the client allows [MQTT-3.1.2-24].
func (s *Session) tooMany(filters int) bool {
	if s.maxPacket == 0 {
		return false
	}
	p := packet.Suback{Reasons: make([]byte, filters)}
	return len(p.Append(nil, s.version)) > int(s.maxPacket)
}

// Grant answers what a client gets that asks for a filter and has have filters
// already: a reason code for SUBACK, and the fault when it is none of the QoS.
func (s *Session) Grant(f *packet.Subscription, have int) (reason byte, code fault.Code, ok bool) {
	code, ok = s.grant(f, have)
	if ok {
		return f.QoS, 0, true // [MQTT-3.8.4-7]
	}
	return Reason(packet.TypeSuback, code), code, false
}

func (s *Session) grant(f *packet.Subscription, have int) (fault.Code, bool) {
	switch {
	case topic.ValidSubscription(f.Filter) != nil: // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
		return fault.BadTopicFilter, false
	case s.limits.Topics.Filter(f.Filter) != nil:
		return fault.BadTopicFilter, false
	case have >= s.limits.Subscriptions:
		return fault.TooMany, false
	}
	return 0, true
}

// Granted answers SUBSCRIBE with one reason code for each of its filters; refused is
// why the first of them is not granted, nil when all are.
func (s *Session) Granted(dst []byte, id uint16, reasons []byte, refused error) []byte {
	p := packet.Suback{ID: id, Reasons: reasons}
	if refused == nil {
		return p.Append(dst, s.version)
	}
	return s.explainedTo(dst, reasonString(refused), func(dst, text []byte) []byte { // [MQTT-3.9.2-1]
		p.ReasonString = text
		return p.Append(dst, s.version)
	})
}

// Ended answers UNSUBSCRIBE with one reason code for each of its filters.
func (s *Session) Ended(dst []byte, id uint16, reasons []byte) []byte {
	p := packet.Unsuback{ID: id, Reasons: reasons}
	return p.Append(dst, s.version)
}
