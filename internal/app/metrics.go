package app

import (
	"slices"
	"strconv"

	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/observe"
	"github.com/millrace/millrace/internal/stream"
)

// counter reads one number as metrics want it.
func counter[N uint64 | int64 | int](read func() N) func() float64 {
	return func() float64 { return float64(read()) }
}

// registerMetrics names everything that /metrics shows.
func (a *App) registerMetrics() {
	a.metrics.Before(a.takeSnapshot)
	a.brokerMetrics()
	a.delayedMetrics()
	a.seenMetrics()
	a.aliasMetrics()
	a.streamMetrics()
	a.groupMetrics()
	a.historianMetrics()
	a.backupMetrics()
	m := a.metrics
	m.Counter("millrace_log_lines_lost_total", "Log lines that were left out: whoever reads the log did not keep up.", counter(a.logLost))
	m.Gauge("millrace_alarms", "Active alarms.", func() float64 { return float64(len(a.alarms.Active())) })
	m.Gauge("millrace_disk_free_bytes", "Free bytes where the data lies.", func() float64 { free, _ := a.freeSpace(); return float64(free) })
	m.Counter("millrace_bus_restarts_total", "Times that the storage engine was started afresh.", counter(a.bus.Restarts))
	m.Counter("millrace_live_missed_total", "Messages that readers of GET /live were too slow for.", func() float64 { return float64(a.api.Missed()) })
	m.Gauge("millrace_topics", "Topics whose last message is remembered.", func() float64 { return float64(a.topics.Stats().Topics) })
	m.Counter("millrace_topics_evicted_total", "Topics forgotten for room.", func() float64 { return float64(a.topics.Stats().Evicted) })
	m.Counter("millrace_topics_missed_total", "Messages that the topic registry was too slow for.", func() float64 { return float64(a.topics.Stats().Missed) })
}

// takeSnapshot takes the broker's figures for one answer, so that they agree with
// each other.
func (a *App) takeSnapshot() {
	s := a.broker.Stats()
	a.figuresNow.Store(&s)
}

func (a *App) snapshot() broker.Stats { return *a.figuresNow.Load() }

func (a *App) streamMetrics() {
	m := a.metrics
	m.Counters("millrace_stream_messages_total", "Messages appended.", "stream", a.byStream(func(s stream.Stats) float64 { return float64(s.Messages) }))
	m.Counters("millrace_stream_entries_total", "Entries appended.", "stream", a.byStream(func(s stream.Stats) float64 { return float64(s.Entries) }))
	m.Counters("millrace_stream_refused_total", "Messages answered with an error.", "stream", a.byStream(func(s stream.Stats) float64 { return float64(s.Refused) }))
	m.Counters("millrace_stream_repeated_total", "Entries that were sent to the log again.", "stream", a.byStream(func(s stream.Stats) float64 { return float64(s.Repeated) }))
	m.Counters("millrace_stream_damaged_total", "Entries that could not be read.", "stream", a.byStream(func(s stream.Stats) float64 { return float64(s.Damaged) }))
	m.Gauges("millrace_stream_bytes", "Bytes on disk.", "stream", a.byStream(func(s stream.Stats) float64 { return float64(s.Bytes) }))
	m.Gauges("millrace_stream_pending", "Messages handed over and not yet kept.", "stream", a.byStream(func(s stream.Stats) float64 { return float64(s.Pending) }))
	m.Gauges("millrace_stream_append_p50_seconds", "Hand-over to kept, median of the last minute.", "stream", a.byStream(func(s stream.Stats) float64 { return s.AppendP50.Seconds() }))
	m.Gauges("millrace_stream_append_p99_seconds", "Hand-over to kept, 99th percentile of the last minute.", "stream", a.byStream(func(s stream.Stats) float64 { return s.AppendP99.Seconds() }))
	m.Gauges("millrace_stream_store_p50_seconds", "Of that, what writing an entry to the log takes, median of the last minute.", "stream", a.byStream(func(s stream.Stats) float64 { return s.StoreP50.Seconds() }))
	m.Gauges("millrace_stream_store_p99_seconds", "Of that, what writing an entry to the log takes, 99th percentile of the last minute.", "stream", a.byStream(func(s stream.Stats) float64 { return s.StoreP99.Seconds() }))
}

