// Package pace holds clients to their rates: how many messages, bytes, topic filters and
// connections may come in a second, of each client, of a listener's clients together, and of
// all. What happens to a client that is over one is the broker's matter.
//
// A [Gauge] is one loop's view of a listener's rates, a [Pace] what one client has used of
// them, and [Past] what those had used who have left. A loop alone touches the three; what
// loops share is behind [Shared]. Each question takes a token of every rate that counts, or
// none. Times are nanoseconds of a clock that is not set.
package pace
