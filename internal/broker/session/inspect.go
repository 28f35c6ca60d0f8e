package session

// Agreed is what client and server have agreed on for this connection.
type Agreed struct {
	SendMax    uint16 // messages of QoS 1 and 2 to the client without acknowledgement
	MaxPacket  uint32 // largest packet to the client; 0 is any
	AliasesIn  int    // topic aliases that the client has set
	AliasesOut int    // and was given
}

// Agreed returns it.
func (s *Session) Agreed() Agreed {
	a := Agreed{SendMax: s.sendMax, MaxPacket: s.maxPacket}
	if s.aliases != nil {
		for _, topic := range *s.aliases {
			if len(topic) > 0 {
				a.AliasesIn++
			}
		}
	}
	if s.numbering != nil {
		a.AliasesOut = len(s.numbering.topics)
	}
	return a
}

// Slow is a message that its client took long to acknowledge.
type Slow struct {
	Topic string // empty where nothing of the message was kept
	Took  int64  // ns from its arrival
}

// timed notes in ev that the message in flight was slow, when it was; now is the time.
func (s *Session) timed(ev *Event, id uint16, now int64) {
	if s.limits.Slow == 0 {
		return
	}
	o := s.flow.window.at(id)
	took := o.age(now)
	if took < s.limits.Slow {
		return
	}
	ev.Slow = Slow{Topic: s.topicOf(o), Took: took}
}
