package why

import (
	"math"
	"strconv"
	"strings"

	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// ID names a message that was recorded: its loop, and its number there. No topic looks
// like one, for it holds a wildcard.
type ID struct {
	Loop   int
	Number uint64
}

func (d ID) String() string {
	return strconv.Itoa(d.Loop) + "+" + strconv.FormatUint(d.Number, 36)
}

// ParseID reads what String writes.
func ParseID(s string) (d ID, ok bool) {
	loop, number, _ := strings.Cut(s, "+")
	n, err := strconv.ParseUint(number, 36, 64)
	i, err2 := strconv.Atoi(loop)
	return ID{i, n}, err == nil && err2 == nil && i >= 0
}

// Message is one message, with what became of it.
type Message struct {
	ID   ID            // zero for one that only the log knows
	From recorder.From // where it was published from; 0 is not known
	Time int64         // when it arrived, ns since 1970
	Conn uint32        // the publisher's connection, on the ID's loop; 0 is none
	By   string        // the publisher, where it is known
	Was  recorder.Recorded
	QoS  byte

	Topic  string
	Retain bool
	// Stream is that to which it was given, Position where it stands there.
	Stream   string
	Position msg.Position
	// Routed says that it went to its receivers; one that waits for the log does not yet.
	Routed bool
	// Unkept is why the log refused it, NotRetained why it was not stored as retained
	// message; both may be nil.
	Unkept, NotRetained *fault.Code
	// Receivers are those of the publisher's loop: clients, other loops and groups.
	Receivers int
	// Unlisted says that on the client's loop only other outcomes than "sent" are listed.
	Unlisted bool
	// Missing are outcomes that were overwritten.
	Missing int
	// Deliveries are what became of it for the client, oldest first.
	Deliveries []*Delivery
	// Stored is the message as the log has it, when that was looked up, and Values what the
	// historian made of it; both may be nil.
	Stored *msg.Placed
	Values *Values
	// Members are what became of it for members of groups, the client itself left out.
	Members []Member
	// When it met the subscriptions of the client's loop, and the place of that record
	// among those of the loop; 0 is not known.
	routedAt int64
	place    int
}

// Values are what the historian made of a stored message.
type Values struct {
	Pending  bool // it has not come to it yet
	Taken    int
	Rejected []fault.Code
}

// Member is a client that was chosen of a group; Client is empty where it is not known,
// Conn 0 where nobody took it.
type Member struct {
	Loop    int
	Conn    uint32
	Client  string
	Outcome recorder.Outcome
	Code    fault.Code
}

// Delivery is one attempt to give a message to the client.
type Delivery struct {
	At      int64
	From    recorder.From
	Outcome recorder.Outcome
	Code    fault.Code
	ID      uint16 // packet identifier
	Shared  bool
	// When it was sent after it had waited, acknowledged, or lost; 0 is not.
	SentAt, AckedAt, LostAt int64
	LostCode                fault.Code
	topic                   string
}

// Loss is messages that the client lost without their names, or whose beginning is
// forgotten. Since is when the one was queued.
type Loss struct {
	At    int64
	Code  fault.Code
	Count int
	Topic string
	Since int64
}

// Event is what happened to the client.
type Event struct {
	At    int64
	What  recorder.What
	Text  string // a filter; of Left, a word for why
	Code  fault.Code
	place int // among the records of the loop
}

// Loop is what one loop has recorded.
type Loop struct {
	Segments []recorder.Segment
	From     int64  // since when it has everything, ns since 1970
	Forgot   uint64 // messages that were overwritten
}

// Question is what is asked.
type Question struct {
	Client string
	Topic  string // empty with an ID
	ID     ID     // one message; zero is all of the topic
	Time   int64  // the message's arrival, when it was named by its place in the log
	Since  int64  // ns since 1970
	Most   int    // messages, the newest
}

// Facts are what the story is told from.
type Facts struct {
	Question
	Now      int64
	Messages []*Message // oldest first
	More     int        // further ones, older
	Losses   []Loss
	Events   []Event
	Loops    []Loop
	// Similar are topics that were published and differ by little.
	Similar []string
	// Standing is how the client stands now; nil for one that is not there.
	Standing *Standing
	Refusals []Refusal
	// Nameless are refusals of those who did not say who they are.
	Nameless []Refusal
	// Keeps is the stream that takes the topic; empty is none.
	Keeps string
	home  int
	names []map[uint32]string
	conns map[uint32]bool
}

// Standing is how the client stands with its messages.
type Standing struct {
	Loop             int
	Conn             uint32
	Connected        bool
	Since            int64
	Lasting, Durable bool
	Inflight, Queued int
	Subscribed       []Subscription
	Streams          map[string]Progress
	// Gone are those of Streams that the node does not have open.
	Gone []string
}

// Subscription is one of its filters; Matches is what is matched of it, Begins where a
// durable one began in each stream, Since the second in which it did, ns since 1970, 0 for
// not known.
type Subscription struct {
	Filter, Matches, Group string
	QoS                    byte
	NoLocal                bool
	Begins                 map[string]msg.Position
	Since                  int64
}

// Progress is how far a durable session has come in a stream.
type Progress struct {
	Next          msg.Position
	Behind        bool
	Waiting, Sent []msg.Position
}

// Refusal is somebody, or something, that was refused.
type Refusal struct {
	At       int64
	Address  string
	Listener string
	Admitted bool
	Code     fault.Code
	Text     string
	Count    uint64
}

// Everything is a Since that leaves nothing out.
const Everything = math.MinInt64
