package loop

import "time"

// blur is how far the machine's clock may run from the steady one until it counts as set:
// the two are read one behind the other and kept up by the system in its own ways.
const blur = int64(time.Millisecond)

// lead is how far the machine's clock is ahead of the steady one since it was set, ns.
type lead int64

// see takes both of a moment; what is within the blur changes nothing, so that a time
// shown twice is the same to the nanosecond.
func (l *lead) see(clock, steady int64) {
	if d := clock - steady; d > int64(*l)+blur || d < int64(*l)-blur {
		*l = lead(d)
	}
}
