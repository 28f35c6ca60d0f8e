package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
)

// Problem is an error answer, after RFC 9457.
type Problem struct {
	Type      string          `json:"type" doc:"Where the code is explained" example:"/api/docs#MR-4040"`
	Title     string          `json:"title" doc:"What kind of problem, the same for every case of the code"`
	Status    int             `json:"status" doc:"HTTP status"`
	Detail    string          `json:"detail,omitempty" doc:"What happened here, and what to do"`
	Instance  string          `json:"instance,omitempty" doc:"The path that was asked"`
	Code      string          `json:"code" doc:"What to quote to support" example:"MR-4040"`
	Reason    string          `json:"reason" doc:"The word that metrics and logs use" example:"not_found"`
	RequestID string          `json:"requestId,omitempty" doc:"Finds this request in the node's log"`
	TraceID   string          `json:"traceId,omitempty" doc:"W3C trace id: the one of the request's traceparent header, else a new one"`
	Errors    []ProblemDetail `json:"errors,omitempty" doc:"Each part of the request that is not valid"`
}

// ProblemDetail names one part of a request that is not valid.
type ProblemDetail struct {
	Location string `json:"location" doc:"Where it stands, such as query.limit or body.topic"`
	Message  string `json:"message"`
}

var _ huma.StatusError = (*Problem)(nil)

// Error is the operator's text.
func (p *Problem) Error() string { return p.Code + " " + p.Title + ": " + p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of problem documents.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// The router has one hook per process for its own refusals (a parameter out of
// range, a body that is no JSON) and one switch for how slices are described:
// ours are never null.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return refusal(status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := refusal(status, message, errs)
		p.place(ctx.Context())
		return p
	}
}

// refusal turns the router's own refusal into a problem.
func refusal(status int, message string, errs []error) *Problem {
	p := problemOf(fault.New(codeOf(status), "The request is not valid: %s.", message))
	p.Status = status
	for _, err := range errs {
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			p.Errors = append(p.Errors, ProblemDetail{Location: d.ErrorDetail().Location, Message: d.ErrorDetail().Message})
		}
	}
	if len(p.Errors) > 0 {
		p.Detail = "The request is not valid: " + p.Errors[0].Location + ": " + p.Errors[0].Message + "."
	}
	return p
}

func codeOf(status int) fault.Code {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return fault.TooLarge
	case http.StatusRequestTimeout:
		return fault.Timeout
	case http.StatusNotFound:
		return fault.NotFound
	case http.StatusMethodNotAllowed:
		return fault.MethodNotAllowed
	case http.StatusUnsupportedMediaType:
		return fault.UnsupportedMedia
	}
	if status >= 500 {
		return fault.Internal
	}
	return fault.Invalid
}

func problemOf(err error) *Problem {
	c := fault.CodeOf(err)
	if errors.Is(err, context.DeadlineExceeded) && c == fault.Internal {
		c, err = fault.Timeout, fault.New(fault.Timeout, "The node did not answer in time. Try again, or ask for less.")
	}
	return &Problem{Type: "/api/docs#" + c.Quote(), Title: c.Title(), Status: c.HTTPStatus(),
		Detail: fault.UserMessage(err), Code: c.Quote(), Reason: c.String()}
}

// place says which request the problem answers.
func (p *Problem) place(ctx context.Context) {
	if r := requestOf(ctx); r != nil {
		p.Instance, p.RequestID, p.TraceID = r.path, r.id, r.trace
	}
}

// problem makes the answer for err and logs once what failed inside.
func (a *API) problem(ctx context.Context, err error) *Problem {
	var done *Problem
	if errors.As(err, &done) {
		return done
	}
	p := problemOf(err)
	p.place(ctx)
	if p.Status >= 500 && p.Status != http.StatusServiceUnavailable && ctx.Err() == nil {
		a.logOf(ctx).Error("api: request failed", "path", p.Instance, "code", p.Code, "error", err)
	}
	return p
}

// refuse writes err as a problem document.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	writeProblem(w, a.problem(r.Context(), err))
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p)
}
