// Package stream keeps messages in named, durable captures.
//
// A stream takes the messages whose topic one of its filters matches. Streams stand
// in an ordered list and the first that matches takes the message, so a message
// lives in exactly one stream. Topics that begin with $ are never taken; an empty
// list takes nothing.
//
// # The way in
//
// [Streams.Keep] takes the batch that one event loop's turn brought for one stream.
// Each stream has an appender, one goroutine, that packs what has gathered into
// entries (docs/formats/entry.md) of 256 KiB at most and appends them to the log.
// Two entries are in flight at most; a third is spaced while messages arrive faster
// than an entry each would pay, and never for a lone publisher.
//
// # Promises
//
//   - Keep never blocks and drops nothing. committed is called exactly once for each
//     batch, in the order of the hand-overs of that stream.
//   - committed without an error means that the log has every message of the batch.
//   - An entry that the log refuses or does not answer is sent again, with nothing
//     new in between, until it is in. Only a full storage ends the attempts: then its
//     batches are answered with fault.StorageFull.
//   - A burst does not overrun the disk's reserve: what was handed over since the last
//     measurement counts as written.
//   - A reader sees the messages in log order, which for one publisher is the order
//     of publishing, none twice, whatever was sent again.
//   - An entry that does not bear its checksum is skipped, counted and named in the
//     log, never served.
//
// # Ownership
//
// A batch belongs to the stream until committed is called with it. What a reader is
// given is borrowed until its function returns. Close ends the appenders and the
// disk guard; it waits, as long as its context allows, for what is in flight.
package stream
