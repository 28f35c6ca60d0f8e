package bench

import (
	"fmt"
	"strings"
	"time"
)

// checkKept takes out of what is missing what nobody is owed: messages that were
// refused or never acknowledged; all of it when nobody came to look.
func (r *run) checkKept(m *Messages) {
	k := r.kept
	excused := uint64(0)
	flows := map[uint64][]*flow{}
	for _, l := range r.loops {
		for _, s := range l.subscribed {
			for key, f := range s.flows {
				flows[key] = append(flows[key], f)
			}
		}
		k.Again += l.meter.again
		k.Forgotten += l.meter.forgotten
		k.Outages = max(k.Outages, l.outage.times)
		k.OutageSeconds = max(k.OutageSeconds, time.Duration(l.outage.total).Seconds())
	}
	for _, l := range r.loops {
		for _, b := range l.publishers {
			excused += b.excused(r.number, flows)
		}
	}
	if k.Unchecked {
		excused = m.Lost
	}
	m.Lost -= excused
	m.Expected -= excused
	if k.Step == Away && r.before.measured && r.late.measured {
		k.SessionBytes = float64(r.late.broker.private-r.before.broker.private) / float64(k.Sessions)
	}
}

// excused is how many deliveries are missing of messages without a good answer.
func (b *publisher) excused(run uint32, flows map[uint64][]*flow) (n uint64) {
	numbers := b.refused
	for _, f := range b.flight {
		if f.due != 0 {
			numbers = append(numbers, f.number)
		}
	}
	lanes := uint64(len(b.lanes))
	for _, number := range numbers {
		for _, f := range flows[key(run, b.lanes[number%lanes].number)] {
			if f.misses(number / lanes) {
				n++
			}
		}
	}
	return n
}

// clean reports whether everything acknowledged came, in order, and once: but with
// QoS 1 what was under way when a connection was lost may come again [MQTT-4.3.2-1].
func (k *Kept) clean(m *Messages, qos byte) bool {
	bad := m.Lost + m.Disordered + m.Refused + m.Unacknowledged + m.Strange + m.Disconnected + k.Forgotten
	if qos == 2 || k.Outages == 0 {
		bad += m.Doubled
	}
	return bad == 0 && !k.Unchecked
}

func (r *Report) durable(b *strings.Builder) {
	k := r.Durable
	fmt.Fprintf(b, "sessions      %d", k.Sessions)
	if k.SessionBytes > 0 {
		fmt.Fprintf(b, ", %.0f bytes of broker memory each", k.SessionBytes)
	}
	b.WriteString("\n")
	if !k.Step.fills() {
		fmt.Fprintf(b, "rate          %s acknowledged/s, %s received/s\n", short(k.AckedPerSecond), short(r.ReceivedPerSecond))
	}
	if k.Fill != nil {
		k.Fill.line(b, "fill")
	}
	if k.AcceptSeconds > 0 {
		fmt.Fprintf(b, "restart       clients were taken again after %.2f s\n", k.AcceptSeconds)
	}
	if k.Drain != nil {
		k.Drain.line(b, "drain")
	}
	if k.Step != Away {
		r.checked(b)
	}
	if k.Outages > 0 {
		fmt.Fprintf(b, "outages       %d, %.2f s in all; %d messages published again\n", k.Outages, k.OutageSeconds, k.Again)
	}
	if k.Forgotten > 0 {
		fmt.Fprintf(b, "forgotten     %d sessions\n", k.Forgotten)
	}
	if k.Unchecked {
		b.WriteString("not checked   the run ended before what was kept could be fetched\n")
	}
}
