// Package record is how durable sessions are written down: the records of a session in the
// journal, and what they say of one another, so that a start knows when one is missing.
//
// It is pure. A loop of the broker writes, flush by flush, with one [Trail] for each session
// and one [Index] for itself; a start gives every record in its order to a [Book], and asks
// of each session's [History] whether it is whole.
//
// # Records
//
// The first byte of a record's key is its kind, the rest whose it is.
//
//   - s is who the session is, with its will ([Session]); one without a value is its end.
//   - f is what became of its filters since the f before, or all of them ([Changes]).
//   - p is how far it is (package session), behind a seal: it comes last of what a flush
//     writes of a session, and bears the checksum of the s and the f that count then, and the
//     number of the flush that it is for the session.
//   - x begins each flush of a loop and lists the sessions that the flush before has written,
//     and those that it has ended ([Index]).
//   - n are the numbers of the streams.
//
// # What is seen when one is missing
//
// An s or an f, by the next p, and an f by the next f, too. A p, if a newer one of the session
// is there, is missed by nobody. The newest records of a session, its end among them, are missed
// by the x of the next flush. When that is missing, too, every session is in doubt that was not
// written since. What nobody misses are the records of a loop's last flush before the process
// ended: the x that lists them follows within a second, and the next start writes those
// sessions anew.
//
// What one flush writes may be refused in part. So a session that is not whole says something only
// where it is known that the journal has lost an entry.
package record
