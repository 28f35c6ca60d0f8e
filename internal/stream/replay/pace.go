package replay

import "time"

// pace says when messages go out. It is a pure value.
type pace struct {
	speed float64 // times as fast as they came; 0 is no matter
	rate  float64 // messages a second; 0 is no matter

	begun time.Time
	first int64 // arrival of the first message, ns
	sent  int64
}

// due is when a message that arrived at that time goes out. now is when the first is asked
// for; of a message that arrived before the first the time of the first counts.
func (p *pace) due(arrived int64, now time.Time) time.Time {
	if p.begun.IsZero() {
		p.begun, p.first = now, arrived
	}
	p.sent++
	switch {
	case p.rate > 0:
		return p.begun.Add(time.Duration(float64(p.sent-1) / p.rate * float64(time.Second)))
	case p.speed > 0:
		return p.begun.Add(time.Duration(float64(max(arrived-p.first, 0)) / p.speed))
	}
	return now
}

// shift moves what is to come by the length of a pause.
func (p *pace) shift(d time.Duration) {
	if !p.begun.IsZero() {
		p.begun = p.begun.Add(d)
	}
}
