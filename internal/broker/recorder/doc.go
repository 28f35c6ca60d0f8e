// Package recorder is the flight recorder of one event loop: a ring of bytes that holds
// what the loop has lately decided about messages, for millrace why.
//
// One goroutine writes. It takes no lock and allocates nothing once the ring has its
// size; a record is 8 to 40 bytes, written in place. The ring is made of segments that
// are overwritten one at a time, the oldest first. Each can be read by itself: a text is
// written once in a segment and referred to by its place in it.
//
// The outcomes of a message stand directly before the message's own record, which says how
// many they are: one for each receiver, or only those of receivers that were not simply
// sent it ([Recorded.Unlisted]).
package recorder
