package app

import (
	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

func (a *App) brokerMetrics() {
	a.connectionMetrics()
	a.sessionMetrics()
	a.messageMetrics()
	a.limitMetrics()
	a.accessMetrics()
}

// connectionMetrics are clients that are there, were, and were turned away.
func (a *App) connectionMetrics() {
	m, stats := a.metrics, a.snapshot
	m.Gauge("millrace_connections", "Connected MQTT clients.", func() float64 { return float64(stats().Connections) })
	m.Gauge("millrace_subscriptions", "Subscriptions of connected clients.", func() float64 { return float64(stats().Subscriptions) })
	m.Gauge("millrace_stream_readers", "Streams that MQTT clients read by $stream/NAME/FROM/FILTER now; mqtt.stream_readers bounds them.", func() float64 { return float64(stats().StreamReaders) })
	m.Counters("millrace_connections_closed_total", "Connections of clients that were in and that the node closed: for a fault, or taken over, silent, at its end.", "reason", byReason(func() map[fault.Code]uint64 { return stats().Closed }, fault.TakenOver, fault.KeepAlive, fault.ServerShutdown, fault.Malformed, fault.Protocol, fault.PacketTooLarge))
	m.Counters("millrace_connections_refused_total", "Connections that were turned away before their clients were in.", "reason",
		byReason(func() map[fault.Code]uint64 { return stats().Refused }, fault.Malformed, fault.Protocol, fault.PacketTooLarge, fault.UnsupportedVersion, fault.BadClientID, fault.ConnectTimeout, fault.ConnectionLimit, fault.AddressLimit,
			fault.ConnectRate, fault.HandshakeTimeout, fault.TLS, fault.ClientCertificate, fault.NoCredentials, fault.UnknownUser, fault.BadPassword, fault.AccessDenied, fault.Banned, fault.MemoryGuard))
	m.Counters("millrace_subscriptions_refused_total", "Topic filters refused in SUBACK.", "reason", byReason(func() map[fault.Code]uint64 { return stats().SubscriptionsRefused }, fault.AccessDenied, fault.BadTopicFilter, fault.TooMany))
	m.Gauge("millrace_connections_clogged", "Connections that are not read because they do not take their answers.", func() float64 { return float64(stats().Clogged) })
	m.Counter("millrace_connections_clogged_total", "Times that a connection was read no further because it did not take its answers.", func() float64 { return float64(stats().CloggedTotal) })
	m.Gauge("millrace_input_bytes", "Memory of what clients have sent and the node has not taken: packets that are not whole, and what waits for its turn.", func() float64 { return float64(stats().InputBytes) })
	m.Gauge("millrace_output_bytes", "Bytes that wait in connections for clients to read them.", func() float64 { return float64(stats().OutputBytes) })
}

// sessionMetrics are what is kept for clients.
func (a *App) sessionMetrics() {
	m, stats := a.metrics, a.snapshot
	m.Gauge("millrace_sessions", "Sessions that stand, with a connection or without.", func() float64 { return float64(stats().Sessions) })
	m.Gauge("millrace_sessions_lasting", "Sessions that outlive their connections.", func() float64 { return float64(stats().SessionsLasting) })
	m.Counter("millrace_sessions_not_kept_total", "Clients that asked for a session that outlives its connection, and did not get one.", func() float64 { return float64(stats().SessionsNotKept) })
	m.Gauge("millrace_sessions_lost", "Sessions that the start has ended because stored state of them was lost.", func() float64 { return float64(stats().SessionsLost) })
	m.Gauge("millrace_session_queue_bytes", "Bytes in the queues of all clients.", func() float64 { return float64(stats().QueueBytes) })
	m.Gauge("millrace_session_queue_messages", "Messages in the queues of all clients that were not sent yet.", func() float64 { return float64(stats().QueueMessages) })
	m.Gauge("millrace_session_backlog_bytes", "Bytes of messages that the log has for sessions and shared subscriptions, and their queues do not; some seconds old.", func() float64 { return float64(stats().Backlog.Bytes) })
	m.Gauge("millrace_session_backlog_messages", "Messages that the log has for sessions and shared subscriptions, and their queues do not; some seconds old.", func() float64 { return float64(stats().Backlog.Messages) })
	m.Gauge("millrace_retained", "Retained messages.", func() float64 { return float64(stats().Retained) })
}

// messageMetrics are what comes, goes, and does not.
func (a *App) messageMetrics() {
	m, stats := a.metrics, a.snapshot
	m.Counter("millrace_received_bytes_total", "Bytes from MQTT clients.", func() float64 { return float64(stats().BytesIn) })
	m.Counter("millrace_sent_bytes_total", "Bytes for MQTT clients.", func() float64 { return float64(stats().BytesOut) })
	m.Counters("millrace_messages_received_total", "Messages published to the node.", "qos", byQoS(stats, func(s broker.Stats) [3]uint64 { return s.MessagesIn }))
	m.Counters("millrace_messages_sent_total", "Messages delivered to clients.", "qos", byQoS(stats, func(s broker.Stats) [3]uint64 { return s.MessagesOut }))
	m.Counters("millrace_packets_received_total", "MQTT packets from clients.", "type", byType(stats, func(s broker.Stats) [packet.Types]uint64 { return s.PacketsIn }))
	m.Counters("millrace_packets_sent_total", "MQTT packets for clients.", "type", byType(stats, func(s broker.Stats) [packet.Types]uint64 { return s.PacketsOut }))
	m.Counters("millrace_messages_dropped_total", "Messages that did not reach a receiver or the log.", "reason",
		byReason(func() map[fault.Code]uint64 { return stats().Dropped }, fault.NoSubscriber, fault.QueueFull, fault.QueueOldest, fault.QueueQoS0, fault.QueueOverrun, fault.QueueMemory, fault.SlowReader, fault.Expired, fault.PacketTooLarge,
			fault.SessionEnded, fault.Retention, fault.AccessDenied, fault.AccessRevoked, fault.RateExceeded, fault.MemoryGuard, fault.StorageFull))
	m.Counter("millrace_watch_dropped_total", "Messages that readers inside the node were too slow for.", func() float64 { return float64(stats().WatchDropped) })
	m.Gauge("millrace_unkept_bytes", "Bytes handed to the log and not yet kept.", func() float64 { return float64(stats().Unkept) })
	m.Gauge("millrace_recorder_window_seconds", "How far back the flight recorder has everything.", a.recorderWindow)
	m.Counter("millrace_recorder_forgotten_total", "Messages that the flight recorder has overwritten.", func() float64 { return float64(stats().Forgotten) })
}

// limitMetrics are who waits for what.
func (a *App) limitMetrics() {
	m, stats := a.metrics, a.snapshot
	m.Gauges("millrace_publishers_paused", "Connections that are not read because of the log: it has enough under way, or owes them as many answers as they may have unanswered.", "reason", func(yield func(string, float64)) {
		yield("log", float64(stats().Waiting))
		yield("receive_maximum", float64(stats().Held))
	})
	m.Gauge("millrace_slowed_connections", "Connections that are read no further because they are over a rate.", func() float64 { return float64(stats().Slowed) })
	m.Counters("millrace_over_rate_total", "Times that a client was paused or refused for a rate.", "rate", func(yield func(string, float64)) {
		for rate, n := range stats().OverRate {
			yield(rate, float64(n))
		}
	})
	m.Gauge("millrace_memory_stage", "The memory guard's stage: 0 calm, 1 sheds queues, 2 refuses new clients.", func() float64 { return float64(stats().MemoryStage) })
	m.Counter("millrace_memory_paused_total", "Times that a publisher was paused for want of memory.", func() float64 { return float64(stats().Guarded) })
}

// accessMetrics are who was let in, kept out, and allowed what.
func (a *App) accessMetrics() {
	m, stats := a.metrics, a.snapshot
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
	m.Gauge("millrace_bans", "Bans in force.", func() float64 { return float64(stats().Bans) })
	m.Counter("millrace_bans_missed_total", "Bans that the node made and could not keep.", func() float64 { return float64(stats().BansMissed) })
}
