package bench

import (
	"fmt"
	"io"
	"strings"
)

// Write prints the report for people.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	r.head(&b)
	switch {
	case r.Scenario == Conn:
		r.connections(&b)
	case r.Durable != nil:
		r.durable(&b)
	default:
		r.traffic(&b)
	}
	r.cost(&b)
	for _, warning := range r.Warnings {
		fmt.Fprintf(&b, "warning       %s\n", warning)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) head(b *strings.Builder) {
	fmt.Fprintf(b, "%s", r.Scenario)
	if r.Durable != nil {
		fmt.Fprintf(b, " %s", r.Durable.Step)
	}
	fmt.Fprintf(b, ", MQTT %s", r.Version)
	if r.Scenario != Conn {
		fmt.Fprintf(b, ", QoS %d", r.QoS)
	}
	if r.Publishers > 0 {
		fmt.Fprintf(b, ", %d publishers", r.Publishers)
	}
	if r.Subscribers > 0 {
		fmt.Fprintf(b, ", %d subscribers", r.Subscribers)
	}
	if r.Publishers > 0 {
		fmt.Fprintf(b, ", %d bytes", r.Payload)
	}
	switch {
	case r.Rate > 0:
		fmt.Fprintf(b, ", open loop of %s/s", short(r.Rate))
	case r.Publishers > 0 && r.Scenario != Retained && r.Scenario != Offline && (r.Durable == nil || !r.Durable.Step.fills()):
		fmt.Fprintf(b, ", closed loop, window %d", r.Window)
	}
	fmt.Fprintf(b, ", %.1f s", r.Seconds)
	if r.Interrupted {
		b.WriteString(", interrupted")
	}
	b.WriteString("\n\n")
}

func (r *Report) connections(b *strings.Builder) {
	fmt.Fprintf(b, "connections   %d open, %s/s\n", r.Connections, short(r.ConnectsPerSecond))
	r.Connect.line(b, "connect")
	if r.Broker != nil {
		fmt.Fprintf(b, "each          %.1f µs of broker processor, %.0f bytes of broker memory\n", r.ConnectCPU, r.ConnectionBytes)
	}
	if r.Messages.Disconnected > 0 {
		fmt.Fprintf(b, "failed        %d; first: %s\n", r.Messages.Disconnected, r.Trouble)
	}
}

func (r *Report) traffic(b *strings.Builder) {
	if r.Offline != nil {
		r.Offline.Enqueue.line(b, "enqueue")
		r.Offline.Drain.line(b, "drain")
	} else {
		fmt.Fprintf(b, "rate          %s sent/s, %s received/s\n", short(r.SentPerSecond), short(r.ReceivedPerSecond))
	}
	r.checked(b)
}

// checked is what every scenario with messages has.
func (r *Report) checked(b *strings.Builder) {
	r.Latency.line(b, "latency")
	r.PubAck.line(b, r.acknowledgement())
	if r.Rate > 0 {
		fmt.Fprintf(b, "sent late     by %s at most\n", lasting(r.SentLate))
	}
	m := &r.Messages
	fmt.Fprintf(b, "messages      %d sent, %d of %d deliveries received\n", m.Sent, m.Received, m.Expected)
	fmt.Fprintf(b, "check         %d lost, %d doubled, %d out of order", m.Lost, m.Doubled, m.Disordered)
	for _, n := range []struct {
		count uint64
		what  string
	}{{m.Refused, "refused"}, {m.Unacknowledged, "not acknowledged"}, {m.Strange, "strange packets"}, {m.Disconnected, "disconnected"}} {
		if n.count > 0 {
			fmt.Fprintf(b, ", %d %s", n.count, n.what)
		}
	}
	b.WriteString("\n")
	if r.Trouble != "" {
		fmt.Fprintf(b, "trouble       %s\n", r.Trouble)
	}
}

// acknowledgement is the packet that ends a publication.
func (r *Report) acknowledgement() string {
	if r.QoS == 2 {
		return "PUBCOMP"
	}
	return "PUBACK"
}

func (r *Report) cost(b *strings.Builder) {
	if r.Scenario == Conn {
		b.WriteString("then idle:\n")
	}
	fmt.Fprintf(b, "own use       %.2f s of processor time, %.2f cores\n", r.Own.CPUSeconds, r.Own.Cores)
	if r.Broker == nil {
		return
	}
	fmt.Fprintf(b, "broker        %.2f s of processor time, %.2f cores, %.1f MiB\n", r.Broker.CPUSeconds, r.Broker.Cores, float64(r.Broker.Resident)/(1<<20))
	if r.PerCPUSecond > 0 && r.Scenario != Conn {
		fmt.Fprintf(b, "\n%s %s per second of broker processor time\n", short(r.PerCPUSecond), r.Deliveries())
	}
}

func (p Phase) line(b *strings.Builder, name string) {
	fmt.Fprintf(b, "%-13s %d messages in %.2f s, %s/s", name, p.Messages, p.Seconds, short(p.PerSecond))
	if p.Broker != nil {
		fmt.Fprintf(b, ", %s per second of broker processor time, %.1f MiB", short(p.PerCPUSecond), float64(p.Broker.Resident)/(1<<20))
	}
	b.WriteString("\n")
}

func (l Latency) line(b *strings.Builder, name string) {
	if l.Count == 0 {
		return
	}
	fmt.Fprintf(b, "%-13s p50 %s  p90 %s  p99 %s  p99.9 %s  max %s\n", name, lasting(l.P50), lasting(l.P90), lasting(l.P99), lasting(l.P999), lasting(l.Max))
}

// short writes a rate to three digits.
func short(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.2fM", n/1e6)
	case n >= 1e5:
		return fmt.Sprintf("%.0fk", n/1e3)
	case n >= 1e3:
		return fmt.Sprintf("%.1fk", n/1e3)
	}
	return fmt.Sprintf("%.0f", n)
}

// lasting writes microseconds.
func lasting(us float64) string {
	switch {
	case us >= 1e6:
		return fmt.Sprintf("%.2f s", us/1e6)
	case us >= 1e3:
		return fmt.Sprintf("%.2f ms", us/1e3)
	}
	return fmt.Sprintf("%.0f µs", us)
}
