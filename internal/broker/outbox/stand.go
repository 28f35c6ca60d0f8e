package outbox

import "time"

// stand is since when somebody waits for the log to have less under way, and when it last
// had something to say.
type stand struct{ stopped, answered int64 }

// standsAfter is how long the log may answer nothing before QoS 0 no longer waits for it.
const standsAfter = int64(time.Second)

// Busy says whether the log has so much under way that what asks for its word has to
// wait: the last quarter is for QoS 0, so that a disk that is slow stops those alone who
// wait for it.
func (k *Outbox) Busy() bool { return k.bytes > k.options.Limit-k.options.Limit/4 }

// Full says whether publishers of QoS 0 into the log are to be read no further, too.
func (k *Outbox) Full() bool { return k.bytes > k.options.Limit }

// Stopped notes that somebody waits from now on until half of the limit is free.
func (k *Outbox) Stopped(now int64) {
	if k.stand.stopped == 0 {
		k.stand.stopped = now
	}
}

// Free says whether those who waited may go on: half of the limit is free. Then nobody
// waits any more.
func (k *Outbox) Free() bool {
	if k.stand.stopped == 0 || k.bytes > k.options.Limit/2 {
		return false
	}
	k.stand.stopped = 0
	return true
}

// Still says that the log has not moved for a while though somebody waits for it, Stands
// that it is full as well.
func (k *Outbox) Still(now int64) bool {
	return k.stand.stopped != 0 && now-max(k.stand.stopped, k.stand.answered) > standsAfter
}

// Stands is described at Still.
func (k *Outbox) Stands(now int64) bool { return k.Full() && k.Still(now) }
