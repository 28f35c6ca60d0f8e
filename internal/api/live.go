package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

type liveInput struct {
	Filter []string `query:"filter,explode" required:"true" minItems:"1" maxItems:"20" doc:"MQTT topic filter; repeat for more. A message that several match comes once"`
	Every  string   `query:"every" doc:"100ms to 60s: at most one event for each topic and interval, with the count of its messages. Without it every message is an event"`
}

func (a *API) liveOperations() {
	op := huma.Operation{OperationID: "live", Method: http.MethodGet, Path: "/live", Tags: []string{"Topics"},
		Summary: "Messages as they arrive (server-sent events)",
		Description: "Events: message, with a LiveMessage as data; dropped, with a LiveDropped, when this reader was too slow. " +
			"A comment every 15 seconds shows that the stream lives. It ends at once with the session or key, and when the node stops."}
	op.Responses = map[string]*huma.Response{"200": {Description: "The events", Content: map[string]*huma.MediaType{
		"text/event-stream": {Schema: a.eventSchema()}}}}
	register(a, op, a.live)
}

func (a *API) eventSchema() *huma.Schema {
	schemas := a.huma.OpenAPI().Components.Schemas
	return &huma.Schema{OneOf: []*huma.Schema{
		schemas.Schema(typeOf[LiveMessage](), true, ""), schemas.Schema(typeOf[LiveDropped](), true, "")}}
}

// live checks everything that can be refused, then leaves the answer to a stream.
func (a *API) live(_ context.Context, in *liveInput) (*huma.StreamResponse, error) {
	every, err := in.interval()
	if err != nil {
		return nil, err
	}
	for _, f := range in.Filter {
		if err := topic.ValidFilter([]byte(f)); err != nil {
			return nil, err
		}
	}
	if a.Live == nil {
		return nil, unavailable("live stream")
	}
	leave, err := a.enter()
	if err != nil {
		return nil, err
	}
	f, err := follow(a.Options.Live, in.Filter, a.LiveBuffer, a.LiveBytes)
	if err != nil {
		leave()
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer leave()
		defer f.close()
		a.stream(ctx, f, every)
	}}, nil
}

func (in *liveInput) interval() (time.Duration, error) {
	if in.Every == "" {
		return 0, nil
	}
	every, err := parseSpan(in.Every)
	if err != nil || every < 100*time.Millisecond || every > time.Minute {
		return 0, fault.New(fault.Invalid, "every=%q is no span between 100ms and 60s such as 500ms.", in.Every)
	}
	return every, nil
}

// stream writes events until the reader, its session or the node goes.
func (a *API) stream(ctx huma.Context, f *feed, every time.Duration) {
	r, w := humago.Unwrap(ctx)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	s := &events{out: newEventWriter(w), feed: f, pending: newPending(), missed: &a.missed}
	defer s.account()
	if every > 0 {
		tick := time.NewTicker(every)
		defer tick.Stop()
		s.tick = tick.C
	}
	beat, stop := a.heartbeat()
	defer stop()
	if s.out.comment("live") != nil {
		return
	}
	a.pump(r.Context(), s, beat, callerOf(ctx.Context()))
}

func (a *API) pump(ctx context.Context, s *events, beat <-chan time.Time, c caller) {
	ended := a.ended() // taken before asking, so that no end goes by between
	err := c.alive(ctx)
	for err == nil {
		select {
		case <-s.feed.ready:
			err = s.take()
		case <-ended:
			ended = a.ended()
			err = c.alive(ctx)
		case <-s.tick:
			err = s.flush()
		case <-beat:
			if err = c.alive(ctx); err == nil {
				err = s.beat()
			}
		case <-s.feed.over:
			return
		case <-a.closing:
			return
		case <-ctx.Done():
			return
		}
	}
}

// heartbeat ticks for one reader until stop.
func (a *API) heartbeat() (beat <-chan time.Time, stop func()) {
	t := time.NewTicker(a.Heartbeat)
	return t.C, t.Stop
}

// ended is nil, which never is ready, for a node without people.
func (a *API) ended() <-chan struct{} {
	if a.People == nil {
		return nil
	}
	return a.People.Ended()
}
