// Package historian keeps what devices measure. It reads a stream at its own pace,
// decodes the messages to points, keeps the points of each series in compressed
// chunks on Pebble, and answers for series, their newest values and ranges of time.
//
// # Promises
//
//   - Exactly once. Chunks, catalogue, newest values and the stream position they
//     cover are one synced batch: after a crash the historian reads on behind what it
//     has. A restart neither loses nor repeats a point.
//   - What was read can be queried at once, also before it is committed.
//   - One point per series and time: of two with the same time the later arrival
//     wins, so a message delivered twice makes no second point when it brings its
//     own time. A point without a time of its own takes the arrival's; where several
//     of a series arrive at one instant (or up to a millisecond earlier than the one
//     before), each takes a nanosecond after the one before, so none is lost.
//   - A metric that one record names twice is one point, the later named one.
//   - A series is a topic and a metric. The name joins the two with a slash, so that
//     two series may share one: topic "col" with key "a/b", topic "col/a" with "b". A
//     [point.Range] with a Topic tells them apart; by name alone the longer topic
//     answers.
//   - Late points, changed kinds and texts are kept exactly.
//   - Nothing silent: what is not stored is counted by fault.Code in [Stats] and
//     stays readable in the stream. So are messages without values and records stored
//     although their time could not be read.
//   - The folder of the store and its files are their owner's alone.
//   - A full disk pauses commits, then reading, and raises an alarm; it kills
//     nothing, and work goes on by itself when space returns.
//
// # Ownership
//
// One goroutine reads (ingest) and one commits in time (tick); both begin in Start
// and end before Close returns. The ingest lock makes them take turns; mu guards
// what readers see and is held for memory work only.
package historian