func (a *App) historianMetrics() {
	m, stats := a.metrics, a.historian.Stats
	m.Gauge("millrace_series", "Series that the historian knows.", func() float64 { return float64(stats().Series) })
	m.Counter("millrace_points_total", "Points taken in.", func() float64 { return float64(stats().Points) })
	m.Gauge("millrace_historian_bytes", "Bytes on disk.", func() float64 { return float64(stats().Bytes) })
	m.Counter("millrace_historian_damaged_total", "Reads of chunks that could not be decoded.", func() float64 { return float64(stats().Damaged) })
	m.Counter("millrace_historian_written_bytes_total", "Bytes the historian wrote to disk.", func() float64 { return float64(stats().Written) })
	m.Gauge("millrace_historian_lag_seconds", "From a message's arrival to its points being queryable.", func() float64 { return stats().Lag.Seconds() })
	m.Counters("millrace_points_rejected_total", "What was not stored, or stored with another time.", "reason",
		byReason(func() map[fault.Code]uint64 { return stats().Rejected }, fault.Undecodable, fault.NoValues, fault.SeriesLimit, fault.TimeOutOfRange, fault.TimeUnreadable))
}

// trackFigures names what the console's charts show of the last hour.
func (a *App) trackFigures() {
	f, stats := a.figures, a.broker.Stats
	f.TrackRate("received", func() float64 { return float64(sum(stats().MessagesIn)) })
	f.TrackRate("sent", func() float64 { return float64(sum(stats().MessagesOut)) })
	f.TrackRate("bytes_in", func() float64 { return float64(stats().BytesIn) })
	f.TrackRate("bytes_out", func() float64 { return float64(stats().BytesOut) })
	f.TrackRate("points", func() float64 { return float64(a.historian.Stats().Points) })
	f.TrackRate("cpu", observe.CPUSeconds)
	f.Track("connections", func() float64 { return float64(stats().Connections) })
	f.Track("memory", func() float64 { return float64(observe.ResidentBytes()) })
	f.TrackRate("dropped", counter(a.lostInAll))
	for _, code := range fault.Codes() {
		f.TrackRate(lossFigure(code), func() float64 { return float64(a.lost(stats(), code)) })
	}
	f.Track("append_p50", func() float64 {
		return a.worstAppend(func(s stream.Stats) float64 { return milliseconds(s.AppendP50) })
	})
	f.Track("append_p99", func() float64 {
		return a.worstAppend(func(s stream.Stats) float64 { return milliseconds(s.AppendP99) })
	})
	for _, name := range a.streams.Names() {
		a.trackStream(name)
	}
}

func (a *App) trackStream(name string) {
	a.figures.TrackRate("stream:"+name, func() float64 { n, _ := a.streams.Appended(name); return float64(n) })
	a.figures.TrackRate("stream_bytes:"+name, func() float64 { _, n := a.streams.Appended(name); return float64(n) })
}

// worstAppend is the slowest stream's figure.
func (a *App) worstAppend(of func(stream.Stats) float64) float64 {
	worst := 0.0
	for _, s := range a.streams.Stats() {
		worst = max(worst, of(s))
	}
	return worst
}

// labelled yields one value for each label value.
type labelled = func(yield func(value string, v float64))

func byQoS(stats func() broker.Stats, of func(broker.Stats) [3]uint64) labelled {
	return func(yield func(string, float64)) {
		for qos, n := range of(stats()) {
			yield(strconv.Itoa(qos), float64(n))
		}
	}
}

func byType(stats func() broker.Stats, of func(broker.Stats) [packet.Types]uint64) labelled {
	return func(yield func(string, float64)) {
		for t, n := range of(stats()) {
			if t > 0 {
				yield(packet.Type(t).String(), float64(n))
			}
		}
	}
}

// byReason shows the usual reasons from the start, so that a rate over a counter is
// right when its first case comes, and every other once it has happened.
func byReason(read func() map[fault.Code]uint64, usual ...fault.Code) labelled {
	return func(yield func(string, float64)) {
		counts := read()
		for _, code := range fault.Codes() {
			if counts[code] > 0 || slices.Contains(usual, code) {
				yield(code.String(), float64(counts[code]))
			}
		}
	}
}

func (a *App) byStream(of func(stream.Stats) float64) labelled {
	return func(yield func(string, float64)) {
		for _, s := range a.streams.Stats() {
			yield(s.Name, of(s))
		}
	}
}
