// Package fault is the product's one vocabulary of refusals, drops and failures.
//
// Every [Code] has one row in one table: the word that metrics and logs use, the
// MQTT 5 reason code, the HTTP status and the code a user can quote ("MR-4208").
// An [Error] speaks to two readers: Message tells the user what happened, to which
// thing, and what to do; Error() tells the operator the operation and the cause.
//
// It is a leaf: it imports nothing of Millrace.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Code is a kind of fault. Its zero value is Internal.
type Code uint8

// The codes. Their meaning for each edge stands in [table].
const (
	Internal Code = iota
	Invalid
	NotFound
	Conflict
	Unauthenticated
	Forbidden
	CSRF
	LockedOut
	TooLarge
	TooMany
	Unavailable
	StorageFull
	Timeout
	Malformed
	Protocol
	UnsupportedVersion
	BadClientID
	BadTopicName
	BadTopicFilter
	PacketTooLarge
	ReceiveMaximum
	KeepAlive
	TakenOver
	ServerShutdown
	QoSUnsupported
	RetainUnsupported
	SharedUnsupported
	SubscriptionIDUnsupported
	WildcardUnsupported
	QueueFull
	SlowReader
	Expired
	NoSubscriber
	Undecodable
	SeriesLimit
	TimeOutOfRange
	TimeUnreadable
	NoValues
	ConnectTimeout
	ConnectionLimit
	AddressLimit
	HandshakeTimeout
	TLS
	ClientCertificate
	ProxyHeader
	ProxyUntrusted
	WebSocket
	TopicAlias
	BadAuthMethod
	NoCredentials
	UnknownUser
	BadPassword
	UserDisabled
	UserRemoved
	BadCertificate
	CredentialsChanged
	CredentialsExpired
	AuthBusy
	AccessDenied
	AccessRevoked
	MethodNotAllowed
	UnsupportedMedia
	RateExceeded
	ConnectRate
	Banned
	MemoryGuard
	ExclusiveTaken
	Kicked
	QueueOldest
	QueueQoS0
	QueueOverrun
	QueueMemory
	Away
	SessionEnded
	UseAnotherServer
	ServerMoved
	PayloadFormat
	Retention
	codes
)

// row is what each edge says of a code.
type row struct {
	label  string // metric label and log key
	reason byte   // MQTT 5 reason code, section 2.4
	status int    // HTTP status
	number int    // what a user quotes: MR-number
	title  string // short, for people
}

