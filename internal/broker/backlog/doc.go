// Package backlog counts what durable sessions have still to get from the log, and says
// where a session that has too much of it is to go on.
//
// A [Ledger] belongs to one event loop. For each filter of its durable sessions it adds up
// the messages of each stream that match: one increment for a message and filter, however
// many sessions have the filter. What a session has before it is the difference of two
// such sums, now and at the place where it stands; a message that two of its filters match
// counts twice. Now and then the ledger takes a [Mark], a place in the stream with the sums
// of all filters there. A session that is behind by more than its [Bounds] goes on from the
// newest mark behind which there is still as much as they allow: so nothing within the
// bounds is ever given up, and what is given up is counted exactly.
//
// A [Survey] finds out what no ledger has counted, in one reading of a stream for many; a
// [Surveyor] makes surveys, on a goroutine of its user's, for whoever asks. Nothing else here
// has a lock or a clock.
package backlog
