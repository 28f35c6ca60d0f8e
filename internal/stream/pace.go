package stream

import "math"

// Spacing of entries. An entry costs its 140 microseconds of CPU however few
// messages it holds, so a crowd of publishers is made to share entries. A lone
// publisher, who waits for each answer before the next message, gains nothing from
// waiting and never waits.
const (
	spacing      = int64(500e3) // ns between two entries once it pays
	crowdRate    = 4.0 / 1e6    // messages per ns from which it pays: two a spacing
	crowdOverlap = 0.25         // share of batches that met others under way
	enough       = 64           // messages that pay for an entry at once
	enoughBytes  = 32 << 10     // the same in bytes
	rateSpan     = 10e6         // ns over which the rate is averaged
)

// pacer decides when the next entry may go. It is a pure value: time comes in.
type pacer struct {
	lastSend, lastArrival int64
	rate                  float64 // messages per ns
	overlap               float64 // share of recent batches that met others
}

// arrived tells of n messages; busy says that others were waiting or in flight.
func (p *pacer) arrived(now int64, n int, busy bool) {
	gap := float64(max(now-p.lastArrival, 0))
	p.lastArrival = now
	p.rate = p.rate*math.Exp(-gap/rateSpan) + float64(n)/rateSpan
	met := 0.0
	if busy {
		met = 1
	}
	p.overlap += (met - p.overlap) / 16
}

// sent tells that an entry went.
func (p *pacer) sent(now int64) { p.lastSend = now }

// wait returns how long, ns, an entry of what has gathered should still wait.
func (p *pacer) wait(now int64, messages, bytes int) int64 {
	if messages >= enough || bytes >= enoughBytes || !p.crowd() {
		return 0
	}
	return max(p.lastSend+spacing-now, 0)
}

func (p *pacer) crowd() bool { return p.rate >= crowdRate && p.overlap >= crowdOverlap }
