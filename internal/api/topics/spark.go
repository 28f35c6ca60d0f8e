package topics

import "time"

const (
	// slots of step each make up the two minutes that a spark shows.
	slots = 40
	step  = 3 * time.Second
)

// spark is a ring of a topic's number, one value a slot.
type spark struct {
	ring   [slots]float32
	newest int64 // slot
	count  int
}

// add sets the value of a slot newer than all before; slots without a value of
// their own hold the one before them.
func (s *spark) add(slot int64, v float32) {
	if s.count > 0 {
		s.hold(slot - 1)
	}
	s.ring[slot%slots] = v
	s.newest, s.count = slot, min(s.count+1, slots)
}

// hold repeats the newest value up to a slot.
func (s *spark) hold(until int64) {
	v := s.ring[s.newest%slots]
	for i := max(s.newest+1, until-slots+1); i <= until; i++ {
		s.ring[i%slots] = v
	}
	if until > s.newest {
		s.count = int(min(int64(s.count)+until-s.newest, slots))
		s.newest = until
	}
}

// values are those up to slot now, oldest first.
func (s *spark) values(now int64) []float64 {
	c := *s
	c.hold(now)
	out := make([]float64, 0, c.count)
	for i := c.newest - int64(c.count) + 1; i <= c.newest; i++ {
		out = append(out, short(c.ring[i%slots]))
	}
	return out
}
