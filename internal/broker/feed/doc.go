// Package feed reads the log for durable sessions and shared subscriptions that are behind.
//
// Thousands may ask within a second, each for its part of one long stretch of a stream. A
// [Catcher] lets them share passes over it: [Catcher.Ask] never waits, [Catcher.Serve] answers,
// on a few goroutines. Each reader gets what its filters take from its place on, once and in
// order, and asks on from where its answer ends. A pass holds no more than a bounded number
// of bytes, hands out parts on its way, and waits for loops that do not take them.
//
// A [Tail] deals what comes at a stream's end to the loops that have readers there, in
// [Piece]s; what a loop has taken of it lately it remembers as [Recent].
//
// [Run] is how messages of the log come to a loop. The messages that it shows are valid during
// the call.
package feed
