// Package sys says what stands on the topics below $SYS: the broker's figures in
// the dialect of Mosquitto ($SYS/broker/…) and in that of EMQX ($SYS/brokers/…).
//
// It is pure: [Figures] at one moment go in, topics and payloads come out. What
// has to be remembered between two moments (averages, maxima, what was told last)
// is in the [Mosquitto] and [EMQX] values, each of which has one user at a time.
package sys
