// Package websocket is the server's side of RFC 6455 for MQTT, as a codec: bytes
// from the socket go in, MQTT's bytes come out, and back.
//
// A [Codec] begins with the HTTP request and answers it, then takes frames however
// the network has cut them. MQTT packets may span frames and frames may hold
// several [MQTT-6.0.0-2]; only binary frames may carry them [MQTT-6.0.0-1]. What
// breaks a rule ends the connection with an HTTP status or a close code that says
// why. Nothing is buffered but the request's head, at most [Options.MaxHead], and
// one control frame.
//
// A Codec has no socket, goroutine or clock and belongs to one goroutine at a time.
package websocket
