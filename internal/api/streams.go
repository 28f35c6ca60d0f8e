package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// Streams are the node's durable captures. A stream that is not there is
// fault.NotFound, one that users do not read fault.Forbidden, a position that it has not
// come to fault.Invalid.
type Streams interface {
	// Describe lists those that users see, in the order in which they take messages.
	Describe() []StreamStatus
	// Page is what lies behind a position; it waits while there is nothing.
	Page(ctx context.Context, stream string, after msg.Position, filter string, limit int, wait time.Duration) (StreamPage, error)
	// Find is the position directly before the first message from t on.
	Find(ctx context.Context, stream string, t time.Time) (msg.Position, error)
	// Readable refuses what Page would refuse.
	Readable(ctx context.Context, stream string, after msg.Position) error
	// Read calls f for all behind after as it comes, until ctx ends or f returns an
	// error. ms is borrowed until f returns.
	Read(ctx context.Context, stream string, after msg.Position, f func(at msg.Position, ms []msg.Message) error) error
}

// StreamPage is some messages of a stream. It is an alias of a plain struct, so that the
// room of streams may answer it without importing this package.
type StreamPage = struct {
	Messages []msg.Placed
	// Next is the position to go on behind, More that there may be more already,
	// Removed that something before was removed unread.
	Next          msg.Position
	More, Removed bool
}

// StreamReader is somebody who follows a stream.
type StreamReader struct {
	Name     string  `json:"name"`
	Kind     string  `json:"kind" enum:"historian,consumers" doc:"consumers: a consumer group"`
	Position string  `json:"position" doc:"Up to here everything is done"`
	Behind   uint64  `json:"behind" doc:"Entries of the log that are not done; one holds the messages of a moment"`
	Lag      float64 `json:"lag" doc:"Seconds: how far back the newest message lies that is done; 0 for a reader that has all"`
}

// StreamMessage is one message of a stream.
type StreamMessage struct {
	Position   string             `json:"position" doc:"Where it stands: entry:index"`
	Topic      string             `json:"topic"`
	Time       time.Time          `json:"time" doc:"When it arrived at the node"`
	Publisher  string             `json:"publisher,omitempty"`
	QoS        int                `json:"qos"`
	Retain     bool               `json:"retain"`
	Expiry     *uint32            `json:"expiry,omitempty" doc:"Message expiry interval, seconds from time"`
	Encoding   string             `json:"encoding" enum:"text,base64"`
	Payload    string             `json:"payload" doc:"The whole payload"`
	Properties *MessageProperties `json:"properties,omitempty"`
}

// MessageProperties are the MQTT 5 properties that travel with a message.
type MessageProperties struct {
	UTF8            bool           `json:"utf8,omitempty" doc:"The publisher says that the payload is UTF-8 text"`
	ContentType     string         `json:"contentType,omitempty"`
	ResponseTopic   string         `json:"responseTopic,omitempty"`
	CorrelationData string         `json:"correlationData,omitempty" doc:"Base64"`
	User            []UserProperty `json:"user,omitempty" nullable:"false"`
}

// UserProperty is a name and a value; names may repeat.
type UserProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// StreamMessages is one page of a stream.
type StreamMessages struct {
	Messages []StreamMessage `json:"messages" nullable:"false"`
	Next     string          `json:"next" doc:"Ask with after=next to go on; everything up to there was looked at"`
	More     bool            `json:"more" doc:"There may be more that is stored already"`
	Removed  bool            `json:"removed" doc:"Messages behind the position asked for were removed before they were read, by retention or a purge"`
}

// StreamPath names a stream.
type StreamPath struct {
	Name string `path:"name" maxLength:"64"`
}

// StreamFrom says where reading begins.
type StreamFrom struct {
	After  string `query:"after" maxLength:"40" doc:"Behind this position, as next and position say"`
	From   string `query:"from" maxLength:"64" doc:"From the first message of this time on: RFC 3339, milliseconds since 1970, now, or relative such as -1h"`
	Filter string `query:"filter" maxLength:"65535" doc:"Only topics that this topic filter matches"`
}

type streamMessagesInput struct {
	StreamPath
	StreamFrom
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Messages at most; about 4 MiB of them in any case"`
	Wait  int `query:"wait" minimum:"0" maximum:"20" default:"0" doc:"Seconds to wait while there is nothing"`
}

func (a *API) streamOperations() {
	register(a, huma.Operation{OperationID: "list-streams", Method: http.MethodGet, Path: "/streams", Tags: []string{"Streams"},
		Summary: "The durable streams, in the order they take messages"}, a.listStreams)
	register(a, huma.Operation{OperationID: "get-stream", Method: http.MethodGet, Path: "/streams/{name}", Tags: []string{"Streams"},
		Summary: "One stream, and who reads it"}, a.getStream)
	register(a, huma.Operation{OperationID: "read-stream", Method: http.MethodGet, Path: "/streams/{name}/messages", Tags: []string{"Streams"},
		Summary: "Messages of a stream behind a position or from a time on",
		Description: "Without after and from it begins with the oldest message. Reading removes nothing. " +
			"A page that looked for five seconds comes with what was found, which may be nothing, and more."}, a.readStream)
	a.streamEventOperation()
	a.streamChangeOperations()
	a.groupOperations()
	a.replayOperations()
}

