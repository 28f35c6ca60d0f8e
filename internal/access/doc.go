// Package access says who may come in and what they may do, in its first form: a
// file of user names with hashed passwords, names from client certificates, and an
// ordered list of rules.
//
// Promises:
//   - Nobody is let in by a mistake: a file that cannot be read whole changes
//     nothing. The last good one stays in force, and an alarm says so.
//   - A password is compared on a few goroutines of its own, never on the caller's,
//     and an unknown name takes as long as a wrong password.
//   - Files are looked at every two seconds; what changed holds for those who are
//     connected, too: [Options.Changed] is called, and [Access.Recheck] and
//     [Access.Rights] answer anew.
//   - Rules are read in order, the first that matches decides, and a name with a
//     wildcard in it never widens one. A subscription is allowed only if everything
//     it could bring is; see [Rights.MaySubscribe].
//   - Asking [Rights] takes no lock and allocates nothing.
//
// The cores are pure: [ParseUsers] and [Users] (the users file), [ParseRules] and
// [Rights] (the rules), [Exchange] (SCRAM). [Access] is the shell that owns the
// files, the hashing goroutines and the verdicts it remembers for a while.
package access
