// Package loop runs the broker's connections on event loops.
//
// A [Loop] is one goroutine that owns its connections, what is attached to
// them, their buffers and their timers: none of that needs a lock. It knows bytes
// only; what they mean is its [Handler]'s affair, which is called on the loop's
// goroutine alone.
//
// Order: what one goroutine posts to a loop, and what one socket brings, arrives
// in that order. A loop works in turns: it takes what has arrived, lets the
// Handler end the turn ([Handler.Turn]), then writes each touched connection once.
//
// The transport here is the portable one. A connection's reader goroutine does
// the blocking reads and hands each chunk to the loop; it may be at most two
// chunks ahead, so a loop that stops taking a connection's bytes stops its
// reading. A writer goroutine exists only while there is output. The reader ends
// when the peer does or when the loop closes the connection; the writer ends with
// its one write.
package loop
