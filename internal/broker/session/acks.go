package session

import (
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Place is where a received PUBLISH stands among those of its connection that
// are not acknowledged yet.
type Place uint16

// acks holds the PUBACKs and PUBRECs a connection owes, so that they leave in the
// order of the PUBLISH packets [MQTT-4.6.0-2] [MQTT-4.6.0-3] although some are
// settled at once and others by the log. Its zero value is empty.
type acks struct {
	ring  []ack
	head  Place // place of the oldest
	count int
	once  int // how many of count are PUBACKs
}

type ack struct {
	id uint16
	Answer
	exact   bool // a PUBREC, else a PUBACK
	settled bool
}

// Answer is what a PUBACK or PUBREC says; its zero value is that all is well.
type Answer struct {
	// Reason is the reason code; Why is the fault behind it, from 0x80 on.
	Reason byte
	Why    fault.Code
}

// Refusal is the answer to a message for which the fault speaks.
func Refusal(code fault.Code) Answer { return Answer{Reason(packet.TypePuback, code), code} }

func (a Answer) refuses() bool { return a.Reason >= packet.UnspecifiedError }

// await appends an identifier and returns its place.
func (a *acks) await(id uint16, exact bool) Place {
	if a.count == len(a.ring) {
		a.grow()
	}
	p := a.head + Place(a.count)
	*a.at(p) = ack{id: id, exact: exact}
	a.count++
	if !exact {
		a.once++
	}
	return p
}

// settle decides an acknowledgement, and returns it; a place that is not awaited is left
// alone.
func (a *acks) settle(p Place, answer Answer) (k ack, ok bool) {
	if int(p-a.head) >= a.count {
		return ack{}, false
	}
	at := a.at(p)
	at.Answer, at.settled = answer, true
	return *at, true
}

// next takes the oldest acknowledgement when it is settled.
func (a *acks) next() (k ack, ok bool) {
	if a.count == 0 {
		return ack{}, false
	}
	if k = *a.at(a.head); !k.settled {
		return ack{}, false
	}
	a.head++
	a.count--
	if !k.exact {
		a.once--
	}
	return k, true
}

// find returns the place of an awaited PUBREC.
func (a *acks) find(id uint16) (p Place, ok bool) {
	if a == nil {
		return 0, false
	}
	for i := range Place(a.count) {
		if k := a.at(a.head + i); k.exact && k.id == id {
			return a.head + i, true
		}
	}
	return 0, false
}

func (a *acks) at(p Place) *ack { return &a.ring[int(p)&(len(a.ring)-1)] }

func (a *acks) grow() {
	old := *a
	a.ring = make([]ack, max(16, 2*len(old.ring)))
	for i := range Place(old.count) {
		*a.at(old.head + i) = *old.at(old.head + i)
	}
}
