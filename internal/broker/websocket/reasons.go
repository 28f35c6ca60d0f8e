package websocket

// The close codes for what the codec's user finds (RFC 6455, 7.4.1, and its registry).
const (
	GoingAway       = 1001 // this node ends
	ProtocolError   = 1002 // what was sent breaks the protocol
	PolicyViolation = 1008 // it is not allowed here
	TryAgainLater   = 1013 // a limit is reached, or there is too much to do
)