func (a *API) streams() (Streams, error) {
	if a.Streams == nil {
		return nil, unavailable("list of streams")
	}
	return a.Streams, nil
}

func (a *API) describeStreams() ([]StreamStatus, error) {
	s, err := a.streams()
	if err != nil {
		return nil, err
	}
	all := s.Describe()
	finite(reflect.ValueOf(&all))
	return all, nil
}

func (a *API) listStreams(context.Context, *none) (*answer[Page[StreamStatus]], error) {
	all, err := a.describeStreams()
	return reply(whole(all), err)
}

func (a *API) getStream(_ context.Context, in *StreamPath) (*answer[StreamStatus], error) {
	all, err := a.describeStreams()
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.Name == in.Name {
			return reply(s, nil)
		}
	}
	return nil, fault.New(fault.NotFound, "There is no stream %s.", in.Name)
}

// begin is the position to read behind. none stands for neither after nor from.
func (a *API) begin(ctx context.Context, s Streams, name string, in StreamFrom, none string) (msg.Position, error) {
	if in.Filter != "" {
		if err := topic.ValidFilter([]byte(in.Filter)); err != nil {
			return msg.Position{}, err
		}
	}
	if in.After == "" && in.From == "" {
		in.From = none
	}
	switch {
	case in.After != "" && in.From != "":
		return msg.Position{}, fault.New(fault.Invalid, "Ask with after or with from, not with both.")
	case in.From != "":
		t, err := parseTime(in.From, a.Now())
		if err != nil {
			return msg.Position{}, err
		}
		return s.Find(ctx, name, t)
	case in.After != "":
		p, ok := msg.ParsePosition(in.After)
		if !ok {
			return p, fault.New(fault.Invalid, "%q is no position such as 17:3.", in.After)
		}
		return p, nil
	}
	return msg.Position{}, nil
}

func (a *API) readStream(ctx context.Context, in *streamMessagesInput) (*answer[StreamMessages], error) {
	s, err := a.streams()
	if err != nil {
		return nil, err
	}
	after, err := a.begin(ctx, s, in.Name, in.StreamFrom, "")
	if err != nil {
		return nil, err
	}
	leave, err := a.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := a.untilClosed(ctx)
	defer cancel()
	p, err := s.Page(ctx, in.Name, after, in.Filter, in.Limit, time.Duration(in.Wait)*time.Second)
	if err != nil {
		return nil, err
	}
	return reply(StreamMessages{Messages: convert(p.Messages, streamMessage), Next: p.Next.String(), More: p.More, Removed: p.Removed}, nil)
}

// enter counts a reader; leave is to be called when it goes.
func (a *API) enter() (leave func(), err error) {
	leave = func() { a.readers.Add(-1) }
	if a.readers.Add(1) > int64(a.MaxLive) {
		leave()
		return nil, fault.New(fault.TooMany, "%d readers follow messages already, which is the limit. Close some and try again.", a.MaxLive)
	}
	return leave, nil
}

// untilClosed is ctx until the node stops.
func (a *API) untilClosed(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-a.closing:
			cancel(fault.New(fault.ServerShutdown, "The node is shutting down."))
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

func streamMessage(m msg.Placed) StreamMessage {
	out := StreamMessage{Position: m.At.String(), Topic: string(m.Topic), Time: at(m.Time), Publisher: string(m.Publisher),
		QoS: int(m.QoS), Retain: m.Retain, Properties: messageProperties(m.Properties)}
	if m.Expires() {
		out.Expiry = &m.Expiry
	}
	out.Encoding, out.Payload = encode(m.Payload, false)
	return out
}

// messageProperties is nil for a message without any.
func messageProperties(b []byte) *MessageProperties {
	if len(b) == 0 {
		return nil
	}
	out := new(MessageProperties)
	for len(b) > 0 {
		p, rest, err := packet.NextProperty(b)
		if err != nil {
			break // what came before is true all the same
		}
		b = rest
		switch p.ID {
		case packet.PayloadFormat:
			out.UTF8 = p.Num == 1
		case packet.ContentType:
			out.ContentType = string(p.Value)
		case packet.ResponseTopic:
			out.ResponseTopic = string(p.Value)
		case packet.CorrelationData:
			out.CorrelationData = base64.StdEncoding.EncodeToString(p.Value)
		case packet.UserProperty:
			out.User = append(out.User, UserProperty{Name: string(p.Key), Value: string(p.Value)})
		}
	}
	return out
}
