package sys

import "math"

// spans are the averages' windows.
var spans = [...]struct {
	name    string
	seconds float64
}{{"1min", 60}, {"5min", 300}, {"15min", 900}}

// load is a rate per minute, averaged over each of the spans: the weight of what
// was falls by e in one span, as with a system's load average.
type load struct {
	last    uint64
	average [len(spans)]float64
	begun   bool
}

// leastChange is how far an average moves before it is told again.
const leastChange = 0.01

// step takes the count in after that many seconds and calls told with each average
// that has moved.
func (l *load) step(count uint64, seconds float64, told func(span string, average float64)) {
	rate := float64(count-l.last) * 60 / seconds
	l.last = count
	for i, s := range spans {
		next := rate
		if l.begun {
			next = rate + math.Exp(-seconds/s.seconds)*(l.average[i]-rate)
		}
		if math.Abs(next-l.average[i]) >= leastChange || !l.begun {
			told(s.name, next)
		}
		l.average[i] = next
	}
	l.begun = true
}
