// Package bench loads an MQTT broker with many clients and measures it: how much it
// delivers for a second of its processor, how late, and whether every message came
// exactly once and in order.
//
// The way: [Options] name a scenario; newPlan lays out who publishes and who
// subscribes what; [Run] connects them all, sends for a bounded time, waits for what
// is under way and answers with a [Report]. A [Report] that is not Clean says what
// was lost, doubled, out of order or refused.
//
// Pure core: plan, payload, flow (loss, doubles, order), pace (when a message is due)
// and peer (a client: bytes in, bytes out) know no socket and no clock. Thin shell: a
// loop owns its peers, buffers and histograms, and a wire moves their bytes: epoll on
// Linux, two goroutines a connection elsewhere. Nothing is allocated per message.
//
// Latency is counted from when a message was due, not from when it could be sent: a
// broker that stops for a second shows it in every message that was due meanwhile.
//
// Ownership: a loop's goroutine alone touches its peers; others ask it by post. Run
// owns the loops and returns after all of them have ended.
package bench
