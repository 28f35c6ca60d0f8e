package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Report is the result of a run. Rates and processor times are of the measured
// window; what is lost, doubled or out of order is of the whole run, warm-up and
// drain included.
type Report struct {
	// Scenario, Version (of MQTT), QoS, Payload (bytes), Rate (asked for, 0 is a
	// closed loop), Window and Threads are as the options had them.
	Scenario Scenario `json:"scenario"`
	Version  string   `json:"version"`
	QoS      byte     `json:"qos"`
	Payload  int      `json:"payload"`
	Rate     float64  `json:"rate"`
	Window   int      `json:"window"`
	Threads  int      `json:"threads"`
	// Connections is how many were open, of which so many publish and subscribe.
	Connections uint64 `json:"connections"`
	Publishers  int    `json:"publishers"`
	Subscribers int    `json:"subscribers"`

	// Seconds is the measured window, SentPerSecond and ReceivedPerSecond its rates.
	Seconds           float64 `json:"seconds"`
	SentPerSecond     float64 `json:"sentPerSecond"`
	ReceivedPerSecond float64 `json:"receivedPerSecond"`
	// Latency is from when a message was due until it was received, PubAck until it
	// was acknowledged by PUBACK or PUBCOMP, Connect from when a connection was due until CONNACK. For the
	// retained scenario Latency is from SUBSCRIBE.
	Latency Latency `json:"latency"`
	PubAck  Latency `json:"pubAck"`
	Connect Latency `json:"connect"`
	// SentLate is how long at most a message was sent after it was due, in
	// microseconds: it waited for room in the window, or for this tool.
	SentLate float64 `json:"sentLate"`

	// Messages checks every message of the run.
	Messages Messages `json:"messages"`
	// Own is what this process used, Broker what the broker did, nil when it was not
	// measured.
	Own    Usage  `json:"own"`
	Broker *Usage `json:"broker,omitempty"`
	// PerCPUSecond is deliveries (for pub: messages) for each second of the broker's
	// processor time; 0 when that was not measured.
	PerCPUSecond float64 `json:"perCPUSecond"`
	// ConnectCPU is the broker's processor time for each connection in microseconds,
	// ConnectionBytes its growth in memory for each; both for conn alone.
	ConnectCPU      float64 `json:"connectCPU,omitempty"`
	ConnectionBytes float64 `json:"connectionBytes,omitempty"`
	// ConnectsPerSecond is how fast the connections came about, for conn alone.
	ConnectsPerSecond float64 `json:"connectsPerSecond,omitempty"`

	// Offline is for offline alone; PerCPUSecond is that of its Drain.
	Offline *Waiting `json:"offline,omitempty"`

	// Durable is for durable alone.
	Durable *Kept `json:"durable,omitempty"`

	// Trouble is the first connection that failed.
	Trouble string `json:"trouble,omitempty"`
	// Interrupted says that the run ended early.
	Interrupted bool `json:"interrupted,omitempty"`
	// Warnings say what makes the figures doubtful.
	Warnings []string `json:"warnings"`
}

// Messages counts what became of the messages.
type Messages struct {
	Sent         uint64 `json:"sent"`
	Acknowledged uint64 `json:"acknowledged"`
	Expected     uint64 `json:"expected"` // deliveries
	Received     uint64 `json:"received"` // doubles left out
	// Lost never came, Doubled came again, Disordered came after a later one of the
	// same publisher and topic.
	Lost       uint64 `json:"lost"`
	Doubled    uint64 `json:"doubled"`
	Disordered uint64 `json:"disordered"`
	// Refused were acknowledged with an error, Unacknowledged not at all.
	Refused        uint64 `json:"refused"`
	Unacknowledged uint64 `json:"unacknowledged"`
	// Strange are packets that fit nothing that was sent.
	Strange uint64 `json:"strange"`
	// Disconnected is how many connections ended early.
	Disconnected uint64 `json:"disconnected"`
}

