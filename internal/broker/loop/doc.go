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
// There are two transports behind [Conn], and one loop can have both.
//
// On an event-driven loop ([Loop.EventDriven], Linux) a plain socket is a bare
// descriptor that the loop watches itself. It reads into one buffer of its own and
// shows the bytes where they lie: a connection keeps a partial packet and output
// that the socket did not take, an idle one nothing. One connection brings at most
// 64 KB a turn. Connections that make little work are served before the busy ones, and
// between them. Reads, writes and looks for events are raw calls; only waiting
// when nothing is to do enters the scheduler.
//
// What stands between a socket and the Handler, TLS or WebSocket, is a [Codec]; both
// transports pass bytes through it. It has nothing to say to the Handler but the
// plain bytes and why they end.
//
// Any other connection is portable: its reader goroutine does the blocking reads
// and hands each chunk to the loop; it may be at most two chunks ahead, so a loop
// that stops taking a connection's bytes stops its reading. A writer goroutine
// exists only while there is output. What they bring is taken as watched sockets
// are: the busy connections' behind the others' and between them. The reader ends
// when the peer does or when the loop closes the connection; the writer ends with
// its one write.
package loop
