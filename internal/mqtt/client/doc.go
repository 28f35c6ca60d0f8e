// Package client is a small, fast MQTT client for load tools and tests: one
// connection, one reader and one writer goroutine, no allocation per message.
//
// [Connect] dials, performs the handshake and returns a running client. Publish
// appends to a buffer that the writer goroutine empties, as many packets to a
// write as have gathered; each QoS 1 or 2 message takes a place in a window and
// carries a token of the caller's, which [Options.Acked] gets back exactly once
// when the server has acknowledged it.
//
// The client never reconnects by itself. With [Options.Retry] it keeps what is not
// acknowledged, and a new client made with [Options.Resume] sends that again, in
// order, with the same packet identifiers and the DUP flag.
//
// Order: messages go out in the order of the Publish calls; Acked, Received and
// Closed are called by the reader goroutine, one at a time, Closed last. Callbacks
// may publish with TryPublish, but must not wait for the same client.
//
// Ownership: a published packet's slices are free again when Publish returns; a
// received packet's are valid until the callback returns.
package client
