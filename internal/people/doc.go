// Package people knows who may come into the console and the API: users with
// passwords and roles, their sessions, and API keys for programs.
//
// Promises:
//
//   - No secret can be read back. Passwords are kept as argon2id with their
//     parameters, session tokens and key secrets (256 random bits) as SHA-256.
//   - A refusal tells nobody whether the user exists, neither in words nor in time.
//   - Failed sign-ins are slowed by user and address, by address, and by user over
//     all addresses, there only with much patience and never at an address that the
//     user came in from before: nobody locks a user out for good from afar. A right
//     API key always passes. The node itself is never slowed. The memory for that is
//     bounded.
//   - A change of password and a removal act at once on everything that is open:
//     each request looks the user up, and [People.Ended] tells whoever keeps a
//     stream open.
//   - The last administrator stays.
//
// Everything is in a key-value bucket, changed with revision checks, so sessions
// survive a restart and another node sees them. User names are compared without
// regard to letter case. A [People] owns no goroutine and needs no Close; its
// methods may be called from anywhere.
package people
