package app

import (
	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/histogram"
	"github.com/millrace/millrace/internal/broker/refused"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/observe"
)

// seenMetrics are the figures of what is seen from outside: times, listeners and
// queues.
func (a *App) seenMetrics() {
	m, stats := a.metrics, a.snapshot
	m.Histogram("millrace_deliver_seconds", "From the arrival of a message to the hand-over to a receiver's socket, of messages that waited in no queue.",
		func() observe.Counted { s := stats(); return counted(&s.DeliverTime) })
	m.Histogram("millrace_connect_seconds", "From the arrival of a connection, after its TLS handshake, to its CONNACK.",
		func() observe.Counted { s := stats(); return counted(&s.ConnectTime) })
	m.Histogram("millrace_tls_handshake_seconds", "From the acceptance of a connection to the end of its TLS handshake, of those that came to one.", a.handshakes)
	m.Gauges("millrace_listener_connections", "Open connections.", "listener", a.byListener(func(s broker.ListenerState) float64 { return float64(s.Open) }))
	m.Counters("millrace_listener_accepted_total", "Connections accepted.", "listener", a.byListener(func(s broker.ListenerState) float64 { return float64(s.Accepted) }))
	m.Counters("millrace_listener_handshakes_failed_total", "Connections that did not get through TLS or their PROXY header.", "listener",
		a.byListener(func(s broker.ListenerState) float64 { return float64(s.HandshakesFailed) }))
	m.Counters("millrace_listener_silent_total", "Connections that went before they said anything, where TLS or a PROXY header was due: mostly health checks of load balancers.", "listener",
		a.byListener(func(s broker.ListenerState) float64 { return float64(s.Silent) }))
	m.Gauges("millrace_certificate_expiry_timestamp_seconds", "When the first certificate of a listener ends.", "listener", a.certificateExpiry)
}

func counted(h *histogram.Histogram) observe.Counted {
	c := observe.Counted{Count: h.Count(), Sum: h.Sum().Seconds(), Below: map[float64]uint64{}}
	for bound, below := range h.Cumulative {
		c.Below[bound.Seconds()] = below
	}
	return c
}

// handshakes are the TLS handshakes of all listeners.
func (a *App) handshakes() observe.Counted {
	bounds := broker.HandshakeBounds()
	c := observe.Counted{Below: map[float64]uint64{}}
	for _, l := range a.broker.Listeners() {
		c.Sum += l.HandshakeTime.Seconds()
		below := uint64(0)
		for i, n := range l.Handshakes {
			c.Count += n
			if below += n; i < len(bounds) {
				c.Below[bounds[i].Seconds()] += below
			}
		}
	}
	for _, bound := range bounds { // also of a node without TLS
		c.Below[bound.Seconds()] += 0
	}
	return c
}

func (a *App) byListener(of func(broker.ListenerState) float64) labelled {
	return func(yield func(string, float64)) {
		for _, l := range a.broker.Listeners() {
			yield(l.Name, of(l))
		}
	}
}

func (a *App) certificateExpiry(yield func(string, float64)) {
	for _, l := range a.broker.Listeners() {
		if l.Certificates != nil {
			yield(l.Name, float64(l.Certificates.Expires.Unix()))
		}
	}
}

// alias is a figure under the name that EMQX gives it, so that dashboards made for
// that show data.
type alias struct {
	name  string
	gauge bool
	of    func(broker.Stats) uint64
}

