// Package trace writes MQTT packets to files that people and Wireshark read.
//
// A [Book] runs traces: each follows a client, a topic filter or an address, and
// ends by itself at a size, at a time, or when the disk refuses. Two formats: text,
// a line for each packet; and pcapng, where each packet stands in an Ethernet frame
// with IP and TCP around it, made up but right, so that Wireshark shows the MQTT of
// connections that were encrypted or came by WebSocket, too.
//
// Promises: passwords and authentication data are never written. A trace never
// slows who is traced: what comes faster than it is written is missed and counted.
// Files are bounded in size, number and sum.
//
// Goroutines: one for each running trace; it ends with the trace, and [Book.Close]
// ends all.
package trace
