// Package rewrite changes topics by rules before anything else looks at them, so
// that devices and programs that name things differently can meet.
//
// A [Rule] has a topic filter, a regular expression and a destination. The first
// rule whose filter and expression both match gives the new topic: its destination
// with $1 … $9 and the client's name put in. Expressions are RE2: they take time in
// proportion to the topic, whatever it is. A result that is no topic is an error,
// and what a client is called can put no wildcard into a filter.
//
// [Rules] do not change and serve any number of goroutines; a [Cache] has one
// owner.
package rewrite
