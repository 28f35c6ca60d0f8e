package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
)

// Bans are those who are kept out. Errors are fault.Invalid, fault.NotFound and
// fault.TooMany.
type Bans interface {
	// Bans are those in force, newest first.
	Bans() []Ban
	// Ban keeps clients out, and disconnects those that are in.
	Ban(ctx context.Context, b NewBan, by string) (Ban, error)
	Unban(ctx context.Context, kind, value string) error
}

// NewBan says who is to be kept out.
type NewBan struct {
	Kind   string    `json:"kind" enum:"client_id,client_prefix,user,address,network,login" doc:"What the ban goes by; a login is a user name from one address"`
	Value  string    `json:"value" minLength:"1" maxLength:"400" doc:"A login is written USER@ADDRESS, a network as 192.0.2.0/24"`
	Reason string    `json:"reason,omitempty" maxLength:"400" doc:"For people"`
	All    bool      `json:"all,omitempty" doc:"True where a network of every address (/0) is meant: nobody gets in until the ban is deleted"`
	Until  time.Time `json:"until,omitzero" doc:"When it ends; without it, it does not"`
}

// Ban keeps clients out.
type Ban struct {
	NewBan
	By    string    `json:"by,omitempty" doc:"Who banned; empty is the node itself"`
	Since time.Time `json:"since"`
}

type bansInput struct {
	Paging
	Kind   string `query:"kind" enum:"client_id,client_prefix,user,address,network,login" doc:"Bans of this kind alone"`
	Search string `query:"search" maxLength:"400" doc:"Part of the value"`
}

type newBanInput struct{ Body NewBan }

type banPath struct {
	Kind  string `path:"kind" maxLength:"20" doc:"As in the list"`
	Value string `query:"value" maxLength:"400" doc:"The ban's value"`
}

func (a *API) banOperations() {
	register(a, huma.Operation{OperationID: "list-bans", Method: http.MethodGet, Path: "/bans", Tags: []string{"Clients"},
		Summary: "Who is kept out", Description: "Newest first."}, a.listBans)
	register(a, huma.Operation{OperationID: "ban", Method: http.MethodPost, Path: "/bans", DefaultStatus: http.StatusCreated, Tags: []string{"Clients"},
		Summary: "Keep clients out", Description: "Connected clients that match are disconnected. A ban of the same kind and value is replaced."}, a.ban)
	register(a, huma.Operation{OperationID: "unban", Method: http.MethodDelete, Path: "/bans/{kind}", Tags: []string{"Clients"},
		Summary: "End a ban"}, a.unban)
}

func (a *API) banList() (Bans, error) {
	if a.Bans == nil {
		return nil, unavailable("list of bans")
	}
	return a.Bans, nil
}

func (a *API) listBans(_ context.Context, in *bansInput) (*answer[Page[Ban]], error) {
	bans, err := a.banList()
	if err != nil {
		return nil, err
	}
	var found []Ban
	for _, b := range bans.Bans() {
		if (in.Kind == "" || b.Kind == in.Kind) && strings.Contains(b.Value, in.Search) {
			found = append(found, b)
		}
	}
	return reply(cut(found, in.Paging), nil)
}

func (a *API) ban(ctx context.Context, in *newBanInput) (*answer[Ban], error) {
	bans, err := a.banList()
	if err != nil {
		return nil, err
	}
	if !in.Body.Until.IsZero() && !in.Body.Until.After(a.Now()) {
		return nil, fault.New(fault.Invalid, "until has passed already.")
	}
	return reply(bans.Ban(ctx, in.Body, callerOf(ctx).User))
}

func (a *API) unban(ctx context.Context, in *banPath) (*none, error) {
	bans, err := a.banList()
	if err != nil {
		return nil, err
	}
	return nil, bans.Unban(ctx, in.Kind, in.Value)
}
