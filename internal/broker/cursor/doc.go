// Package cursor is where a reader of the log stands in one stream: a durable session, or a
// shared subscription that the log feeds.
//
// A reader follows the tail: then it is where the tail is, and its [Cursor] only says from
// where on. When it has no room it falls behind: it stands at a place, takes nothing of the
// tail, and asks for what comes next, one question at a time. Answers that were asked for
// before it moved otherwise are told by their round, and let fall. What it has before it is
// the sum of its filters now less what that was at its place (package backlog); a reader that
// a start brings back does not know that until the log was surveyed.
//
// A cursor belongs to its reader's loop. It has no lock, no clock and no log of its own.
package cursor
