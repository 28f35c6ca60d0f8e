// Package topics knows every topic the node has lately seen: its last message,
// its rate, its publishers and how its number moved, as a tree of levels.
//
// It feeds on digests, in which the broker sums up its messages by topic some times
// a second, and never slows the broker: what it cannot take in is counted. So what
// it shows may be a quarter of a second old. Memory is bounded by topics and by bytes of last
// payloads; beyond either bound the topic that has been silent longest is
// forgotten and counted. Nothing here survives a restart.
//
// A [Registry] owns one goroutine, from Start to Close. Its methods may be called
// from anywhere.
package topics
