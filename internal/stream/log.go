package stream

import (
	"context"
	"time"
)

// LogConfig says what a log is and what it keeps. It is an alias of a plain struct,
// so that a log may take the same one without importing this package.
type LogConfig = struct {
	// Name names the log.
	Name string
	// MaxAge is how long an entry is kept; 0 is for ever.
	MaxAge time.Duration
	// MaxBytes is how much is kept; the oldest goes first; 0 is no bound.
	MaxBytes int64
	// Memory keeps entries in memory alone.
	Memory bool
}

// LogState is what a log holds at a moment; an alias as [LogConfig] is.
type LogState = struct {
	// Entries and Bytes are what is stored now.
	Entries uint64
	Bytes   int64
	// First and Last are the sequences of the oldest and the newest entry; an empty
	// log has First = Last+1.
	First, Last uint64
	// Purged is the newest sequence that a purge or the log's own bounds have removed. Between
	// it and First nothing was given, or a disk has lost it.
	Purged uint64
	// FirstTime and LastTime are when those two were stored; zero when empty.
	FirstTime, LastTime time.Time
}

// Log is what a stream needs of the log that keeps its entries.
type Log interface {
	// Append sends an entry and returns at once. done is called exactly once, from
	// any goroutine, also before Append returns: with the entry's sequence, or with
	// an error after which it is open whether the entry is stored. Of several repeats
	// under one id one is stored, beside the first sending perhaps. fault.StorageFull
	// and fault.TooLarge say that a repeat is of no use. entry is borrowed until done
	// is called. Entries are stored in the order of the calls, unless one fails.
	Append(id string, repeat bool, entry []byte, done func(seq uint64, err error))
	// Read calls f for every entry from sequence from on, in order, then waits for
	// new ones, until ctx ends or f returns an error, and returns that error. An entry
	// without a byte stands for some that the log has lost.
	Read(ctx context.Context, from uint64, f func(seq uint64, entry []byte) error) error
	// Change sets other bounds of what is kept.
	Change(ctx context.Context, maxAge time.Duration, maxBytes int64) error
	// Purge removes the entries up to that sequence, itself included.
	Purge(ctx context.Context, upTo uint64) error
	// State tells what the log holds.
	State(ctx context.Context) (LogState, error)
}
