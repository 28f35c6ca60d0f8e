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

func (a *App) brokerMetrics() {
	m, stats := a.metrics, a.snapshot
	m.Gauge("millrace_connections", "Connected MQTT clients.", func() float64 { return float64(stats().Connections) })
	m.Gauge("millrace_subscriptions", "Subscriptions of connected clients.", func() float64 { return float64(stats().Subscriptions) })
	m.Counter("millrace_received_bytes_total", "Bytes from MQTT clients.", func() float64 { return float64(stats().BytesIn) })
	m.Counter("millrace_sent_bytes_total", "Bytes for MQTT clients.", func() float64 { return float64(stats().BytesOut) })
	m.Gauge("millrace_retained", "Retained messages.", func() float64 { return float64(stats().Retained) })
	m.Gauge("millrace_sessions", "Sessions that stand, with a connection or without.", func() float64 { return float64(stats().Sessions) })
	m.Gauge("millrace_sessions_lasting", "Sessions that outlive their connections.", func() float64 { return float64(stats().SessionsLasting) })
	m.Gauge("millrace_session_queue_bytes", "Bytes in the queues of all clients.", func() float64 { return float64(stats().QueueBytes) })
	m.Gauge("millrace_stream_readers", "Streams that MQTT clients read by $stream/NAME/FROM/FILTER now; mqtt.stream_readers bounds them.", func() float64 { return float64(stats().StreamReaders) })
	m.Gauge("millrace_session_backlog_bytes", "Bytes of messages that the log has for sessions and shared subscriptions, and their queues do not; some seconds old.", func() float64 { return float64(stats().Backlog.Bytes) })
	m.Gauge("millrace_session_backlog_messages", "Messages that the log has for sessions and shared subscriptions, and their queues do not; some seconds old.", func() float64 { return float64(stats().Backlog.Messages) })
	m.Gauge("millrace_session_queue_messages", "Messages in the queues of all clients that were not sent yet.", func() float64 { return float64(stats().QueueMessages) })
	m.Gauge("millrace_input_bytes", "Memory of what clients have sent and the node has not taken: packets that are not whole, and what waits for its turn.", func() float64 { return float64(stats().InputBytes) })
	m.Gauge("millrace_output_bytes", "Bytes that wait in connections for clients to read them.", func() float64 { return float64(stats().OutputBytes) })
	m.Gauge("millrace_connections_clogged", "Connections that are not read because they do not take their answers.", func() float64 { return float64(stats().Clogged) })
	m.Counter("millrace_connections_clogged_total", "Times that a connection was read no further because it did not take its answers.", func() float64 { return float64(stats().CloggedTotal) })
	m.Counter("millrace_sessions_not_kept_total", "Clients that asked for a session that outlives its connection, and did not get one.", func() float64 { return float64(stats().SessionsNotKept) })
	m.Gauge("millrace_sessions_lost", "Sessions that the start has ended because stored state of them was lost.", func() float64 { return float64(stats().SessionsLost) })
	m.Gauge("millrace_unkept_bytes", "Bytes handed to the log and not yet kept.", func() float64 { return float64(stats().Unkept) })
	m.Gauges("millrace_publishers_paused", "Connections that are not read because of the log: it has enough under way, or owes them as many answers as they may have unanswered.", "reason", func(yield func(string, float64)) {
		yield("log", float64(stats().Waiting))
		yield("receive_maximum", float64(stats().Held))
	})
	m.Counters("millrace_messages_received_total", "Messages published to the node.", "qos", byQoS(stats, func(s broker.Stats) [3]uint64 { return s.MessagesIn }))
	m.Counters("millrace_messages_sent_total", "Messages delivered to clients.", "qos", byQoS(stats, func(s broker.Stats) [3]uint64 { return s.MessagesOut }))
	m.Counters("millrace_packets_received_total", "MQTT packets from clients.", "type", byType(stats, func(s broker.Stats) [packet.Types]uint64 { return s.PacketsIn }))
	m.Counters("millrace_packets_sent_total", "MQTT packets for clients.", "type", byType(stats, func(s broker.Stats) [packet.Types]uint64 { return s.PacketsOut }))
	m.Counters("millrace_messages_dropped_total", "Messages that did not reach a receiver or the log.", "reason",
		byReason(func() map[fault.Code]uint64 { return stats().Dropped }, fault.NoSubscriber, fault.QueueFull, fault.QueueOldest, fault.QueueQoS0, fault.QueueOverrun, fault.QueueMemory, fault.SlowReader, fault.Expired, fault.PacketTooLarge,
			fault.SessionEnded, fault.Retention, fault.AccessDenied, fault.AccessRevoked, fault.RateExceeded, fault.MemoryGuard, fault.StorageFull))
	m.Counters("millrace_connections_closed_total", "Connections of clients that were in and that the node closed: for a fault, or taken over, silent, at its end.", "reason", byReason(func() map[fault.Code]uint64 { return stats().Closed }, fault.TakenOver, fault.KeepAlive, fault.ServerShutdown, fault.Malformed, fault.Protocol, fault.PacketTooLarge))
	m.Counters("millrace_subscriptions_refused_total", "Topic filters refused in SUBACK.", "reason", byReason(func() map[fault.Code]uint64 { return stats().SubscriptionsRefused }, fault.AccessDenied, fault.BadTopicFilter, fault.TooMany))
	m.Gauge("millrace_slowed_connections", "Connections that are read no further because they are over a rate.", func() float64 { return float64(stats().Slowed) })
	m.Counters("millrace_over_rate_total", "Times that a client was paused or refused for a rate.", "rate", func(yield func(string, float64)) {
		for rate, n := range stats().OverRate {
			yield(rate, float64(n))
		}
	})
	m.Gauge("millrace_memory_stage", "The memory guard's stage: 0 calm, 1 sheds queues, 2 refuses new clients.", func() float64 { return float64(stats().MemoryStage) })
	m.Counter("millrace_memory_paused_total", "Times that a publisher was paused for want of memory.", func() float64 { return float64(stats().Guarded) })
	m.Gauge("millrace_bans", "Bans in force.", func() float64 { return float64(stats().Bans) })
	m.Gauge("millrace_recorder_window_seconds", "How far back the flight recorder has everything.", a.recorderWindow)
	m.Counter("millrace_recorder_forgotten_total", "Messages that the flight recorder has overwritten.", func() float64 { return float64(stats().Forgotten) })
	m.Counter("millrace_bans_missed_total", "Bans that the node made and could not keep.", func() float64 { return float64(stats().BansMissed) })
	m.Counter("millrace_logins_total", "MQTT clients that were let in, and those that showed who they are anew. Failed ones are in millrace_connections_refused_total by reason.", func() float64 { return float64(stats().Access.Logins) })
	m.Counters("millrace_access_total", "What access rules were asked, by answer.", "answer", func(yield func(string, float64)) {
		s := stats().Access
		yield("publish_allowed", float64(s.PublishAllowed))
		yield("publish_denied", float64(s.PublishDenied))
		yield("subscribe_allowed", float64(s.SubscribeAllowed))
		yield("subscribe_denied", float64(s.SubscribeDenied))
		yield("publish_remembered", float64(s.Remembered))
		yield("subscription_revoked", float64(s.Revoked))
	})
	m.Counter("millrace_watch_dropped_total", "Messages that readers inside the node were too slow for.", func() float64 { return float64(stats().WatchDropped) })
	m.Counters("millrace_connections_refused_total", "Connections that were turned away before their clients were in.", "reason",
		byReason(func() map[fault.Code]uint64 { return stats().Refused }, fault.Malformed, fault.Protocol, fault.PacketTooLarge, fault.UnsupportedVersion, fault.BadClientID, fault.ConnectTimeout, fault.ConnectionLimit, fault.AddressLimit,
			fault.ConnectRate, fault.HandshakeTimeout, fault.TLS, fault.ClientCertificate, fault.NoCredentials, fault.UnknownUser, fault.BadPassword, fault.AccessDenied, fault.Banned, fault.MemoryGuard))
}

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
