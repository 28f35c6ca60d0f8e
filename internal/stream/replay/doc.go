// Package replay publishes stored messages once more: a range of a stream, at the pace at
// which they came, faster, or so many a second.
//
// # Promises
//
//   - Messages go out in the stream's order, each with user properties that say that it is
//     replayed, from where, and when it came first ([Marker], [TimeMarker]).
//   - No stream takes them again, unless that was asked for.
//   - A replay ends where the stream ended when it began, or before.
//   - It can be paused, resumed and stopped, and tells how far it is.
//   - When the process ends it is interrupted, and goes on from its position when it is
//     asked to, or by itself with the next start, by [Order.Resume]. After a crash what went
//     out in the last second goes out again.
//
// [pace] is the schedule and pure. Each replay is a goroutine that ends with its range, by
// Stop, or with [Replays.Close].
package replay
