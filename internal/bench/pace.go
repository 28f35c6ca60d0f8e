package bench

import "time"

// pace says when each message of an open loop is due: message g at begin + g/rate.
type pace struct {
	begin int64   // nanoseconds since 1970
	rate  float64 // a second, all together; 0 is a closed loop
}

func (p pace) open() bool { return p.rate > 0 }

func (p pace) due(g uint64) int64 {
	return p.begin + int64(float64(g)/p.rate*float64(time.Second))
}