// Latency is a distribution in microseconds.
type Latency struct {
	Count uint64  `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

// Usage is what a process used in the measured window.
type Usage struct {
	CPUSeconds float64 `json:"cpuSeconds"`
	// Cores is CPUSeconds for each second.
	Cores float64 `json:"cores"`
	// Resident is the memory at the end, in bytes; 0 for ourselves.
	Resident int64 `json:"resident,omitempty"`
}

// Clean reports whether every message came once and in order, and no connection
// failed.
func (r *Report) Clean() bool {
	m := &r.Messages
	if r.Durable != nil {
		return r.Durable.clean(m, r.QoS)
	}
	return m.Lost+m.Doubled+m.Disordered+m.Refused+m.Unacknowledged+m.Strange+m.Disconnected == 0
}

// Deliveries is what PerCPUSecond counts.
func (r *Report) Deliveries() string {
	if r.Scenario == Pub || r.Durable != nil && r.Durable.Step == Accept {
		return "messages"
	}
	return "deliveries"
}

// report reads the loops, which have ended.
func (r *run) report() *Report {
	o := &r.o
	rep := &Report{
		Scenario: o.Scenario, Version: versionName(o.Version), QoS: o.QoS, Payload: o.Payload,
		Rate: o.Rate, Window: o.Window, Threads: o.Threads,
		Publishers: len(r.plan.publishers), Subscribers: len(r.plan.subscribers),
		Interrupted: r.interrupted, Offline: r.away, Durable: r.kept,
	}
	r.addDistributions(rep)
	r.addMessages(rep)
	r.addRates(rep)
	if o.Scenario == Conn {
		r.addConnections(rep)
	}
	rep.Warnings = r.warnings(rep)
	return rep
}

func versionName(v packet.Version) string {
	switch v {
	case packet.V31:
		return "3.1"
	case packet.V311:
		return "3.1.1"
	}
	return "5.0"
}

func (r *run) addDistributions(rep *Report) {
	first := &r.loops[0].meter
	for _, l := range r.loops[1:] {
		first.latency.Merge(l.meter.latency)
		first.puback.Merge(l.meter.puback)
		first.connect.Merge(l.meter.connect)
	}
	rep.Latency, rep.PubAck, rep.Connect = distribution(first.latency), distribution(first.puback), distribution(first.connect)
	for _, l := range r.loops {
		rep.SentLate = max(rep.SentLate, microseconds(l.meter.lateness))
	}
}

func distribution(h *hdrhistogram.Histogram) Latency {
	at := func(q float64) float64 { return microseconds(h.ValueAtQuantile(q)) }
	if h.TotalCount() == 0 {
		return Latency{}
	}
	return Latency{
		Count: uint64(h.TotalCount()), Mean: h.Mean() / 1e3,
		P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: microseconds(h.Max()),
	}
}

func microseconds(ns int64) float64 { return float64(ns) / 1e3 }

func (r *run) addMessages(rep *Report) {
	m := &rep.Messages
	sent := make(map[uint64]uint64, r.plan.lanes)
	for _, l := range r.loops {
		rep.Connections += l.meter.connected - l.meter.retired
		m.Sent += l.meter.sent
		m.Acknowledged += l.meter.acked
		m.Received += l.meter.received
		m.Refused += l.meter.refused
		m.Strange += l.meter.strange
		m.Disconnected += l.meter.failed
		for _, b := range l.publishers {
			m.Unacknowledged += uint64(b.unacknowledged())
			for _, lane := range b.lanes {
				sent[key(r.number, lane.number)] = lane.sent
			}
		}
		if l.trouble != nil && rep.Trouble == "" {
			rep.Trouble = l.trouble.Error()
		}
	}
	for _, l := range r.loops {
		l.check(m, sent)
	}
	if r.o.Scenario == Shared {
		r.checkShared(m, sent)
	}
	if r.kept != nil {
		r.checkKept(m)
	}
}

// check adds what the loop's receivers found; sent is by lane.
func (l *loop) check(m *Messages, sent map[uint64]uint64) {
	for _, s := range l.subscribed {
		for k, f := range s.flows {
			lost := f.lost(sent[k])
			m.Expected += f.seen + lost
			m.Lost += lost
			m.Doubled += f.doubled
			m.Disordered += f.disordered
		}
	}
	for _, c := range l.collectors {
		if c.rounds > c.done {
			c.lost += uint64(c.want - c.got)
		}
		m.Expected += c.rounds * uint64(c.want)
		m.Lost += c.lost
		m.Doubled += c.doubled
	}
}

func (r *run) addRates(rep *Report) {
	from, to := r.early, r.late
	rep.Seconds = to.at.Sub(from.at).Seconds()
	if rep.Seconds <= 0 {
		return
	}
	sent, received := to.counts.sent-from.counts.sent, to.counts.received-from.counts.received
	rep.SentPerSecond, rep.ReceivedPerSecond = float64(sent)/rep.Seconds, float64(received)/rep.Seconds
	if r.kept != nil {
		r.kept.AckedPerSecond = float64(to.counts.acked-from.counts.acked) / rep.Seconds
	}
	rep.Own = used(to.own-from.own, rep.Seconds)
	if !from.measured || !to.measured {
		return
	}
	broker := used(to.broker.cpu-from.broker.cpu, rep.Seconds)
	broker.Resident = to.broker.resident
	rep.Broker = &broker
	if done := received; broker.CPUSeconds > 0 {
		switch {
		case r.o.Scenario == Pub:
			done = sent
		case r.kept != nil && r.kept.Step == Accept:
			done = to.counts.acked - from.counts.acked
		}
		rep.PerCPUSecond = float64(done) / broker.CPUSeconds
	}
}

func used(cpu time.Duration, seconds float64) Usage {
	return Usage{CPUSeconds: cpu.Seconds(), Cores: cpu.Seconds() / seconds}
}

// addConnections divides what connecting cost.
func (r *run) addConnections(rep *Report) {
	n := float64(r.early.counts.connected)
	if n == 0 {
		return
	}
	rep.ConnectsPerSecond = n / r.early.at.Sub(r.before.at).Seconds()
	if r.before.measured && r.early.measured {
		rep.ConnectCPU = float64((r.early.broker.cpu - r.before.broker.cpu).Microseconds()) / n
		rep.ConnectionBytes = float64(r.late.broker.private-r.before.broker.private) / n
	}
}
