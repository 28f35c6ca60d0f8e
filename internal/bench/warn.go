package bench

import "fmt"

const (
	// ownShare of the broker's processor time is where we may be what is measured.
	ownShare = 0.9
	// pegged is when a loop has no time left.
	pegged = 0.95
	// enough processor time, in seconds, for a figure that is right to some percent.
	enough = 0.5
	// kept is the share of an asked rate that counts as kept.
	kept = 0.99
)

// idles says that nothing is sent while it is measured.
func (r *run) idles() bool { return r.kept != nil && r.kept.Step == Away }

// warnings say what makes the figures doubtful.
func (r *run) warnings(rep *Report) []string {
	list := []string{}
	warn := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	closed := rep.Rate == 0 && r.o.Scenario != Conn && r.o.Scenario != Sub && !r.idles()
	if own := rep.Own.Cores; closed && own >= pegged*float64(rep.Threads) {
		warn("the load tool itself had no processor time left (%.2f cores): the rate is its limit, not the broker's; try more --threads or cores", own)
	}
	if b := rep.Broker; closed && b != nil && rep.Own.CPUSeconds > ownShare*b.CPUSeconds {
		warn("the load tool used %.2f s of processor time and the broker %.2f s: the broker may be able to do more", rep.Own.CPUSeconds, b.CPUSeconds)
	}
	if rep.Rate > 0 && r.o.Scenario != Conn && rep.SentPerSecond < kept*rep.Rate {
		warn("%.0f of %.0f messages/s could be sent: the window was full or the load tool too slow", rep.SentPerSecond, rep.Rate)
	}
	if r.kept != nil && r.kept.Full {
		warn("measured for %.1f s: then %d MiB waited for each session, and brokers drop what lies beyond their bound (see --backlog)", rep.Seconds, r.o.Durable.Backlog>>20)
	}
	if n := r.late.counts.stalls; n > 0 {
		warn("%d times a publisher waited a second for a delivery that did not come, and went on", n)
	}
	if rep.Broker != nil {
		cpu, cure := rep.Broker.CPUSeconds, "measure longer"
		if r.o.Scenario == Conn {
			cpu, cure = (r.early.broker.cpu - r.before.broker.cpu).Seconds(), "open more connections"
		}
		if cpu < enough && !r.idles() {
			warn("the broker used %.2f s of processor time, which is known to 0.02 s: %s", cpu, cure)
		}
	}
	return list
}
