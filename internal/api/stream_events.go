package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

type streamEventsInput struct {
	StreamPath
	StreamFrom
	Last string `header:"Last-Event-ID" maxLength:"40" doc:"The position of the last event that was got; it goes before after and from"`
}

// StreamPlace says how far a stream was read.
type StreamPlace struct {
	Position string `json:"position" doc:"Everything up to here was looked at"`
}

func (a *API) streamEventOperation() {
	schemas := a.huma.OpenAPI().Components.Schemas
	schema := &huma.Schema{OneOf: []*huma.Schema{
		schemas.Schema(typeOf[StreamMessage](), true, ""), schemas.Schema(typeOf[StreamPlace](), true, "")}}
	op := huma.Operation{OperationID: "follow-stream", Method: http.MethodGet, Path: "/streams/{name}/events", Tags: []string{"Streams"},
		Summary: "Messages of a stream as they are kept (server-sent events)",
		Description: "Events: message, with a StreamMessage as data; position, with a StreamPlace, every 15 seconds. Each has its position as id, " +
			"so that a browser's EventSource goes on where it was cut off. Nothing is left out: a slow reader reads later. Without after and from it begins with what comes next."}
	op.Responses = map[string]*huma.Response{"200": {Description: "The events", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: schema}}}}
	register(a, op, a.followStream)
}

// followStream checks everything that can be refused, then leaves the answer to a pump.
func (a *API) followStream(ctx context.Context, in *streamEventsInput) (*huma.StreamResponse, error) {
	s, err := a.streams()
	if err != nil {
		return nil, err
	}
	if in.Last != "" {
		in.After, in.From = in.Last, ""
	}
	after, err := a.begin(ctx, s, in.Name, in.StreamFrom, "now")
	if err == nil {
		err = s.Readable(ctx, in.Name, after)
	}
	if err != nil {
		return nil, err
	}
	leave, err := a.enter()
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer leave()
		r, w := humago.Unwrap(ctx)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Accel-Buffering", "no")
		a.pumpStream(r.Context(), s, in, after, newEventWriter(w), callerOf(ctx.Context()))
	}}, nil
}

// chunk is what a reader of a stream found in one entry.
type chunk struct {
	messages []StreamMessage
	place    msg.Position
}

// pumpStream writes events until the reader, its session or the node goes. A goroutine
// reads the log ahead by one chunk and ends with this function.
func (a *API) pumpStream(ctx context.Context, s Streams, in *streamEventsInput, after msg.Position, out *eventWriter, c caller) {
	ctx, cancel := context.WithCancel(ctx)
	chunks, over := make(chan chunk), make(chan error, 1)
	go func() { over <- s.Read(ctx, in.Name, after, chunksTo(ctx, in.Filter, chunks)) }()
	err := a.writeStream(ctx, after, out, c, chunks, over)
	cancel()
	if !errors.Is(err, errReadEnded) {
		<-over
	}
}

var errReadEnded = errors.New("api: reading the stream has ended")

func (a *API) writeStream(ctx context.Context, after msg.Position, out *eventWriter, c caller, chunks <-chan chunk, over <-chan error) error {
	beat, stop := a.heartbeat()
	defer stop()
	ended := a.ended()
	err := c.alive(ctx)
	for place, first := after, true; err == nil; first = false {
		if first { // the answer's head is sent before there is anything to tell
			err = out.placed(place)
			continue
		}
		select {
		case ch := <-chunks:
			place, err = ch.place, out.chunk(ch)
		case <-ended:
			ended = a.ended()
			err = c.alive(ctx)
		case <-beat:
			if err = c.alive(ctx); err == nil {
				err = out.placed(place)
			}
		case err = <-over:
			if ctx.Err() == nil {
				a.logOf(ctx).Error("api: reading a stream has ended", "error", err)
			}
			return errReadEnded
		case <-a.closing:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
	return err
}

// chunksTo hands on what the filter matches, a few messages at a time.
func chunksTo(ctx context.Context, filter string, to chan<- chunk) func(msg.Position, []msg.Message) error {
	return func(at msg.Position, ms []msg.Message) error {
		for len(ms) > 0 {
			n, bytes, ch := 0, 0, chunk{}
			for ; n < len(ms) && len(ch.messages) < turn && bytes < turnBytes; n++ {
				if filter == "" || topic.Match(filter, string(ms[n].Topic)) {
					ch.messages = append(ch.messages, streamMessage(msg.Placed{At: at, Message: ms[n]}))
					bytes += ms[n].Bytes()
				}
				ch.place = at
				at.Index++
			}
			ms = ms[n:]
			select {
			case to <- ch:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}
}

func (e *eventWriter) chunk(c chunk) error {
	for _, m := range c.messages {
		e.buf = fmt.Appendf(e.buf, "id: %s\n", m.Position)
		e.event("message", m)
	}
	return e.flush()
}

func (e *eventWriter) placed(p msg.Position) error {
	e.buf = fmt.Appendf(e.buf, "id: %v\n", p)
	e.event("position", StreamPlace{p.String()})
	return e.flush()
}
