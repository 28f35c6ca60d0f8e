package session

// This file is about messages of shared subscriptions that stand in the log: they are a
// group's, which hears what becomes of each.

// Settled is such a message that the session is done with: the client has it, or it was
// dropped and counted.
type Settled struct {
	Share uint32 // as in DeliverShared
	Place Logged
}

// Settled returns what the session has done with since it was asked last; it is valid
// until the next change.
func (s *Session) Settled() (list []Settled) {
	if s.flow == nil || len(s.flow.queue.settled) == 0 {
		return nil
	}
	list = s.flow.queue.settled
	s.flow.queue.settled = list[:0]
	return list
}

// Begun are the places of a shared subscription's messages that have an identifier and
// are not acknowledged: of QoS 2, and with once of QoS 1.
func (s *Session) Begun(share uint32, once bool) (places []Logged) {
	if s.flow == nil {
		return nil
	}
	s.flow.queue.each(func(_ int, r record, waits bool) bool {
		if waits {
			return false
		}
		if r.share == share && r.logged.Stream != 0 && (once || r.qos() == 2) {
			places = append(places, r.logged)
		}
		return true
	})
	return places
}

// Shared says how many messages of a shared subscription the client was sent and has not
// acknowledged, and how many wait for it in the queue.
func (s *Session) Shared(share uint32) (sent, waiting int) {
	if s.flow == nil {
		return 0, 0
	}
	s.flow.queue.each(func(_ int, r record, waits bool) bool {
		switch {
		case r.share != share:
		case waits:
			waiting++
		default:
			sent++
		}
		return true
	})
	return sent, waiting
}

// EachBegun calls f for what of shared subscriptions was begun with QoS 2 and is not done
// with.
func (s *Session) EachBegun(f func(share uint32, l Logged)) {
	if s.flow == nil {
		return
	}
	s.flow.queue.each(func(_ int, r record, waits bool) bool {
		if !waits && r.share != 0 && r.logged.Stream != 0 && r.qos() == 2 {
			f(r.share, r.logged)
		}
		return !waits
	})
}

// Recall takes a shared subscription's messages back that others are to get: those that
// wait, and with once those of QoS 1 that were sent.
func (s *Session) Recall(share uint32, once bool) {
	if s.flow == nil {
		return
	}
	var ids []uint16
	s.flow.queue.each(func(_ int, r record, waits bool) bool {
		if once && !waits && r.share == share && r.logged.Stream != 0 && r.qos() == 1 {
			ids = append(ids, r.id)
		}
		return !waits
	})
	for _, id := range ids {
		s.flow.land(id)
	}
	s.dropWaiting(0, func(r *record) bool { return r.share == share && r.logged.Stream != 0 })
	s.Settled()
}

// Window is how many messages the client takes before it acknowledges one.
func (s *Session) Window() int { return int(s.sendMax) }
