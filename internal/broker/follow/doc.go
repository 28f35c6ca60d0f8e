// Package follow reads streams for clients that subscribe to $stream/NAME/FROM/FILTER.
//
// [Parse] says what such a filter asks for. Each subscription has a [Reader], a goroutine that
// is one run ahead of what its client has been sent: it hands a run over, waits for
// [Reader.Sent], and reads on. So a client that takes little costs little memory, and slows
// nobody. [Readers] are those of a node, and end with it.
package follow
