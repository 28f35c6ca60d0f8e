package why

import (
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/say"
)

// Outcome is a word for what became of a message for the client.
type Outcome string

// The outcomes.
const (
	Acknowledged  Outcome = "acknowledged"   // the client is done with it
	Sent          Outcome = "sent"           // written to its connection
	Queued        Outcome = "queued"         // waits for it
	Waiting       Outcome = "waiting"        // for the log, or for its time
	Dropped       Outcome = "dropped"        // for a reason
	Refused       Outcome = "refused"        // from its publisher: nobody got it
	OtherMember   Outcome = "other_member"   // of a shared subscription
	NotSubscribed Outcome = "not_subscribed" // then
	NoLocal       Outcome = "no_local"       // its own, which it does not want
	NoClient      Outcome = "no_client"      // of that name
	NoMessage     Outcome = "no_message"     // was published
	Unknown       Outcome = "unknown"        // not recorded, or forgotten
)

// Answer is the story.
type Answer struct {
	Client, Topic string
	// Outcome and Reason are those of the newest message, Text says it in a sentence.
	Outcome Outcome
	Reason  *fault.Code
	Text    say.Said
	// State is how the client stands, a sentence each.
	State []say.Said
	// Stories are the messages, oldest first; More is how many older ones there are.
	Stories []Story
	More    int
	// Notes are what else may help: refusals, losses, names that are nearly the same.
	Notes []Note
	// From is since when everything was recorded, ns since 1970, 0 for never; Forgot is how
	// many messages were overwritten.
	From   int64
	Forgot uint64
}

// Story is what became of one message.
type Story struct {
	*Message
	Outcome Outcome
	Reason  *fault.Code
	Text    say.Said
	Steps   []Note
}

// Note is a sentence; At is when it happened, ns since 1970, or 0.
type Note struct {
	At     int64
	Reason *fault.Code
	Text   say.Said
}

func because(c fault.Code) *fault.Code { return &c }
