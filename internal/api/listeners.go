package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Listeners are where MQTT clients come in.
type Listeners interface {
	Listeners() []Listener
	// Reload reads the listeners' certificates again and returns the names of those
	// that have some.
	Reload(context.Context) ([]string, error)
}

// Listener is one of them.
type Listener struct {
	Name           string            `json:"name"`
	Kind           string            `json:"kind" enum:"tcp,tls,ws,wss,unix"`
	Address        string            `json:"address"`
	Zone           string            `json:"zone,omitempty" doc:"The zone whose settings its clients live under"`
	Listening      bool              `json:"listening" doc:"False while it is stopped"`
	Anonymous      bool              `json:"anonymous" doc:"True when clients need not say who they are, wherever they are"`
	AnonymousLocal bool              `json:"anonymousLocal" doc:"True when clients of this machine need not; behind a proxy nobody counts as one"`
	Open           int64             `json:"open" doc:"Connections at this moment"`
	Accepted       uint64            `json:"accepted" doc:"Connections since the start"`
	Refused        map[string]uint64 `json:"refused" doc:"Connections turned away before their client was let in, since the start, by reason"`
	Certificate    *Certificate      `json:"certificate,omitempty" doc:"What it shows its clients"`
}

// Certificate is a listener's.
type Certificate struct {
	Subject  string    `json:"subject" doc:"Who the first certificate is of" example:"CN=broker,O=Plant"`
	NotAfter time.Time `json:"notAfter" doc:"When the first of the listener's certificates ends"`
	Names    []string  `json:"names" nullable:"false" doc:"Host names and addresses it stands for"`
	Read     time.Time `json:"read" doc:"When the files in force were read"`
	Failed   string    `json:"failed,omitempty" doc:"Why the last change of the files is not in force"`
}

// Reloaded says which listeners have read their certificates again.
type Reloaded struct {
	Listeners []string `json:"listeners" nullable:"false"`
}

func (a *API) listenerOperations() {
	register(a, huma.Operation{OperationID: "list-listeners", Method: http.MethodGet, Path: "/listeners", Tags: []string{"Clients"},
		Summary: "The listeners for MQTT clients"}, a.listListeners)
	register(a, huma.Operation{OperationID: "reload-listeners", Method: http.MethodPost, Path: "/listeners/reload", Tags: []string{"Clients"}, DefaultStatus: http.StatusOK,
		Summary: "Read certificates, CAs and revocation lists again", Description: "Connected clients stay. A listener whose files cannot be used goes on with what it had, and the answer says why."}, a.reloadListeners)
}

func (a *API) listListeners(context.Context, *none) (*answer[Page[Listener]], error) {
	if a.Listeners == nil {
		return nil, unavailable("list of listeners")
	}
	list := a.Listeners.Listeners()
	for i := range list {
		if list[i].Refused == nil {
			list[i].Refused = map[string]uint64{}
		}
	}
	return reply(whole(list), nil)
}

func (a *API) reloadListeners(ctx context.Context, _ *none) (*answer[Reloaded], error) {
	if a.Listeners == nil {
		return nil, unavailable("list of listeners")
	}
	names, err := a.Listeners.Reload(ctx)
	return reply(Reloaded{Listeners: filled(names)}, err)
}
