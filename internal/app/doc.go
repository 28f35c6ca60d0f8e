// Package app is the one place where rooms meet: it builds them from the
// configuration, hands each the others it asks for, starts them in order and stops
// them in reverse.
//
// A start that fails stops what had started and names the part that failed. Close
// gives clients their goodbye, waits for the log and then lets go of the disk; its
// context is the deadline.
package app
