// Package ban says who is kept out, and for how long.
//
// A [List] holds the bans in force, by client identifier, prefix of one, user, address,
// network, or login (a user from one address); asking it costs one short read lock, and
// nothing while it is empty. [Strikes] counts what happens to a name again and again, for
// bans that the node makes itself.
//
// A [Keeper] is the list together with what survives the process. A ban that somebody asks
// for is kept before it is in force, and lifted in both places. One that the node makes never
// waits for the store: it is in force at once and kept later, tried again each minute and once
// more at the end; what cannot be kept is counted. Any goroutine may use it.
package ban
