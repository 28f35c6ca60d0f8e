package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/millrace/millrace/internal/fault"
)

// root is where the operations' paths begin.
const root = "/api/v1"

// API is the product's REST API.
type API struct {
	Options
	log     *slog.Logger
	mux     *http.ServeMux
	huma    huma.API
	origins *http.CrossOriginProtection

	readers   atomic.Int64  // of GET /live, now
	missed    atomic.Uint64 // messages that readers of GET /live were too slow for
	closing   chan struct{}
	closeOnce sync.Once
}

// New returns the API. It serves nothing until its Handler is.
func New(o Options) (*API, error) {
	o.defaults()
	if o.MaxPayload < 0 || o.MaxLive < 0 || o.LiveBuffer < 0 || o.LiveBytes < 0 || o.Heartbeat < 0 {
		return nil, fault.New(fault.Invalid, "The API's limits cannot be negative.")
	}
	a := &API{Options: o, log: o.Log, mux: http.NewServeMux(), closing: make(chan struct{}),
		origins: http.NewCrossOriginProtection()}
	a.huma = humago.New(a.mux, config(o.Version))
	a.operations()
	a.pages()
	return a, nil
}

// Close ends the endless answers (GET /live), so that a server can shut down in
// order. It may be called more than once.
func (a *API) Close() error {
	a.closeOnce.Do(func() { close(a.closing) })
	return nil
}

// Missed is how many messages readers of GET /live were too slow for since the
// start, all readers taken together.
func (a *API) Missed() uint64 { return a.missed.Load() }

// NewServer returns an http.Server for the handler with limits that suit it: slow
// headers and bodies are cut, answers have the time that they set themselves.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	if log != nil {
		s.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	}
	return s
}

func config(version string) huma.Config {
	c := huma.DefaultConfig("Millrace", version)
	c.Info.Description = "What a Millrace node answers. Sign in for a session cookie, or send an API key by HTTP Basic as key:secret."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = root+"/openapi", "", ""
	c.CreateHooks = nil
	c.RejectUnknownQueryParameters = true
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "Set by POST " + root + "/session. What changes something also needs the header " + csrfHeader + "."},
		"key":     {Type: "http", Scheme: "basic", Description: "An API key as key:secret."},
	}
	c.Tags = []*huma.Tag{{Name: "Signing in"}, {Name: "Node"}, {Name: "Clients"}, {Name: "Topics"}, {Name: "Streams"}, {Name: "Historian"}, {Name: "People"}, {Name: "Configuration"}}
	return c
}

// operations registers every operation, in the order the documents list them.
func (a *API) operations() {
	a.sessionOperations()
	a.statusOperations()
	a.topicOperations()
	a.liveOperations()
	a.streamOperations()
	a.seriesOperations()
	a.clientOperations()
	a.subscriptionOperations()
	a.retainedOperations()
	a.delayedOperations()
	a.listenerOperations()
	a.refusedOperations()
	a.banOperations()
	a.redirectOperations()
	a.slowOperations()
	a.whyOperations()
	a.topicMetricOperations()
	a.traceOperations()
	a.accessOperations()
	a.userOperations()
	a.keyOperations()
	a.settingOperations()
	a.backupOperations()
}

// answer is an operation's output: a JSON body and nothing else.
type answer[T any] struct{ Body T }

func reply[T any](v T, err error) (*answer[T], error) {
	if err != nil {
		return nil, err
	}
	return &answer[T]{Body: v}, nil
}

// none is an input or output without anything.
type none struct{}

// register adds an operation with the role that the table gives it. f's errors
// become problem documents.
func register[I, O any](a *API, op huma.Operation, f func(context.Context, *I) (*O, error)) {
	least, ok := access[op.OperationID]
	if !ok {
		panic("api: operation " + op.OperationID + " has no row in the access table")
	}
	op.Path = root + op.Path
	op.Middlewares = huma.Middlewares{a.gate(least)}
	describeAccess(&op, least)
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		ctx, cancel := context.WithTimeout(ctx, a.RequestTimeout)
		defer cancel()
		out, err := f(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
}

func describeAccess(op *huma.Operation, least string) {
	if least == Anyone {
		op.Extensions = map[string]any{"x-least-role": "none"}
		return
	}
	op.Extensions = map[string]any{"x-least-role": least}
	op.Security = []map[string][]string{{"session": {}}, {"key": {}}}
}

// Paging is how lists are asked for.
type Paging struct {
	Page  int `query:"page" minimum:"1" maximum:"10000000" default:"1" doc:"Page, from 1"`
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Items a page at most"`
}

func (p Paging) offset() int { return (p.Page - 1) * p.Limit }

func pageOf[T any](items []T, p Paging, count int) Page[T] {
	if items == nil {
		items = []T{}
	}
	return Page[T]{Items: items, Meta: Meta{Page: p.Page, Limit: p.Limit, Count: count}}
}

// cut is the page that is asked for of a whole list.
func cut[T any](all []T, p Paging) Page[T] {
	from := min(p.offset(), len(all))
	return pageOf(all[from:min(from+p.Limit, len(all))], p, len(all))
}

// whole is a list that always comes on one page.
func whole[T any](items []T) Page[T] {
	return pageOf(items, Paging{Page: 1, Limit: max(len(items), 1)}, len(items))
}

// convert maps a list.
func convert[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i := range in {
		out[i] = f(in[i])
	}
	return out
}
