// Package broker is the MQTT broker: it accepts clients, routes their messages to
// subscribers and into the log.
//
// Promises:
//   - A QoS 1 or 2 message on a topic that a stream keeps is acknowledged after the
//     log has it, never before; when the log refuses it, it is not acknowledged.
//   - A QoS 2 message is taken once and sent once for as long as its sessions
//     live. When a stream keeps its topic, subscribers get it after the log has it,
//     and when the log refuses it, nobody does.
//   - The messages of one publisher and one QoS on a topic reach each subscriber in
//     the order they were published; those of QoS 0 and 1 do so together. PUBACKs
//     and PUBRECs leave in the order of their PUBLISH packets.
//   - A message for a shared subscription goes to one of its members, on whichever
//     loop; to another one when the chosen has gone or can take no more.
//   - A slow reader, a slow log and a client that breaks the rules cost the others
//     nothing: what waits for each is bounded, what is dropped is counted by
//     reason, and the offender alone is paused or closed.
//   - Without an Authenticator only loopback addresses are listened on.
//   - What a connection does can be followed in the log: its lines carry conn, its
//     number, and no more than 64 bytes of what the client calls itself.
//
// With a [Durable.Journal], sessions that last, retained and delayed messages survive the
// process; else they are in memory and end with it.
//
// Layout: one event loop per core (package loop) owns its connections; a worker
// is the broker on one loop, and holds the sessions (package session, pure), the
// route cache, the batches for the log and the parcels for the other loops. What
// the workers share is the router: a tree of filters read without locks. A client
// identifier's hash decides on which loop its session lives.
//
// Goroutines: the loops, their connections' readers and writers, the listener's, one
// clock and, once there is a durable session, one reader of each stream and a few that
// read further back. [Broker.Close] ends them all.
package broker
