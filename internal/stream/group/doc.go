// Package group keeps consumer groups: readers outside the node that share a stream, each
// message going to one of them until somebody acknowledges it.
//
// # Promises
//
//   - Every message that the group's filter matches is handed out, in the stream's order
//     the first time, and again whenever its deadline passes without an acknowledgement.
//   - An acknowledgement that was answered is kept: the message is not handed out again,
//     not after a killed process either.
//   - Who was handed what is written down within [writeAfter]: a killed process may forget
//     hand-outs of that time, so their messages may come before their deadline, and count
//     a delivery less. No message is lost by it.
//   - What the stream has removed before it was done is counted on its group.
//
// # Parts
//
// [State] is the core and pure: positions and times go in, positions and counts come out.
// Everything up to the cursor has been handed out once; what of it is not done stands in
// the list of open messages. So the state is the lowest position that is not done and what
// is done above it, written the short way round. [Groups] is the shell: it reads the stream,
// keeps the states in a bucket and writes what has changed, all groups in one round, from
// the one goroutine that Start begins and Close ends.
package group
