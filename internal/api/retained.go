package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// RetainedMessages are the messages that new subscribers get at once.
type RetainedMessages interface {
	// Retained lists those that match, sorted, and how many match in all.
	Retained(context.Context, RetainedQuery) ([]Retained, int, error)
	// RetainedMessage is the topic's, ok false when there is none. It must not be
	// changed.
	RetainedMessage(topic string) (m *msg.Message, ok bool)
	// DeleteRetained removes those that match and returns how many; dry only counts.
	DeleteRetained(ctx context.Context, q RetainedChoice, dry bool) (int, error)
}

// Retained is one retained message without its payload.
type Retained struct {
	Topic     string    `json:"topic"`
	Size      int       `json:"size" doc:"Bytes of the payload"`
	QoS       int       `json:"qos"`
	At        time.Time `json:"at" doc:"When it was published"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	Publisher string    `json:"publisher,omitempty"`
}

// RetainedMessage is one retained message.
type RetainedMessage struct {
	Retained
	Encoding  string `json:"encoding" enum:"text,base64"`
	Payload   string `json:"payload"`
	Truncated bool   `json:"truncated" doc:"True when only the payload's first 64 KiB are shown"`
}

// RetainedQuery asks for retained messages.
type RetainedQuery struct {
	Paging
	Prefix    string `query:"prefix" maxLength:"65535" doc:"What topics begin with"`
	Search    string `query:"search" maxLength:"256" doc:"What topics contain, letter case ignored"`
	Filter    string `query:"filter" maxLength:"65535" doc:"Those that this topic filter matches"`
	Publisher string `query:"publisher" maxLength:"65535" doc:"Those that the client with this identifier published; * stands for any text"`
	Sort      string `query:"sort" enum:"topic,size,at,expiresAt,publisher" default:"topic"`
	Order     string `query:"order" enum:"asc,desc" default:"asc"`
}

// RetainedChoice is which retained messages are meant: those that are all of what is given.
type RetainedChoice struct {
	Filter    string // a topic filter, or a topic
	Publisher string // a client identifier; * stands for any text
}

// Deleted says how many items went, or would have gone.
type Deleted struct {
	Deleted int  `json:"deleted"`
	DryRun  bool `json:"dryRun" doc:"True when they were only counted"`
}

type deleteRetainedInput struct {
	Topic     string `query:"topic" maxLength:"65535" doc:"This topic's"`
	Filter    string `query:"filter" maxLength:"65535" doc:"Those of all topics that the filter matches; $-topics need a filter that begins with $"`
	Publisher string `query:"publisher" maxLength:"65535" doc:"Those that the client with this identifier published; * stands for any text"`
	DryRun    bool   `query:"dryRun" doc:"Count them only"`
}

func (a *API) retainedOperations() {
	register(a, huma.Operation{OperationID: "list-retained", Method: http.MethodGet, Path: "/retained", Tags: []string{"Topics"},
		Summary: "The retained messages"}, a.listRetained)
	register(a, huma.Operation{OperationID: "get-retained", Method: http.MethodGet, Path: "/retained/message", Tags: []string{"Topics"},
		Summary: "One topic's retained message"}, a.getRetained)
	register(a, huma.Operation{OperationID: "delete-retained", Method: http.MethodDelete, Path: "/retained", Tags: []string{"Topics"}, DefaultStatus: http.StatusOK,
		Summary: "Remove retained messages", Description: "Give a topic, or a filter, a publisher or both. Subscribers are not told."}, a.deleteRetained)
}

func (a *API) retained() (RetainedMessages, error) {
	if a.Retained == nil {
		return nil, unavailable("list of retained messages")
	}
	return a.Retained, nil
}

func (a *API) listRetained(ctx context.Context, in *RetainedQuery) (*answer[Page[Retained]], error) {
	if in.Filter != "" {
		if err := topic.ValidFilter([]byte(in.Filter)); err != nil {
			return nil, err
		}
	}
	r, err := a.retained()
	if err != nil {
		return nil, err
	}
	list, count, err := r.Retained(ctx, *in)
	return reply(pageOf(list, in.Paging, count), err)
}

func (a *API) getRetained(_ context.Context, in *topicInput) (*answer[RetainedMessage], error) {
	r, err := a.retained()
	if err != nil {
		return nil, err
	}
	m, ok := r.RetainedMessage(in.Topic)
	if !ok {
		return nil, noRetained(in.Topic)
	}
	out := RetainedMessage{Retained: RetainedOf(m)}
	shown := m.Payload[:min(len(m.Payload), mostRetained)]
	out.Truncated = len(shown) < len(m.Payload)
	out.Encoding, out.Payload = encode(shown, out.Truncated)
	return reply(out, nil)
}

// mostRetained is how many bytes of a retained payload are shown.
const mostRetained = 64 << 10

func noRetained(name string) error {
	return fault.New(fault.NotFound, "There is no retained message on %q.", name)
}

// RetainedOf describes a retained message.
func RetainedOf(m *msg.Message) Retained {
	r := Retained{Topic: string(m.Topic), Size: len(m.Payload), QoS: int(m.QoS), At: at(m.Time), Publisher: string(m.Publisher)}
	if m.Expires() {
		r.ExpiresAt = r.At.Add(time.Duration(m.Expiry) * time.Second)
	}
	return r
}

func (a *API) deleteRetained(ctx context.Context, in *deleteRetainedInput) (*answer[Deleted], error) {
	if (in.Topic == "") == (in.Filter == "" && in.Publisher == "") {
		return nil, fault.New(fault.Invalid, "Give query.topic, or query.filter, query.publisher or both, and not all.")
	}
	r, err := a.retained()
	if err != nil {
		return nil, err
	}
	filter, valid := in.Filter, topic.ValidFilter
	if in.Topic != "" {
		filter, valid = in.Topic, topic.ValidName
	}
	if filter != "" {
		if err := valid([]byte(filter)); err != nil {
			return nil, err
		}
	}
	n, err := r.DeleteRetained(ctx, RetainedChoice{filter, in.Publisher}, in.DryRun)
	if err == nil && n == 0 && in.Topic != "" {
		return nil, noRetained(in.Topic)
	}
	return reply(Deleted{Deleted: n, DryRun: in.DryRun}, err)
}