var table = [codes]row{
	Internal:                  {"internal", 0x83, 500, 5000, "Internal fault"},
	Invalid:                   {"invalid", 0x83, 422, 4220, "Not valid"},
	NotFound:                  {"not_found", 0x83, 404, 4040, "Not found"},
	Conflict:                  {"conflict", 0x83, 409, 4090, "Changed by somebody else"},
	Unauthenticated:           {"unauthenticated", 0x86, 401, 4010, "Not signed in"},
	Forbidden:                 {"forbidden", 0x87, 403, 4030, "Not allowed"},
	CSRF:                      {"csrf", 0x87, 403, 4031, "Request without its token"},
	LockedOut:                 {"locked_out", 0x97, 429, 4291, "Too many failed sign-ins"},
	TooLarge:                  {"too_large", 0x95, 413, 4130, "Too large"},
	TooMany:                   {"too_many", 0x97, 429, 4290, "Too many"},
	Unavailable:               {"unavailable", 0x88, 503, 5030, "Not available"},
	StorageFull:               {"storage_full", 0x97, 507, 5070, "Storage full"},
	Timeout:                   {"timeout", 0x83, 504, 5040, "Took too long"},
	Malformed:                 {"malformed_packet", 0x81, 400, 4201, "Malformed packet"},
	Protocol:                  {"protocol_error", 0x82, 400, 4202, "Protocol error"},
	UnsupportedVersion:        {"unsupported_version", 0x84, 400, 4203, "Protocol version not supported"},
	BadClientID:               {"client_id_invalid", 0x85, 400, 4204, "Client identifier not valid"},
	BadTopicName:              {"topic_name_invalid", 0x90, 422, 4205, "Topic name not valid"},
	BadTopicFilter:            {"topic_filter_invalid", 0x8F, 422, 4206, "Topic filter not valid"},
	PacketTooLarge:            {"packet_too_large", 0x95, 413, 4207, "Packet too large"},
	ReceiveMaximum:            {"receive_maximum_exceeded", 0x93, 400, 4208, "Receive maximum exceeded"},
	KeepAlive:                 {"keep_alive_timeout", 0x8D, 408, 4209, "Keep alive timeout"},
	TakenOver:                 {"session_taken_over", 0x8E, 409, 4210, "Session taken over"},
	ServerShutdown:            {"server_shutting_down", 0x8B, 503, 5031, "Server shutting down"},
	QoSUnsupported:            {"qos_unsupported", 0x9B, 422, 4211, "QoS not supported"},
	RetainUnsupported:         {"retain_unsupported", 0x9A, 422, 4212, "Retain not supported"},
	SharedUnsupported:         {"shared_subscription_unsupported", 0x9E, 422, 4213, "Shared subscriptions not supported"},
	SubscriptionIDUnsupported: {"subscription_id_unsupported", 0xA1, 422, 4214, "Subscription identifiers not supported"},
	WildcardUnsupported:       {"wildcard_unsupported", 0xA2, 422, 4215, "Wildcard subscriptions not supported"},
	QueueFull:                 {"queue_full", 0x97, 429, 4216, "Queue full"},
	SlowReader:                {"slow_reader", 0x97, 429, 4217, "Reader too slow"},
	Expired:                   {"expired", 0x83, 410, 4218, "Message expired"},
	NoSubscriber:              {"no_subscriber", 0x10, 200, 4219, "No matching subscriber"},
	Undecodable:               {"undecodable", 0x99, 422, 4301, "Payload not decodable"},
	SeriesLimit:               {"series_limit", 0x97, 429, 4302, "Too many series"},
	TimeOutOfRange:            {"time_out_of_range", 0x99, 422, 4303, "Time stamp out of range"},
	TimeUnreadable:            {"time_unreadable", 0x99, 422, 4304, "Time stamp not readable"},
	NoValues:                  {"no_values", 0x10, 200, 4305, "Payload without values"},
	ConnectTimeout:            {"connect_timeout", 0x8D, 408, 4221, "No CONNECT in time"},
	ConnectionLimit:           {"connection_limit", 0x97, 429, 4222, "Too many connections"},
	AddressLimit:              {"address_limit", 0x97, 429, 4230, "Too many connections from one address"},
	HandshakeTimeout:          {"handshake_timeout", 0x8D, 408, 4231, "Handshake took too long"},
	TLS:                       {"tls_failed", 0x82, 400, 4232, "TLS failed"},
	ClientCertificate:         {"client_certificate", 0x87, 403, 4233, "Client certificate refused"},
	ProxyHeader:               {"proxy_header", 0x82, 400, 4234, "PROXY header not valid"},
	ProxyUntrusted:            {"proxy_untrusted", 0x87, 403, 4235, "Source not trusted to proxy"},
	WebSocket:                 {"websocket_error", 0x82, 400, 4236, "WebSocket failed"},
	TopicAlias:                {"topic_alias_invalid", 0x94, 400, 4223, "Topic alias not valid"},
	BadAuthMethod:             {"auth_method_invalid", 0x8C, 401, 4224, "Authentication method not supported"},
	NoCredentials:             {"no_credentials", 0x87, 401, 4401, "No user name and password"},
	UnknownUser:               {"unknown_user", 0x86, 401, 4402, "User not known"},
	BadPassword:               {"bad_password", 0x86, 401, 4403, "Password wrong"},
	UserRemoved:               {"user_removed", 0x87, 401, 4410, "User removed"},
	UserDisabled:              {"user_disabled", 0x87, 403, 4404, "User disabled"},
	BadCertificate:            {"certificate_refused", 0x87, 401, 4405, "Certificate refused"},
	CredentialsChanged:        {"credentials_changed", 0x98, 401, 4406, "Password changed"},
	CredentialsExpired:        {"credentials_expired", 0x87, 401, 4407, "Credentials expired"},
	AuthBusy:                  {"authentication_busy", 0x89, 503, 4408, "Too many logins at once"},
	AccessDenied:              {"access_denied", 0x87, 403, 4409, "Denied by the access rules"},
	AccessRevoked:             {"access_revoked", 0x87, 403, 4411, "Right withdrawn while the message waited"},
	MethodNotAllowed:          {"method_not_allowed", 0x83, 405, 4050, "Method not allowed"},
	ExclusiveTaken:            {"exclusive_taken", 0x97, 429, 4240, "Exclusive subscription taken"},
	UnsupportedMedia:          {"unsupported_media", 0x83, 415, 4150, "Media type not supported"},
	RateExceeded:              {"rate_exceeded", 0x97, 429, 4261, "Rate exceeded"},
	ConnectRate:               {"connect_rate_exceeded", 0x9F, 429, 4262, "Connection rate exceeded"},
	Banned:                    {"banned", 0x8A, 403, 4263, "Banned"},
	MemoryGuard:               {"memory_guard", 0x89, 503, 4264, "Memory nearly used up"},
	Kicked:                    {"kicked", 0x98, 409, 4270, "Closed by an operator"},
	QueueOldest:               {"queue_full_oldest", 0x97, 429, 4225, "Queue full: the oldest message gave way"},
	QueueQoS0:                 {"queue_full_qos0", 0x97, 429, 4226, "Queue full: a QoS 0 message gave way"},
	QueueOverrun:              {"queue_full_disconnect", 0x97, 429, 4227, "Queue full: the client was disconnected"},
	QueueMemory:               {"queue_memory", 0x97, 507, 4228, "Queues of all clients full"},
	Away:                      {"client_away", 0x83, 404, 4229, "Client not connected"},
	SessionEnded:              {"session_ended", 0x83, 410, 4280, "Session ended"},
	UseAnotherServer:          {"use_another_server", 0x9C, 503, 5032, "Use another server"},
	ServerMoved:               {"server_moved", 0x9D, 503, 5033, "Server moved"},
	PayloadFormat:             {"payload_format_invalid", 0x99, 422, 4281, "Payload is not what its format indicator says"},
	Retention:                 {"retention", 0x83, 410, 4282, "Given up: more waited than sessions may keep"},
}

