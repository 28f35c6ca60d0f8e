// Package outbox is one loop's side of the log: the batches that a turn fills, one for each
// stream, and what is under way of them.
//
// A batch leaves when the turn ends, or is about one entry of the log long; the log answers for
// each once. Some messages are routed only when the log has them (those of QoS 2, and what
// comes behind them of the same publisher or topic): an [Outbox] counts them, so that none is
// overtaken. It says when the log has enough to do ([Outbox.Busy], [Outbox.Full]), and when it
// has not moved for a while though somebody waits ([Outbox.Still]).
//
// Its loop alone touches it; times are the loop's steady clock's. Adding a message allocates
// nothing once batches are there to be used again.
package outbox
