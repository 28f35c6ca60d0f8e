package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Traces write the packets of a client, topic or address to files. Errors are
// fault.NotFound for an unknown name, fault.Conflict for one that exists.
type Traces interface {
	Traces() []Trace
	StartTrace(NewTrace) (Trace, error)
	// StopTrace ends writing; the file stays.
	StopTrace(name string) (Trace, error)
	// DeleteTrace ends it and removes its file.
	DeleteTrace(name string) error
	// TraceFile opens what is written so far.
	TraceFile(name string) (content io.ReadCloser, size int64, err error)
}

// Trace is one of them.
type Trace struct {
	Name     string    `json:"name"`
	Kind     string    `json:"kind" enum:"client,topic,address" doc:"What it follows"`
	Value    string    `json:"value" doc:"The client identifier, topic filter or address"`
	Format   string    `json:"format" enum:"text,pcapng"`
	Payload  bool      `json:"payload" doc:"True when payloads are written"`
	MaxBytes int64     `json:"maxBytes" doc:"Size at which it ends"`
	Until    time.Time `json:"until" doc:"Time at which it ends"`
	Started  time.Time `json:"started"`
	Stopped  time.Time `json:"stopped,omitzero"`
	State    string    `json:"state" enum:"running,stopped" `
	Ended    string    `json:"ended,omitempty" doc:"Why it ended: asked, size, time, disk or shutdown"`
	Packets  uint64    `json:"packets" doc:"Packets written"`
	Missed   uint64    `json:"missed" doc:"Packets that came faster than they could be written"`
	Bytes    int64     `json:"bytes" doc:"Size of the file"`
	File     string    `json:"file" doc:"What a download is called"`
}

// NewTrace asks for a trace.
type NewTrace struct {
	Name     string    `json:"name" pattern:"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$" patternDescription:"1 to 64 letters, digits or . _ -, not beginning with a dot"`
	Kind     string    `json:"kind" enum:"client,topic,address"`
	Value    string    `json:"value" minLength:"1" maxLength:"65535" doc:"A client identifier, a topic filter, or an IP address or network such as 10.1.0.0/16"`
	Format   string    `json:"format,omitempty" enum:"text,pcapng" default:"text"`
	Payload  bool      `json:"payload,omitempty" doc:"Write payloads to the text, too; pcapng has them always. Passwords are never written"`
	MaxBytes int64     `json:"maxBytes,omitempty" minimum:"4096" maximum:"1073741824" doc:"Size at which it ends; 16 MiB when it is left out"`
	Until    time.Time `json:"until,omitzero" doc:"Time at which it ends; in 10 minutes when it is left out, a day at most"`
}

type newTraceInput struct{ Body NewTrace }

type tracePath struct {
	Name string `path:"name" maxLength:"64"`
}

func (a *API) traceOperations() {
	register(a, huma.Operation{OperationID: "list-traces", Method: http.MethodGet, Path: "/traces", Tags: []string{"Clients"},
		Summary: "The traces of clients, topics and addresses"}, a.listTraces)
	register(a, huma.Operation{OperationID: "start-trace", Method: http.MethodPost, Path: "/traces", DefaultStatus: http.StatusCreated, Tags: []string{"Clients"},
		Summary: "Write the packets of a client, topic or address to a file", Description: "It ends by itself, at a size or a time. Passwords are never written."}, a.startTrace)
	register(a, huma.Operation{OperationID: "stop-trace", Method: http.MethodPost, Path: "/traces/{name}/stop", Tags: []string{"Clients"}, DefaultStatus: http.StatusOK,
		Summary: "End a trace and keep its file"}, a.stopTrace)
	register(a, huma.Operation{OperationID: "delete-trace", Method: http.MethodDelete, Path: "/traces/{name}", Tags: []string{"Clients"},
		Summary: "End a trace and remove its file"}, a.deleteTrace)
	file := huma.Operation{OperationID: "get-trace-file", Method: http.MethodGet, Path: "/traces/{name}/file", Tags: []string{"Clients"},
		Summary: "What a trace has written so far", Description: "Text, or pcapng for Wireshark."}
	file.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{
		"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	register(a, file, a.traceFile)
}

func (a *API) traces() (Traces, error) {
	if a.Traces == nil {
		return nil, unavailable("tracing of clients")
	}
	return a.Traces, nil
}

func (a *API) listTraces(context.Context, *none) (*answer[Page[Trace]], error) {
	t, err := a.traces()
	if err != nil {
		return nil, err
	}
	return reply(whole(t.Traces()), nil)
}

func (a *API) startTrace(_ context.Context, in *newTraceInput) (*answer[Trace], error) {
	t, err := a.traces()
	if err != nil {
		return nil, err
	}
	return reply(t.StartTrace(in.Body))
}

func (a *API) stopTrace(_ context.Context, in *tracePath) (*answer[Trace], error) {
	t, err := a.traces()
	if err != nil {
		return nil, err
	}
	return reply(t.StopTrace(in.Name))
}

func (a *API) deleteTrace(_ context.Context, in *tracePath) (*none, error) {
	t, err := a.traces()
	if err != nil {
		return nil, err
	}
	return nil, t.DeleteTrace(in.Name)
}

func (a *API) traceFile(_ context.Context, in *tracePath) (*huma.StreamResponse, error) {
	t, err := a.traces()
	if err != nil {
		return nil, err
	}
	content, size, err := t.TraceFile(in.Name)
	if err != nil {
		return nil, err
	}
	name := in.Name
	for _, known := range t.Traces() {
		if known.Name == in.Name {
			name = known.File
		}
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) { a.download(ctx, name, content, size) }}, nil
}

// downloadTime is how long a reader may take for one file.
const downloadTime = 15 * time.Minute

func (a *API) download(ctx huma.Context, name string, content io.ReadCloser, size int64) {
	defer func() { _ = content.Close() }()
	_, w := humago.Unwrap(ctx)
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", "attachment; filename="+strconv.Quote(name))
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(downloadTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return
	}
	_, _ = io.CopyN(w, content, size) // a reader that has gone needs no answer
}
