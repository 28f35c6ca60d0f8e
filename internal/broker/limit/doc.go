// Package limit decides how much is too much: token buckets for rates, pools of memory, and
// the stages of the memory guard.
//
// Everything here takes values and a clock in and gives answers out: no socket, no
// goroutine, no clock of its own. Times are nanoseconds since 1970.
//
// A [Bucket] belongs to one owner and has no lock. A [Shared] bucket is for several
// loops at once: each holds a [Lease], a few tokens taken in advance, so that most
// messages touch nothing that another core touches. Leases are part of the burst:
// in any time t, no more than rate × t + burst passes, however many loops there are.
package limit
