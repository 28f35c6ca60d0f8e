// Package why tells why a client did or did not get a message, in one story.
//
// [Gather] reads what the loops have recorded and finds the messages in question with what
// became of them; [Tell] holds that against the client's session, its subscriptions and who
// was refused, and says it in words. Both are pure: whoever calls them brings the facts.
package why
