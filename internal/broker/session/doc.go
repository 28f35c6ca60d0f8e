// Package session is one client's side of the protocol as a state machine: packets,
// answers and clock values go in, bytes to send and one [Event] come out. It has
// no socket, no goroutine and no clock, so every case of it can be told as a text
// script (testdata).
//
// A Session belongs to one event loop. What it returns as bytes is appended to
// the slice it is given. Slices in an Event point into the packet or into the
// Event and are valid until the next [Session.Step] with it; what the session
// itself keeps it copies.
//
// Order: PUBACKs and PUBRECs leave in the order of the PUBLISH packets, whether
// the log or the loop settles them [MQTT-4.6.0-2] [MQTT-4.6.0-3]. Outbound
// messages of QoS 1 and 2 keep the order in which [Session.Deliver] got them.
//
// Exactly once holds for as long as the session does: a PUBLISH of QoS 2 that comes
// again before PUBREL is answered and not passed on, on a later connection, too.
//
// A session lasts beyond its connection when its client asks for it: [Session.Leave]
// ends the connection, [Session.Resume] begins another, and [Session.Next] sends
// again what was not acknowledged, in its order. [State] is what lasts as a value.
//
// What is served: QoS 0, 1 and 2, MQTT 3.1, 3.1.1 and 5.0. What is not served is said
// in CONNACK.
package session