// emqxAliases are those of the broker's figures.
var emqxAliases = []alias{
	{"emqx_connections_count", true, func(s broker.Stats) uint64 { return uint64(s.Sessions) }},
	{"emqx_live_connections_count", true, func(s broker.Stats) uint64 { return uint64(s.Connections) }},
	{"emqx_sessions_count", true, func(s broker.Stats) uint64 { return uint64(s.Sessions) }},
	{"emqx_subscriptions_count", true, func(s broker.Stats) uint64 { return uint64(s.Subscriptions) }},
	{"emqx_retained_count", true, func(s broker.Stats) uint64 { return uint64(s.Retained) }},
	{"emqx_delayed_count", true, func(s broker.Stats) uint64 { return uint64(s.Delayed) }},
	{"emqx_bytes_received", false, func(s broker.Stats) uint64 { return s.BytesIn }},
	{"emqx_bytes_sent", false, func(s broker.Stats) uint64 { return s.BytesOut }},
	{"emqx_messages_received", false, func(s broker.Stats) uint64 { return sum(s.MessagesIn) }},
	{"emqx_messages_sent", false, func(s broker.Stats) uint64 { return sum(s.MessagesOut) }},
	{"emqx_messages_qos0_received", false, func(s broker.Stats) uint64 { return s.MessagesIn[0] }},
	{"emqx_messages_qos1_received", false, func(s broker.Stats) uint64 { return s.MessagesIn[1] }},
	{"emqx_messages_qos2_received", false, func(s broker.Stats) uint64 { return s.MessagesIn[2] }},
	{"emqx_messages_qos0_sent", false, func(s broker.Stats) uint64 { return s.MessagesOut[0] }},
	{"emqx_messages_qos1_sent", false, func(s broker.Stats) uint64 { return s.MessagesOut[1] }},
	{"emqx_messages_qos2_sent", false, func(s broker.Stats) uint64 { return s.MessagesOut[2] }},
	{"emqx_messages_dropped", false, func(s broker.Stats) uint64 { return total(s.Dropped) }},
	{"emqx_messages_dropped_no_subscribers", false, func(s broker.Stats) uint64 { return s.Dropped[fault.NoSubscriber] }},
	{"emqx_messages_dropped_expired", false, func(s broker.Stats) uint64 { return s.Dropped[fault.Expired] }},
	{"emqx_delivery_dropped", false, func(s broker.Stats) uint64 { return total(s.Dropped) - s.Dropped[fault.NoSubscriber] }},
	{"emqx_delivery_dropped_queue_full", false, droppedByQueues},
	{"emqx_delivery_dropped_expired", false, func(s broker.Stats) uint64 { return s.Dropped[fault.Expired] }},
	{"emqx_delivery_dropped_too_large", false, func(s broker.Stats) uint64 { return s.Dropped[fault.PacketTooLarge] }},
	{"emqx_packets_received", false, func(s broker.Stats) uint64 { return every(s.PacketsIn) }},
	{"emqx_packets_sent", false, func(s broker.Stats) uint64 { return every(s.PacketsOut) }},
	{"emqx_packets_connect", false, in(packet.TypeConnect)},
	{"emqx_packets_connack_sent", false, out(packet.TypeConnack)},
	{"emqx_packets_publish_received", false, in(packet.TypePublish)},
	{"emqx_packets_publish_sent", false, out(packet.TypePublish)},
	{"emqx_packets_puback_received", false, in(packet.TypePuback)},
	{"emqx_packets_puback_sent", false, out(packet.TypePuback)},
	{"emqx_packets_pubrec_received", false, in(packet.TypePubrec)},
	{"emqx_packets_pubrec_sent", false, out(packet.TypePubrec)},
	{"emqx_packets_pubrel_received", false, in(packet.TypePubrel)},
	{"emqx_packets_pubrel_sent", false, out(packet.TypePubrel)},
	{"emqx_packets_pubcomp_received", false, in(packet.TypePubcomp)},
	{"emqx_packets_pubcomp_sent", false, out(packet.TypePubcomp)},
	{"emqx_packets_subscribe_received", false, in(packet.TypeSubscribe)},
	{"emqx_packets_suback_sent", false, out(packet.TypeSuback)},
	{"emqx_packets_unsubscribe_received", false, in(packet.TypeUnsubscribe)},
	{"emqx_packets_unsuback_sent", false, out(packet.TypeUnsuback)},
	{"emqx_packets_pingreq_received", false, in(packet.TypePingreq)},
	{"emqx_packets_pingresp_sent", false, out(packet.TypePingresp)},
	{"emqx_packets_disconnect_received", false, in(packet.TypeDisconnect)},
	{"emqx_packets_disconnect_sent", false, out(packet.TypeDisconnect)},
	{"emqx_packets_auth_received", false, in(packet.TypeAuth)},
	{"emqx_packets_auth_sent", false, out(packet.TypeAuth)},
	{"emqx_authentication_success", false, func(s broker.Stats) uint64 { return s.Access.Logins }},
	{"emqx_authentication_failure", false, failedLogins},
	{"emqx_authorization_allow", false, func(s broker.Stats) uint64 { return s.Access.PublishAllowed + s.Access.SubscribeAllowed }},
	{"emqx_authorization_deny", false, func(s broker.Stats) uint64 { return s.Access.PublishDenied + s.Access.SubscribeDenied }},
	{"emqx_authorization_cache_hit", false, func(s broker.Stats) uint64 { return s.Access.Remembered }},
	{"emqx_client_connack", false, out(packet.TypeConnack)},
	{"emqx_client_subscribe", false, in(packet.TypeSubscribe)},
	{"emqx_client_unsubscribe", false, in(packet.TypeUnsubscribe)},
}

func in(t packet.Type) func(broker.Stats) uint64 {
	return func(s broker.Stats) uint64 { return s.PacketsIn[t] }
}

func out(t packet.Type) func(broker.Stats) uint64 {
	return func(s broker.Stats) uint64 { return s.PacketsOut[t] }
}

func every(byType [packet.Types]uint64) (n uint64) {
	for _, k := range byType {
		n += k
	}
	return n
}

func total(byReason map[fault.Code]uint64) (n uint64) {
	for _, k := range byReason {
		n += k
	}
	return n
}

// aliasMetrics shows the figures under EMQX's names, too.
func (a *App) aliasMetrics() {
	stats := a.snapshot
	for _, x := range emqxAliases {
		read := func() float64 { return float64(x.of(stats())) }
		if x.gauge {
			a.metrics.Gauge(x.name, "As EMQX names it.", read)
		} else {
			a.metrics.Counter(x.name, "As EMQX names it.", read)
		}
	}
	a.metrics.Gauge("emqx_topics_count", "As EMQX names it: topics whose last message is remembered.", func() float64 { return float64(a.topics.Stats().Topics) })
	a.metrics.Gauges("emqx_cert_expiry_at", "As EMQX names it: when a listener's certificate ends.", "listener_name", a.certificateExpiry)
}

// droppedByQueues are messages that full queues had no room for, by any policy.
func droppedByQueues(s broker.Stats) (n uint64) {
	for _, code := range []fault.Code{fault.QueueFull, fault.QueueOldest, fault.QueueQoS0, fault.QueueOverrun, fault.QueueMemory} {
		n += s.Dropped[code]
	}
	return n
}

// failedLogins are clients refused for who they say they are.
func failedLogins(s broker.Stats) (n uint64) {
	for code, k := range s.Refused {
		if kind := refused.KindOf(code); kind == refused.Password || kind == refused.Unknown {
			n += k
		}
	}
	return n
}
