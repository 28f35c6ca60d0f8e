package session

// Place is where a received PUBLISH stands among those of its connection that
// are not acknowledged yet.
type Place uint16

// acks holds the PUBACKs a connection owes, so that they leave in the order of
// the PUBLISH packets [MQTT-4.6.0-2] although some are settled at once and others
// by the log. Its zero value is empty.
type acks struct {
	ring  []ack
	head  Place // place of the oldest
	count int
}

type ack struct {
	id      uint16
	reason  byte
	settled bool
}

// await appends an identifier and returns its place.
func (a *acks) await(id uint16) Place {
	if a.count == len(a.ring) {
		a.grow()
	}
	p := a.head + Place(a.count)
	*a.at(p) = ack{id: id}
	a.count++
	return p
}

// settle decides a PUBACK; a place that is not awaited is left alone.
func (a *acks) settle(p Place, reason byte) {
	if int(p-a.head) < a.count {
		k := a.at(p)
		k.reason, k.settled = reason, true
	}
}

// next takes the oldest PUBACK when it is settled.
func (a *acks) next() (id uint16, reason byte, ok bool) {
	if a.count == 0 {
		return 0, 0, false
	}
	k := a.at(a.head)
	if !k.settled {
		return 0, 0, false
	}
	a.head++
	a.count--
	return k.id, k.reason, true
}

func (a *acks) at(p Place) *ack { return &a.ring[int(p)&(len(a.ring)-1)] }

func (a *acks) grow() {
	old := *a
	a.ring = make([]ack, max(16, 2*len(old.ring)))
	for i := range Place(old.count) {
		*a.at(old.head + i) = *old.at(old.head + i)
	}
}