// Codes returns every code, for tables and documentation.
func Codes() []Code {
	all := make([]Code, codes)
	for i := range all {
		all[i] = Code(i)
	}
	return all
}

// String is the code's word in metrics and logs, such as "queue_full".
func (c Code) String() string { return table[c].label }

// Reason is the MQTT 5 reason code (section 2.4).
func (c Code) Reason() byte { return table[c].reason }

// HTTPStatus is the status of an HTTP answer.
func (c Code) HTTPStatus() int { return table[c].status }

// Title is a short phrase for people, the same for every case of the code.
func (c Code) Title() string { return table[c].title }

// Quote is what a user reads out to support: "MR-4216".
func (c Code) Quote() string { return fmt.Sprintf("MR-%04d", table[c].number) }

// Error is a fault with both readers' texts.
type Error struct {
	// Code says which kind.
	Code Code
	// Op is the operation that failed, for the operator: "historian: commit".
	Op string
	// Message is the sentence for the user; it holds no secret and no internals.
	Message string
	// Err is the cause; it may be nil.
	Err error
}

// New returns an Error of the code with a message for the user.
func New(code Code, message string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(message, args...)}
}

// Wrap returns an Error that keeps the cause for the operator.
func Wrap(code Code, op string, err error, message string, args ...any) *Error {
	return &Error{Code: code, Op: op, Message: fmt.Sprintf(message, args...), Err: err}
}

// Error is the operator's text: operation, code, message and cause.
func (e *Error) Error() string {
	s := e.Code.String()
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil && !strings.Contains(e.Message, e.Err.Error()) { // nothing is said twice
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, fault.New(code, "")) compare codes alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Message == "" && t.Err == nil && t.Op == ""
}

// CodeOf returns the code of the first Error in err's chain, Internal when there
// is none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// UserMessage returns what the user may read of err: the Message of the first
// Error in its chain, its code's own words when it has none, else a sentence that
// gives nothing away.
func UserMessage(err error) string {
	var e *Error
	switch {
	case errors.As(err, &e) && e.Message != "":
		return e.Message
	case e != nil && e.Code != Internal:
		return e.Code.Title() + "."
	}
	return "Something failed inside the node. The log has the cause."
}
