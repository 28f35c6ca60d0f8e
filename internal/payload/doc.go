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
//   - An empty payload is one of no byte or of white space alone; MQTT clears
//     retained messages with it. It holds no point, as do null, {}, [], and records of
//     nulls or a time alone. Such a message is no fault, but counted as no_values.
//   - A byte order mark before JSON or a number is left out. A plain text keeps it.
//
// A dot inside a key stays: {"a.b":1} and {"a":{"b":1}} name the same metric. An
// empty key is an empty part: {"a":{"":1}} is "a.", {"":1} is "". A metric named
// twice in one record, as in {"a.b":1,"a":{"b":2}} or {"a":1,"a":2}, is one point:
// the later in the record wins. [Decoder.Decode] hands over both, in order, with the
// same [Metric.Record]; whoever stores them replaces the earlier. Escapes are
// resolved as encoding/json does, a lone surrogate becomes U+FFFD.
//
// # Time
//
// A record's time is the first of its top-level fields named in Options.TimeFields
// (default "ts", then "timestamp") that can be read as a time, else the message's
// arrival. A string is RFC 3339 with an offset and any fraction, or a decimal
// number; a number counts from 1970 UTC, its unit told by its magnitude:
//
//	below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds, else nanoseconds
//
// Fractions count down to a nanosecond. A null is as good as no field. A string that
// is no time ("foo", a date that does not exist, one without an offset) and a
// boolean, object or array are passed over: the next field is tried, then the
// arrival stands, and time_unreadable counts the record once. No string or number
// under such a name is a metric; a boolean and what is inside an object or array are.
//
// A time that can be read but lies more than Options.MaxPast before or
// Options.MaxFuture after the arrival rejects the record as time_out_of_range.
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
