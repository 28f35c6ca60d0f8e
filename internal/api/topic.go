package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/api/topics"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

type topicsInput struct {
	Paging
	Parent string `query:"parent" maxLength:"65535" doc:"The level to look below; empty for the root"`
	Search string `query:"search" maxLength:"256" doc:"List the topics that contain this, letter case ignored, instead of one level"`
	Flat   bool   `query:"flat" doc:"List the topics at and below parent instead of one level"`
}

type topicInput struct {
	Topic string `query:"topic" required:"true" minLength:"1" maxLength:"65535"`
}

type publishInput struct{ Body Publish }

func (a *API) topicOperations() {
	register(a, huma.Operation{OperationID: "list-topics", Method: http.MethodGet, Path: "/topics", Tags: []string{"Topics"},
		Summary: "One level of the topic tree, or a flat list", Description: "Sorted by name. The node remembers the topics that it saw lately, not every topic ever."}, a.listTopics)
	register(a, huma.Operation{OperationID: "get-last-message", Method: http.MethodGet, Path: "/topics/last", Tags: []string{"Topics"},
		Summary: "The last message of one topic"}, a.lastMessage)
	register(a, huma.Operation{OperationID: "publish", Method: http.MethodPost, Path: "/publish", Tags: []string{"Topics"}, MaxBodyBytes: int64(a.MaxPayload)*2 + 128<<10,
		Summary: "Publish a message", Description: "With QoS 1 the answer waits until the stream that keeps the topic, if one does, has the message. Topics that begin with $ are the server's own: they are refused as not allowed (403), as over MQTT."}, a.publish)
}

func (a *API) listTopics(_ context.Context, in *topicsInput) (*answer[Page[TopicNode]], error) {
	if a.Topics == nil {
		return nil, unavailable("list of topics")
	}
	var nodes []topics.Node
	var count int
	if in.Search != "" || in.Flat {
		nodes, count = a.Topics.Search(in.Parent, in.Search, in.offset(), in.Limit)
	} else {
		nodes, count = a.Topics.Children(in.Parent, in.offset(), in.Limit)
	}
	return reply(pageOf(convert(nodes, topicNode), in.Paging, count), nil)
}

func topicNode(n topics.Node) TopicNode {
	return TopicNode{Name: n.Name, Topic: n.Topic, Children: n.Children, Topics: n.Topics, Rate: n.Rate,
		HasMessage: n.HasMessage, Time: n.Time, Publisher: n.Publisher, Publishers: n.Publishers,
		Preview: n.Preview, Value: n.Value, Spark: n.Spark}
}

func (a *API) lastMessage(_ context.Context, in *topicInput) (*answer[TopicMessage], error) {
	if a.Topics == nil {
		return nil, unavailable("list of topics")
	}
	m, ok := a.Topics.Last(in.Topic)
	if !ok {
		return nil, fault.New(fault.NotFound, "No message on %q is remembered. It may never have had one, or not for long.", in.Topic)
	}
	out := TopicMessage{Topic: m.Topic, Time: m.Time, Publisher: m.Publisher, QoS: int(m.QoS), Retain: m.Retain,
		Size: m.Size, Truncated: len(m.Payload) < m.Size}
	out.Encoding, out.Payload = encode(m.Payload, out.Truncated)
	if a.StreamOf != nil {
		out.Stream = a.StreamOf(m.Topic)
	}
	return reply(out, nil)
}

// encode writes a payload as text when it is, else as base64. A cut may have gone
// through a character; text then ends before it.
func encode(payload []byte, cut bool) (encoding, text string) {
	if utf8.Valid(payload) {
		return "text", string(payload)
	}
	if cut {
		for back := 1; back < utf8.UTFMax && back <= len(payload); back++ {
			if whole := payload[:len(payload)-back]; utf8.Valid(whole) {
				return "text", string(whole)
			}
		}
	}
	return "base64", base64.StdEncoding.EncodeToString(payload)
}

func (a *API) publish(ctx context.Context, in *publishInput) (*answer[Published], error) {
	if a.Publisher == nil {
		return nil, unavailable("broker")
	}
	m, err := a.message(in.Body)
	if err != nil {
		return nil, err
	}
	m.Publisher = []byte("api/" + callerOf(ctx).User)
	kept, err := a.Publisher.Publish(ctx, m)
	return reply(Published{Kept: kept}, err)
}

// message checks what is to be published.
func (a *API) message(p Publish) (*msg.Message, error) {
	if err := topic.ValidName([]byte(p.Topic)); err != nil {
		return nil, err
	}
	if p.Topic[0] == '$' {
		return nil, fault.New(fault.Forbidden, "Topics that begin with $ are the server's own: choose another topic.")
	}
	payload := []byte(p.Payload)
	if p.Encoding == "base64" {
		var err error
		if payload, err = base64.StdEncoding.DecodeString(p.Payload); err != nil {
			return nil, fault.Wrap(fault.Invalid, "api: publish", err, "The payload is no base64.")
		}
	}
	if len(payload) > a.MaxPayload {
		return nil, fault.New(fault.TooLarge, "The payload has %d bytes, the limit is %d.", len(payload), a.MaxPayload)
	}
	return &msg.Message{Topic: []byte(p.Topic), Payload: payload, QoS: byte(p.QoS), Time: a.Now().UnixNano()}, nil
}
