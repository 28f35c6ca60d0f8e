package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// Why tells why a client did or did not get a message.
type Why interface {
	Why(ctx context.Context, q WhyQuestion) (WhyAnswer, error)
}

// WhyQuestion is what is asked: the messages of a topic since then, or one message.
type WhyQuestion struct {
	Client, Topic, Message string
	Since                  time.Time
	Limit                  int
}

// WhyAnswer is what became of the messages for the client.
type WhyAnswer struct {
	Client   string       `json:"client"`
	Topic    string       `json:"topic"`
	Outcome  string       `json:"outcome" enum:"acknowledged,sent,queued,waiting,dropped,refused,other_member,not_subscribed,no_local,no_client,no_message,unknown" doc:"What became of the newest message"`
	Reason   *WhyReason   `json:"reason,omitempty" doc:"Why it was dropped or refused"`
	Text     string       `json:"text" doc:"The same in a sentence"`
	Said     *Said        `json:"said,omitempty"`
	State    []WhyNote    `json:"state" nullable:"false" doc:"How the client stands, in sentences"`
	Messages []WhyMessage `json:"messages" nullable:"false" doc:"The newest messages, oldest first"`
	More     int          `json:"more" doc:"Older messages that were found, too"`
	Notes    []WhyNote    `json:"notes" nullable:"false" doc:"What else may help: refusals, losses, topics with nearly the same name"`
	Window   WhyWindow    `json:"window"`
}

// WhyReason is a counted reason.
type WhyReason struct {
	Reason string `json:"reason" doc:"As metrics and logs have it"`
	Code   string `json:"code" doc:"To be quoted"`
	Title  string `json:"title"`
}

// WhyMessage is the story of one message.
type WhyMessage struct {
	ID        string     `json:"id,omitempty" doc:"Ask with message=id for this one alone, while it is recorded"`
	Position  string     `json:"position,omitempty" doc:"Where it is stored: stream:entry:index; it can be asked with, too"`
	Time      time.Time  `json:"time" doc:"When it arrived at the node"`
	Publisher string     `json:"publisher,omitempty"`
	QoS       int        `json:"qos"`
	Retain    bool       `json:"retain"`
	Outcome   string     `json:"outcome"`
	Reason    *WhyReason `json:"reason,omitempty"`
	Text      string     `json:"text"`
	Said      *Said      `json:"said,omitempty"`
	Steps     []WhyNote  `json:"steps" nullable:"false"`
}

// WhyNote is one sentence of a story.
type WhyNote struct {
	At     *time.Time `json:"at,omitempty"`
	Reason *WhyReason `json:"reason,omitempty"`
	Text   string     `json:"text"`
	Said   *Said      `json:"said,omitempty"`
}

// WhyWindow is what the flight recorder covers.
type WhyWindow struct {
	From      time.Time `json:"from" doc:"Since when everything is recorded"`
	Forgotten uint64    `json:"forgotten" doc:"Messages before, which were overwritten since the start"`
}

type whyInput struct {
	Client  string `query:"client" required:"true" minLength:"1" maxLength:"65535" doc:"Client identifier"`
	Topic   string `query:"topic" maxLength:"65535" doc:"Topic name of the messages"`
	Message string `query:"message" maxLength:"200" doc:"One message, by its id here or by stream:entry:index"`
	Since   string `query:"since" maxLength:"64" default:"-1h" doc:"RFC 3339, milliseconds since 1970, now, or relative such as -1h"`
	Limit   int    `query:"limit" minimum:"1" maximum:"100" default:"10" doc:"Messages at most, the newest"`
}

func (a *API) whyOperations() {
	register(a, huma.Operation{OperationID: "why", Method: http.MethodGet, Path: "/why", Tags: []string{"Clients"},
		Summary: "Why a client did or did not get a message",
		Description: "Tells what became of the messages of a topic, or of one message, for a client: who published it, whether it was allowed, where it is stored, " +
			"which subscriptions matched, and whether it was delivered, acknowledged, queued, or dropped and why. It looks into the flight recorder and the log."}, a.why)
}

func (a *API) why(ctx context.Context, in *whyInput) (*answer[WhyAnswer], error) {
	if a.Why == nil {
		return nil, unavailable("flight recorder")
	}
	if (in.Topic == "") == (in.Message == "") {
		return nil, fault.New(fault.Invalid, "Ask with a topic or with a message.")
	}
	if in.Topic != "" {
		if err := topic.ValidName([]byte(in.Topic)); err != nil {
			return nil, err
		}
	}
	since, err := parseTime(in.Since, a.Now())
	if err != nil {
		return nil, err
	}
	return reply(a.Why.Why(ctx, WhyQuestion{Client: in.Client, Topic: in.Topic, Message: in.Message, Since: since, Limit: in.Limit}))
}
