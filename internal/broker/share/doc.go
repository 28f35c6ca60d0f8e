// Package share is the core of a shared subscription that reads from the log: which
// messages it has taken from there, who has each, and what is acknowledged.
//
// A [Group] knows no clock, no connection and no other goroutine. Messages go in by Take,
// in the order of each stream; Next hands them to the members; Ack, Return, Away and Gone
// say what became of them. A message stays the group's until one member has acknowledged
// it. Append writes down which those are, so that a group that is read back has all that
// nobody has acknowledged, and what was acknowledged since the last Append once more.
package share
