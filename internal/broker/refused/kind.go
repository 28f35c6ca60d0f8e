package refused

import "github.com/millrace/millrace/internal/fault"

// Kind is what sort of reason somebody was refused for.
type Kind string

// The kinds.
const (
	Password Kind = "password" // wrong, or none
	Unknown  Kind = "unknown"  // nobody of that name, or no more
	ACL      Kind = "acl"      // not allowed what it asked for
	Protocol Kind = "protocol" // not as MQTT, WebSocket or PROXY have it
	TLS      Kind = "tls"      // no handshake, or no good certificate
	Limit    Kind = "limit"    // more than a limit allows
	Ban      Kind = "ban"
	Other    Kind = "other"
)

// kinds are of the codes by their word. What is not named is Other.
var kinds = map[string]Kind{
	"unauthenticated": Password, "bad_password": Password, "no_credentials": Password, "auth_method_invalid": Password,
	"credentials_changed": Password, "credentials_expired": Password,
	"unknown_user": Unknown, "user_disabled": Unknown,
	"forbidden": ACL, "access_denied": ACL, "proxy_untrusted": ACL, "exclusive_taken": ACL,
	"malformed_packet": Protocol, "protocol_error": Protocol, "unsupported_version": Protocol, "client_id_invalid": Protocol,
	"topic_name_invalid": Protocol, "topic_filter_invalid": Protocol, "packet_too_large": Protocol,
	"receive_maximum_exceeded": Protocol, "topic_alias_invalid": Protocol, "connect_timeout": Protocol,
	"qos_unsupported": Protocol, "retain_unsupported": Protocol, "shared_subscription_unsupported": Protocol,
	"subscription_id_unsupported": Protocol, "wildcard_unsupported": Protocol, "websocket_error": Protocol,
	"proxy_header": Protocol, "payload_format_invalid": Protocol,
	"tls_failed": TLS, "handshake_timeout": TLS, "client_certificate": TLS, "certificate_refused": TLS,
	"too_many": Limit, "connection_limit": Limit, "address_limit": Limit, "rate_exceeded": Limit, "accept_rate": Limit,
	"connect_rate_exceeded": Limit, "memory_guard": Limit, "queue_full": Limit, "authentication_busy": Limit,
	"storage_full": Limit, "quota_exceeded": Limit, "sessions_limit": Limit,
	"banned": Ban, "locked_out": Ban,
}

// KindOf is the code's kind.
func KindOf(c fault.Code) Kind {
	if k, ok := kinds[c.String()]; ok {
		return k
	}
	return Other
}
