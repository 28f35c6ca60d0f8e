// Package payload turns the bytes of a published message into points: one value of
// one metric at one time. It does no I/O, keeps nothing between messages but its
// scratch memory, and never panics on bad input.
//
// # What becomes a point
//
//   - A JSON object is one record. Its numbers, booleans and strings are metrics,
//     named by their path: parts joined with a dot, array elements by index, as in
//     "motor.temp" or "axes.0". null is no point.
//   - A top-level array is several records: each object in it is one. Its other
//     elements are metrics named by their index.
//   - A JSON scalar, a plain number ("21.5", white space around it allowed) and any
//     other valid UTF-8 text is the one metric "value". A text is kept exactly.
//   - An empty payload, or one of white space, holds no point and is no fault: MQTT
//     clears retained messages with it.
//
// A dot inside a key stays: {"a.b":1} and {"a":{"b":1}} name the same metric. An
// empty key is an empty part: {"a":{"":1}} is "a.", {"":1} is "". Of a key given
// twice each value is a point, in order; whoever stores them decides (the historian
// keeps the later of two at one time). Escapes are resolved as encoding/json does,
// a lone surrogate becomes U+FFFD.
//
// # Time
//
// A record's time is its top-level field named in Options.TimeFields (default "ts",
// then "timestamp"; the earlier name wins, none of them is a metric), else the
// message's arrival. A string is RFC 3339 with any offset and fraction, or a decimal
// number; a number counts from 1970 UTC, its unit told by its magnitude:
//
//	below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds, else nanoseconds
//
// Fractions count down to a nanosecond. A null is no time: the arrival stands. A
// boolean, object or array under such a name is an ordinary metric. A string that
// is no time, and a time more than Options.MaxPast before or Options.MaxFuture
// after the arrival, reject the record as time_out_of_range.
//
// # What is refused
//
// Broken JSON, JSON nested deeper than Options.MaxDepth, and bytes that are not
// UTF-8 or hold control characters outside JSON make the whole message undecodable:
// [Decoder.Decode] returns fault.Undecodable and hands over no point. Smaller
// faults reject one metric or record, are counted in [Rejected], and leave the rest
// of the message: a number beyond float64 or a plain NaN or infinity and a path
// longer than Options.MaxPath (undecodable), a string longer than Options.MaxText
// (too_large), metrics beyond Options.MaxMetrics in one record (too_many). NaN and
// Infinity inside JSON are broken JSON.
package payload
