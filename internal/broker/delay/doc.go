// Package delay holds messages that are to be published later: those that came on
// $delayed/SECONDS/TOPIC.
//
// [Parse] reads such a topic. A [Schedule] holds the messages in memory, in the
// order of their time and, for one time, of their arrival; it is bounded by
// messages and bytes. It has no clock: whoever owns one takes what is due. Any
// number of goroutines may use it.
package delay
