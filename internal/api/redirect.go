package api

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
)

// Redirects send all clients to another server.
type Redirects interface {
	Redirect() Redirect
	// SetRedirect sends everybody away, and all who come from then on; without a
	// reference the configured one is told.
	SetRedirect(NewRedirect) Redirect
	EndRedirect()
}

// NewRedirect says where clients are to be sent.
type NewRedirect struct {
	Reference string `json:"reference,omitempty" maxLength:"1024" doc:"Name or address of the other server, such as plant-2:1883, or several with spaces between; without it the one of mqtt.redirect.reference"`
	Moved     bool   `json:"moved,omitempty" doc:"For good (server moved, 0x9D) instead of for now (use another server, 0x9C)"`
}

// Redirect is where clients are sent.
type Redirect struct {
	Active    bool      `json:"active" doc:"False while clients may come in"`
	Reference string    `json:"reference,omitempty" doc:"What MQTT 5 clients are told; empty is no name"`
	Moved     bool      `json:"moved"`
	Since     time.Time `json:"since,omitzero"`
}

type redirectInput struct{ Body NewRedirect }

func (a *API) redirectOperations() {
	register(a, huma.Operation{OperationID: "get-redirect", Method: http.MethodGet, Path: "/redirect", Tags: []string{"Clients"},
		Summary: "Whether clients are sent to another server"}, a.getRedirect)
	register(a, huma.Operation{OperationID: "set-redirect", Method: http.MethodPost, Path: "/redirect", Tags: []string{"Clients"}, DefaultStatus: http.StatusOK,
		Summary: "Send all clients to another server", Description: "Those that are connected, and those that come from now on. MQTT 5 clients are told where to; before MQTT 5, a client is told that the server is not available, or just closed. Sessions that outlive their connections stay. It ends with DELETE, or when the node is started anew."}, a.setRedirect)
	register(a, huma.Operation{OperationID: "end-redirect", Method: http.MethodDelete, Path: "/redirect", Tags: []string{"Clients"},
		Summary: "Let clients in again"}, a.endRedirect)
}

func (a *API) redirects() (Redirects, error) {
	if a.Redirects == nil {
		return nil, unavailable("broker")
	}
	return a.Redirects, nil
}

func (a *API) getRedirect(context.Context, *none) (*answer[Redirect], error) {
	r, err := a.redirects()
	if err != nil {
		return nil, err
	}
	return reply(r.Redirect(), nil)
}

func (a *API) setRedirect(_ context.Context, in *redirectInput) (*answer[Redirect], error) {
	r, err := a.redirects()
	if err != nil {
		return nil, err
	}
	if strings.ContainsFunc(in.Body.Reference, unicode.IsControl) {
		return nil, fault.New(fault.Invalid, "The reference holds a control character.")
	}
	return reply(r.SetRedirect(in.Body), nil)
}

func (a *API) endRedirect(context.Context, *none) (*none, error) {
	r, err := a.redirects()
	if err != nil {
		return nil, err
	}
	r.EndRedirect()
	return nil, nil
}
